from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from foundation.database import Database, open_database
from governance.notices import Notice, NoticeKind, Outbox, notices, put

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'c.db'}")
    yield opened
    opened.close()


def written(database: Database, at: datetime = NOW, **body: object) -> str:
    with database.write() as connection:
        notice = Notice(kind=NoticeKind.REVIEW_DUE, tenant="acme", body=body, at=at)
        return put(connection, notice)


def kept(database: Database, notice_id: str):
    with database.read() as connection:
        return connection.execute(select(notices).where(notices.c.id == notice_id)).one()


def test_what_was_put_is_due_at_once_as_it_was_put(database: Database) -> None:
    notice_id = written(database, title="Refund policy", days=3)
    [found] = Outbox(database).due(NOW, 10)
    assert found.notice == Notice(
        id=notice_id,
        kind=NoticeKind.REVIEW_DUE,
        tenant="acme",
        body={"title": "Refund policy", "days": 3},
        at=NOW,
    )
    assert found.attempts == 0


def test_no_notice_is_left_of_a_deed_that_failed(database: Database) -> None:
    def fails_half_way() -> None:
        with database.write() as connection:
            put(connection, Notice(kind=NoticeKind.SECURITY_EVENT, tenant="", body={}, at=NOW))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails_half_way()
    assert Outbox(database).waiting() == 0


def test_the_longest_due_comes_first_and_no_more_than_asked_for(database: Database) -> None:
    late = written(database, NOW)
    early = written(database, NOW - HOUR)
    written(database, NOW + HOUR)
    outbox = Outbox(database)
    assert [one.notice.id for one in outbox.due(NOW, 10)] == [early, late]
    assert [one.notice.id for one in outbox.due(NOW, 1)] == [early]


def test_what_was_delivered_is_not_sent_again_and_its_body_is_gone(database: Database) -> None:
    outbox = Outbox(database)
    notice_id = written(database, title="Refund policy")
    outbox.delivered(notice_id, NOW)
    assert outbox.due(NOW + HOUR, 10) == []
    assert kept(database, notice_id).body == {}
    assert kept(database, notice_id).attempts == 1


def test_what_failed_waits_until_its_next_time(database: Database) -> None:
    outbox = Outbox(database)
    notice_id = written(database)
    outbox.failed(notice_id, NOW + HOUR)
    assert outbox.due(NOW + HOUR / 2, 10) == []
    [again] = outbox.due(NOW + HOUR, 10)
    assert again.attempts == 1
    outbox.failed(notice_id, None)
    assert outbox.waiting() == 0
    assert kept(database, notice_id).dead


def test_without_a_receiver_the_past_does_not_pile_up(database: Database) -> None:
    outbox = Outbox(database)
    written(database, NOW - 3 * HOUR)
    recent = written(database, NOW)
    assert outbox.give_up(NOW - HOUR) == 1
    assert [one.notice.id for one in outbox.due(NOW, 10)] == [recent]
