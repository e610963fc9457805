from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import select

from foundation.database import Database, open_database
from governance.audit import HOUSE, Action, AuditEvent, event_of, record
from governance.audit.chain import BEGINNING, audit_lines, line_hash
from governance.principal import Principal, Role

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path):
    opened = open_database(f"sqlite:///{tmp_path / 'c.db'}")
    yield opened
    opened.close()


def told(tenant: str = "acme", **details: object) -> AuditEvent:
    return AuditEvent(
        tenant=tenant, at=NOW, action=Action.DOCUMENT_APPROVED, actor="ada", details=details
    )


def lines(database: Database, tenant: str):
    with database.read() as connection:
        return connection.execute(
            select(audit_lines).where(audit_lines.c.tenant == tenant).order_by(audit_lines.c.number)
        ).all()


def test_each_line_names_the_hash_of_the_one_before(database: Database):
    with database.write() as connection:
        for number in range(3):
            record(connection, told(number=number))
    found = lines(database, "acme")
    assert [one.number for one in found] == [1, 2, 3]
    assert [one.previous for one in found] == [BEGINNING, found[0].hash, found[1].hash]
    for one in found:
        assert one.hash == line_hash(
            tenant=one.tenant,
            number=one.number,
            at=one.at,
            action=one.action,
            seal=one.seal,
            previous=one.previous,
        )


def test_a_deed_that_fails_leaves_no_line(database: Database):
    def deed() -> None:
        with database.write() as connection:
            record(connection, told())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        deed()
    assert not lines(database, "acme")


def test_the_house_notes_where_a_tenants_chain_begins_and_only_once(database: Database):
    with database.write() as connection:
        record(connection, told())
        record(connection, told())
        record(connection, told("birchwood"))
    started = [one for one in lines(database, HOUSE) if one.action == Action.CHAIN_STARTED]
    assert len(started) == 2


def test_lines_written_at_once_have_no_gaps_and_one_order(database: Database):
    def write(number: int) -> None:
        with database.write() as connection:
            record(connection, told(number=number))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(40)))
    found = lines(database, "acme")
    assert [one.number for one in found] == list(range(1, 41))
    assert all(after.previous == one.hash for one, after in pairwise(found))


def test_equal_deeds_have_different_seals_so_that_a_cleared_text_cannot_be_guessed(
    database: Database,
):
    with database.write() as connection:
        record(connection, told())
        record(connection, told())
    first, second = lines(database, "acme")
    assert first.seal != second.seal


def test_who_acts_in_another_tenants_chain_is_named_with_their_own_tenant():
    who = Principal(subject="ada", tenant="northstar", roles=frozenset({Role.ADMIN}))
    assert event_of(who, at=NOW, action=Action.AUDIT_READ).actor == "ada"
    elsewhere = event_of(who, at=NOW, action=Action.AUDIT_READ, tenant="acme")
    assert (elsewhere.tenant, elsewhere.actor) == ("acme", "northstar/ada")
