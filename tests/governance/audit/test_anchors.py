import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from foundation.database import Database, open_database
from foundation.errors import InvalidRequestError
from governance.audit import HOUSE, Action, AuditEvent, record
from governance.audit.anchors import append_anchors, read_anchors
from governance.audit.findings import Wrong
from governance.audit.verification import verify
from tests.fakes.tampering import BEGAN, contents, put_back

KEY = "a key that is not in the database, 32 or more"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'audit.db'}", outside_key=KEY)
    yield opened
    opened.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "elsewhere.jsonl"


def tell(database: Database, tenant: str = "acme", times: int = 1) -> None:
    for _ in range(times):
        with database.write() as connection:
            record(
                connection,
                AuditEvent(tenant=tenant, at=BEGAN, action=Action.SEARCHED, actor="ada"),
            )


def found(database: Database, file: Path) -> list[tuple[str, int, Wrong]]:
    findings = verify(database, read_anchors(file)).findings
    return [(one.tenant, one.number, one.wrong) for one in findings]


def test_heads_are_appended_once(database: Database, file: Path):
    tell(database, times=2)
    assert append_anchors(database, file, BEGAN) == 2
    assert append_anchors(database, file, BEGAN) == 0
    tell(database)
    assert append_anchors(database, file, BEGAN) == 1
    anchors = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(one["tenant"], one["number"]) for one in anchors] == [
        (HOUSE, 1), ("acme", 2), ("acme", 3),
    ]  # fmt: skip
    assert found(database, file) == []


def test_a_database_put_back_as_it_was_earlier_is_found(database: Database, file: Path):
    """Key and marks are all right: only what lies elsewhere knows that there was more."""
    tell(database, times=2)
    with database.read() as connection:
        earlier = contents(connection)
    tell(database, times=3)
    append_anchors(database, file, BEGAN)
    put_back(database, earlier)
    assert verify(database).whole
    assert found(database, file) == [("acme", 5, Wrong.ANCHOR)]


def test_a_chain_written_anew_by_who_has_the_key_is_found(database: Database, file: Path):
    tell(database, times=4)
    append_anchors(database, file, BEGAN)
    put_back(database, ([], []))
    tell(database, times=6)
    assert verify(database).whole
    assert ("acme", 4, Wrong.ANCHOR) in found(database, file)


def test_a_chain_that_is_gone_altogether_is_found(database: Database, file: Path):
    tell(database)
    tell(database, "bolt")
    append_anchors(database, file, BEGAN)
    put_back(database, ([], []))
    assert {tenant for tenant, _, _ in found(database, file)} == {HOUSE, "acme", "bolt"}


@pytest.mark.parametrize("line", ["{", "[]", "{}", '{"tenant": 1, "number": 1, "hash": ""}'])
def test_a_line_that_is_no_anchor_is_named(file: Path, line: str):
    file.write_text(f'{{"tenant":"a","number":1,"hash":"x"}}\n{line}\n')
    with pytest.raises(InvalidRequestError, match="line 2"):
        read_anchors(file)


def test_two_anchors_that_cannot_both_be_true_are_told(file: Path):
    file.write_text(
        "".join(f'{{"tenant":"a","number":1,"hash":"{hash_}"}}\n' for hash_ in ("x", "y"))
    )
    with pytest.raises(InvalidRequestError, match="another hash"):
        read_anchors(file)
