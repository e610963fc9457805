"""Every denial is on the record, within bounds, and none of it can harm an answer."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from foundation.afterwards import Afterwards
from foundation.database import Database, open_database
from foundation.errors import StorageError
from governance import denials as module
from governance.audit import HOUSE
from governance.audit.chain import audit_lines
from governance.denials import LINES_A_CHAIN, LINES_A_SOURCE, Denial, Denials
from governance.principal import Principal, Role

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ADA = Principal(subject="ada", tenant="acme", roles=frozenset({Role.AUDITOR}))
KEY = b"k" * 32


class Seconds:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'c.db'}")
    yield opened
    opened.close()


class Noting:
    """Denials, and what is on the record once they have been closed."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.seconds = Seconds()
        self.afterwards = Afterwards()
        self.denials = Denials(
            database=database, clock=lambda: NOW, key=KEY, afterwards=self.afterwards,
            seconds=self.seconds,
        )  # fmt: skip

    def lines(self, tenant: str = HOUSE) -> list[tuple[str, dict]]:
        self.afterwards.close()
        query = select(audit_lines).where(audit_lines.c.tenant == tenant)
        with self.database.read() as connection:
            rows = connection.execute(query.order_by(audit_lines.c.number)).all()
        return [
            (row.action, json.loads(row.sealed)) for row in rows if row.action != "chain.started"
        ]


@pytest.fixture
def noting(database: Database) -> Iterator[Noting]:
    one = Noting(database)
    yield one
    one.afterwards.close()


def denial(**changes: object) -> Denial:
    values: dict[str, object] = {
        "reason": "bad_signature", "source": "s1", "method": "GET", "route": "/v1/documents",
        "request_id": "req_1",
    }  # fmt: skip
    return Denial(**(values | changes))  # type: ignore[arg-type]


def test_a_denial_of_nobody_known_is_in_the_houses_chain(noting: Noting):
    noting.denials.note(denial())
    [(action, line)] = noting.lines()
    assert action == "request.denied"
    assert line["actor"] == ""
    assert line["details"] == {
        "reason": "bad_signature", "method": "GET", "route": "/v1/documents",
        "request_id": "req_1", "client": "s1",
    }  # fmt: skip


def test_a_denial_of_somebody_proven_is_in_their_tenants_chain(noting: Noting):
    noting.denials.note(denial(proven=ADA, reason="forbidden", permission="ask", token_id="tok_1"))
    [(_, line)] = noting.lines("acme")
    assert (line["actor"], line["roles"], line["target"]) == ("ada", ["auditor"], "tok_1")
    assert line["details"]["permission"] == "ask"
    assert noting.lines() == []


def test_after_so_many_lines_a_source_is_counted_until_its_minute_is_over(noting: Noting):
    for _ in range(LINES_A_SOURCE + 25):
        noting.denials.note(denial())
    for _ in range(3):
        noting.denials.note(denial(reason="missing"))
    noting.denials.note(denial(source="s2"))
    noting.seconds.now += 60
    noting.denials.note(denial())
    lines = noting.lines()
    assert [action for action, _ in lines].count("request.denied") == LINES_A_SOURCE + 2
    [counted] = [line for action, line in lines if action == "request.denials_counted"]
    assert counted["details"] == {
        "count": 28, "reasons": {"bad_signature": 25, "missing": 3}, "source": "s1",
    }  # fmt: skip


def test_a_person_is_counted_wherever_they_are(noting: Noting):
    for number in range(LINES_A_SOURCE + 5):
        noting.denials.note(denial(proven=ADA, source=f"s{number}"))
    actions = [action for action, _ in noting.lines("acme")]
    assert actions.count("request.denied") == LINES_A_SOURCE
    assert actions.count("request.denials_counted") == 1


def test_many_sources_together_are_bounded_too(noting: Noting):
    for number in range(LINES_A_CHAIN + 300):
        noting.denials.note(denial(source=f"s{number}"))
    lines = noting.lines()
    assert [action for action, _ in lines].count("request.denied") == LINES_A_CHAIN
    [counted] = [line for action, line in lines if action == "request.denials_counted"]
    assert counted["details"]["count"] == 300
    assert counted["details"]["source"] == "everybody else"


def test_a_flood_at_the_house_hides_nothing_of_a_tenant(noting: Noting):
    for number in range(LINES_A_CHAIN + 1):
        noting.denials.note(denial(source=f"s{number}"))
    noting.denials.note(denial(proven=ADA))
    assert len(noting.lines("acme")) == 1


def test_no_more_sources_are_kept_than_there_is_room_for(
    noting: Noting, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "MOST_SOURCES", 10)
    for number in range(50):
        noting.denials.note(denial(source=f"s{number}"))
    told = noting.lines()
    counted = sum(
        line["details"]["count"] for action, line in told if action == "request.denials_counted"
    )
    assert len(told) - 1 + counted == 50


class Broken:
    """A database that is down."""

    @contextmanager
    def write(self) -> Iterator[None]:
        raise StorageError("down")
        yield


def test_a_database_that_is_down_harms_nobody(caplog: pytest.LogCaptureFixture):
    noting = Noting(Broken())  # type: ignore[arg-type]
    written = noting.denials.note(denial())
    assert written
    assert written.wait(10)
    noting.afterwards.close()
    assert "down" in caplog.text


def test_others_are_told_of_each_one_and_cannot_harm_it(
    noting: Noting, caplog: pytest.LogCaptureFixture
):
    told: list[tuple[Principal | None, str, str]] = []

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    noting.denials.on_denial += [broken, lambda *given: told.append(given)]
    for _ in range(LINES_A_SOURCE + 5):
        noting.denials.note(denial())
    noting.denials.note(denial(proven=ADA, reason="forbidden"))
    assert len(told) == LINES_A_SOURCE + 6
    assert told[0] == (None, "s1", "bad_signature")
    assert told[-1] == (ADA, "s1", "forbidden")
    assert "ZeroDivisionError" in caplog.text


class TestTheNameOfASource:
    def test_does_not_give_the_address_away_and_is_the_same_each_time(self, noting: Noting):
        named = noting.denials.source_of("203.0.113.7")
        assert named == noting.denials.source_of("203.0.113.7")
        assert named != noting.denials.source_of("203.0.113.8")
        assert "203" not in named
        other = Denials(
            database=noting.database, clock=lambda: NOW, key=b"o" * 32, afterwards=Afterwards()
        )
        assert named != other.source_of("203.0.113.7")

    def test_is_one_for_a_network_of_ipv6(self, noting: Noting):
        source_of = noting.denials.source_of
        assert source_of("2001:db8::1") == source_of("2001:db8::ffff:1")
        assert source_of("2001:db8::1") != source_of("2001:db8:0:1::1")
        assert source_of("::ffff:203.0.113.7") == source_of("203.0.113.7")

    @pytest.mark.parametrize("address", ["", "testclient", "\ud800", "/run/socket"])
    def test_is_there_for_anything(self, noting: Noting, address: str):
        assert noting.denials.source_of(address)
