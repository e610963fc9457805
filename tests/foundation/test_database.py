from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from foundation.database import (
    MOST_CONNECTIONS,
    increment,
    open_database,
    read_number,
    read_text,
    write_text,
)
from foundation.errors import ConfigurationError, StorageError
from foundation.migrations import SCHEMA_VERSION


def url(folder: Path) -> str:
    return f"sqlite:///{folder / 'copilot.db'}"


def test_what_is_written_is_there_the_next_time(tmp_path: Path) -> None:
    database = open_database(url(tmp_path))
    with database.write() as connection:
        increment(connection, "generation")
        increment(connection, "generation")
        write_text(connection, "embedder", "first")
        write_text(connection, "embedder", "second")
    database.close()
    again = open_database(url(tmp_path))
    with again.read() as connection:
        assert read_number(connection, "generation") == 2
        assert read_number(connection, "never") == 0
        assert read_text(connection, "embedder") == "second"
    again.close()


def test_a_transaction_that_fails_leaves_no_trace(tmp_path: Path) -> None:
    database = open_database(url(tmp_path))

    def fail_half_way() -> None:
        with database.write() as connection:
            increment(connection, "generation")
            raise KeyError

    with pytest.raises(KeyError):
        fail_half_way()
    with database.read() as connection:
        assert read_number(connection, "generation") == 0
    database.close()


def test_a_file_that_is_no_database_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "copilot.db").write_bytes(b"this is not a database, whoever says so" * 200)
    with pytest.raises(StorageError, match="not a database") as caught:
        open_database(url(tmp_path))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_damaged_later_is_a_storage_error(tmp_path: Path) -> None:
    database = open_database(url(tmp_path))
    with database.write() as connection:
        for number in range(2_000):
            write_text(connection, f"key-{number}", "x" * 200)
    database.close()
    path = tmp_path / "copilot.db"
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with pytest.raises(StorageError, match="did not answer") as caught:
        open_database(url(tmp_path))
    assert "\n" not in str(caught.value)


def test_a_statement_that_the_database_refuses_is_a_storage_error(tmp_path: Path) -> None:
    database = open_database(url(tmp_path))
    with pytest.raises(StorageError, match="did not answer"), database.write() as connection:
        connection.execute(text("INSERT INTO meta (key) VALUES ('twice'), ('twice')"))
    with pytest.raises(StorageError), database.read() as connection:
        connection.execute(text("SELECT * FROM nowhere"))
    database.close()


def test_a_pool_that_ran_dry_is_a_storage_error(tmp_path: Path) -> None:
    database = open_database(url(tmp_path))
    with pytest.raises(StorageError, match="in use"), database.read():
        raise PoolTimeoutError
    database.close()


def test_as_many_transactions_as_promised_are_open_at_once(tmp_path: Path) -> None:
    from contextlib import ExitStack

    database = open_database(url(tmp_path))
    with ExitStack() as stack:
        for _ in range(MOST_CONNECTIONS):
            connection = stack.enter_context(database.read())
            assert read_number(connection, "schema") == SCHEMA_VERSION
    database.close()


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("mysql://somebody:hush@host/x", "use sqlite or postgresql"),
        ("hush", "is not a database URL"),
        ("", "is not a database URL"),
        ("postgresql://somebody:hush@host:hush/x", "is not a database URL"),
        ("sqlite:///hush.db?timeout=hush", "options that the driver does not take"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
    ],
)
def test_another_kind_of_database_is_refused(
    address: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match=says) as caught:
        open_database(address)
    assert "hush" not in str(caught.value)


def test_a_database_of_another_program_version_is_left_alone(tmp_path: Path) -> None:
    database = open_database(url(tmp_path))
    with database.write() as connection:
        connection.execute(text("UPDATE meta SET number = 99 WHERE key = 'schema'"))
    database.close()
    with pytest.raises(StorageError, match="schema 99"):
        open_database(url(tmp_path))
