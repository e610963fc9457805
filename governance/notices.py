"""Notices to other systems, written with the deed they tell of and sent later.

    deed and notice ──one transaction──▶ outbox ──housekeeping──▶ webhook

So there is no notice of what did not happen, and none is lost because a receiver, or this
process, was down for a while. A notice may arrive twice; its id says that it is the same one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    DateTime,
    Index,
    Integer,
    String,
    Table,
    func,
    insert,
    select,
    update,
)

from foundation.database import Database, metadata
from foundation.ids import new_id

notices = Table(
    "notices",
    metadata,
    Column("id", String(48), primary_key=True),
    Column("kind", String(64), nullable=False),
    Column("tenant", String(128), nullable=False),
    # Emptied once it is delivered or given up: what is not needed any more is not kept.
    Column("body", JSON, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("attempts", Integer, nullable=False),
    # None: nothing more will be tried.
    Column("next_at", DateTime(timezone=True)),
    Column("delivered_at", DateTime(timezone=True)),
    Column("dead", Boolean, nullable=False),
    Index("notices_next_at", "next_at"),
)


class NoticeKind(StrEnum):
    """What a notice tells of; receivers see it as `type`."""

    REVIEW_DUE = "document.review_due"
    DOCUMENT_EXPIRED = "document.expired"
    SECURITY_EVENT = "security.event"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What is to be told. `tenant` is whom it concerns; "" the house itself.

    `body` holds plain JSON values. Its texts are redacted by policy before they leave; never put
    a token, a key or a document's text in it.
    """

    kind: NoticeKind
    tenant: str
    body: Mapping[str, object]
    at: datetime
    id: str = field(default_factory=lambda: new_id("ntc"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A notice that is to be sent, and how often that was tried in vain."""

    notice: Notice
    attempts: int


def put(connection: Connection, notice: Notice) -> str:
    """Put a notice in the outbox, inside the caller's transaction; returns its id."""
    connection.execute(
        insert(notices).values(
            id=notice.id,
            kind=notice.kind.value,
            tenant=notice.tenant,
            body=dict(notice.body),
            created_at=notice.at,
            attempts=0,
            next_at=notice.at,
            delivered_at=None,
            dead=False,
        )
    )
    return notice.id


class Outbox:
    """The notices that wait, as who sends them sees them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def due(self, now: datetime, most: int) -> Sequence[Waiting]:
        """What is to be sent now, the longest due first."""
        with self._database.read() as connection:
            rows = connection.execute(
                select(notices)
                .where(notices.c.next_at <= now)
                .order_by(notices.c.next_at, notices.c.id)
                .limit(most)
            ).all()
        return [
            Waiting(
                notice=Notice(
                    id=row.id,
                    kind=NoticeKind(row.kind),
                    tenant=row.tenant,
                    body=row.body,
                    at=_aware(row.created_at),
                ),
                attempts=row.attempts,
            )
            for row in rows
        ]

    def delivered(self, notice_id: str, at: datetime) -> None:
        """It has arrived; its body is not kept any longer."""
        self._settle(notice_id, delivered_at=at, next_at=None, body={})

    def failed(self, notice_id: str, next_at: datetime | None) -> None:
        """It did not arrive, and is tried again at `next_at`; None: given up."""
        if next_at is None:
            self._settle(notice_id, next_at=None, dead=True, body={})
        else:
            self._settle(notice_id, next_at=next_at)

    def _settle(self, notice_id: str, **values: object) -> None:
        with self._database.write() as connection:
            connection.execute(
                update(notices)
                .where(notices.c.id == notice_id)
                .values(attempts=notices.c.attempts + 1, **values)
            )

    def give_up(self, before: datetime) -> int:
        """End the waiting of what was put here before a moment; returns how much that was.

        So it goes where no receiver is set: who sets one later is not flooded with the past.
        """
        with self._database.write() as connection:
            return connection.execute(
                update(notices)
                .where(notices.c.next_at.is_not(None), notices.c.created_at < before)
                .values(next_at=None, dead=True, body={})
            ).rowcount

    def waiting(self) -> int:
        """How many are still to be sent."""
        with self._database.read() as connection:
            return int(
                connection.execute(
                    select(func.count()).where(notices.c.next_at.is_not(None))
                ).scalar_one()
            )


def _aware(moment: datetime) -> datetime:
    # SQLite keeps no zone; everything is written in UTC.
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
