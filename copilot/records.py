"""What was asked and what came of it, in the database: one row an outcome."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Float,
    Index,
    Integer,
    Row,
    String,
    Table,
    Text,
    case,
    func,
    insert,
    select,
    update,
)

from foundation.database import Database, metadata, put
from foundation.errors import ConflictError, NotFoundError
from governance.principal import Principal

LONGEST_NOTES = 20_000
"""Characters of all notes on one escalation together; a person has to read them."""

outcomes = Table(
    "outcomes",
    metadata,
    Column("id", String(48), primary_key=True),
    Column("conversation_id", String(64), nullable=False),
    Column("tenant", String(128), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("question", Text, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("band", String(8), nullable=False),
    Column("review_required", Boolean, nullable=False),
    Column("writer", String(64), nullable=False),
    Column("elapsed_ms", Integer, nullable=False),
    Column("escalation_id", String(48)),
    Column("body", JSON, nullable=False),
    Column("signals", JSON, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Index("outcomes_conversation", "conversation_id", "id"),
)

outcome_citations = Table(
    "outcome_citations",
    metadata,
    Column("outcome_id", String(48), primary_key=True),
    Column("key", Integer, primary_key=True),
    Column("document_id", String(40), nullable=False),
    Column("version", Integer, nullable=False),
    Column("passage_id", String(32), nullable=False),
    Index("outcome_citations_document", "document_id", "version"),
)

escalations = Table(
    "escalations",
    metadata,
    Column("id", String(48), primary_key=True),
    Column("outcome_id", String(48), nullable=False, unique=True),
    Column("tenant", String(128), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("missing", Text, nullable=False),
    Column("queue", String(64), nullable=False),
    Column("priority", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("note", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Index("escalations_state", "state", "queue", "due_at"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("outcome_id", String(48), primary_key=True),
    Column("rating", String(8), nullable=False),
    Column("reason", String(255), nullable=False),
    Column("comment", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedVersion:
    """Which version of which document an outcome rests on."""

    key: int
    document_id: str
    version: int
    passage_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationRecord:
    """A question that waits for a person."""

    id: str
    outcome_id: str
    reason: str
    missing: str
    queue: str
    priority: str
    due_at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeRecord:
    """One outcome as it is kept. `body` is the JSON the asker got."""

    id: str
    conversation_id: str
    kind: str
    question: str
    confidence: float
    band: str
    review_required: bool
    writer: str
    elapsed_ms: int
    body: Mapping[str, Any]
    signals: Mapping[str, float]
    citations: tuple[CitedVersion, ...]
    escalation: EscalationRecord | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptOutcome:
    """What is read back of an outcome: the JSON its asker got, and its escalation if any."""

    id: str
    escalation_id: str | None
    body: Mapping[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What an asker thought of an outcome; `rating` is `up` or `down`."""

    outcome_id: str
    rating: str
    reason: str
    comment: str
    created_at: datetime


class Records:
    """Outcomes, escalations and feedback. Another person's do not exist.

    A conversation is its owner's outcomes under one id. The id counts for its owner only: two
    people may use the same one and never meet, and no refusal tells which ids others have.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, principal: Principal, record: OutcomeRecord) -> None:
        """Write an outcome with its citations and its escalation, all or nothing."""
        with self._database.write() as connection:
            connection.execute(
                insert(outcomes).values(
                    id=record.id,
                    conversation_id=record.conversation_id,
                    tenant=principal.tenant,
                    subject=principal.subject,
                    kind=record.kind,
                    question=record.question,
                    confidence=record.confidence,
                    band=record.band,
                    review_required=record.review_required,
                    writer=record.writer,
                    elapsed_ms=record.elapsed_ms,
                    escalation_id=record.escalation.id if record.escalation else None,
                    body=dict(record.body),
                    signals=dict(record.signals),
                    created_at=record.created_at,
                )
            )
            if record.citations:
                connection.execute(
                    insert(outcome_citations),
                    [
                        {
                            "outcome_id": record.id,
                            "key": one.key,
                            "document_id": one.document_id,
                            "version": one.version,
                            "passage_id": one.passage_id,
                        }
                        for one in record.citations
                    ],
                )
            if record.escalation:
                connection.execute(
                    insert(escalations).values(
                        **_escalation_values(record.escalation, principal, record.created_at)
                    )
                )

    def outcome(self, principal: Principal, outcome_id: str) -> KeptOutcome:
        """An outcome of this very asker; anybody else's does not exist."""
        with self._database.read() as connection:
            row = connection.execute(
                select(outcomes).where(
                    outcomes.c.id == outcome_id,
                    outcomes.c.tenant == principal.tenant,
                    outcomes.c.subject == principal.subject,
                )
            ).first()
        if row is None:
            raise NotFoundError(f"no outcome {outcome_id}")
        return _kept(row)

    def conversation(self, principal: Principal, conversation_id: str) -> tuple[KeptOutcome, ...]:
        """The turns of a conversation of this very asker, oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(
                select(outcomes)
                .where(
                    outcomes.c.conversation_id == conversation_id,
                    outcomes.c.tenant == principal.tenant,
                    outcomes.c.subject == principal.subject,
                )
                .order_by(outcomes.c.created_at, outcomes.c.id)
            )
            turns = tuple(_kept(row) for row in rows)
        if not turns:
            raise NotFoundError(f"no conversation {conversation_id}")
        return turns

    def escalate(
        self, principal: Principal, escalation: EscalationRecord, body: Mapping[str, Any],
        now: datetime,
    ) -> None:  # fmt: skip
        """Hand an outcome over to a person. Raises `ConflictError` where one has it already."""
        with self._database.write() as connection:
            changed = connection.execute(
                update(outcomes)
                .where(
                    outcomes.c.id == escalation.outcome_id,
                    outcomes.c.tenant == principal.tenant,
                    outcomes.c.subject == principal.subject,
                    outcomes.c.escalation_id.is_(None),
                )
                .values(escalation_id=escalation.id, body=dict(body))
            )
            if not changed.rowcount:
                raise ConflictError("this question is with a person already")
            connection.execute(
                insert(escalations).values(**_escalation_values(escalation, principal, now))
            )

    def annotate(self, principal: Principal, escalation_id: str, note: str) -> None:
        """Add to the note of an escalation that this asker's question led to.

        Raises `ConflictError` where the notes would become longer than `LONGEST_NOTES`.
        """
        mine = (
            (escalations.c.id == escalation_id)
            & (escalations.c.tenant == principal.tenant)
            & (escalations.c.subject == principal.subject)
        )
        joined = case((escalations.c.note == "", note), else_=escalations.c.note + f"\n{note}")
        with self._database.write() as connection:
            # One statement, so that of two notes sent at once neither is lost.
            changed = connection.execute(
                update(escalations)
                .where(mine, func.length(escalations.c.note) + len(note) < LONGEST_NOTES)
                .values(note=joined)
            )
            if changed.rowcount:
                return
            if connection.execute(select(escalations.c.id).where(mine)).first() is None:
                raise NotFoundError(f"no escalation {escalation_id}")
        message = (
            f"the notes on this question have {LONGEST_NOTES:,} characters already, or would "
            "with this one; the person who has it will ask for what is missing"
        )
        raise ConflictError(message)

    def rate(self, principal: Principal, opinion: Feedback) -> None:
        """Keep what the asker thought of an outcome; a second opinion replaces the first."""
        self.outcome(principal, opinion.outcome_id)
        with self._database.write() as connection:
            put(
                connection,
                feedback,
                {
                    "outcome_id": opinion.outcome_id,
                    "rating": opinion.rating,
                    "reason": opinion.reason,
                    "comment": opinion.comment,
                    "created_at": opinion.created_at,
                },
                replace=True,
            )


def _escalation_values(
    record: EscalationRecord, principal: Principal, now: datetime
) -> dict[str, object]:
    return {
        "id": record.id,
        "outcome_id": record.outcome_id,
        "tenant": principal.tenant,
        "subject": principal.subject,
        "reason": record.reason,
        "missing": record.missing,
        "queue": record.queue,
        "priority": record.priority,
        "state": "open",
        "note": record.note,
        "created_at": now,
        "due_at": record.due_at,
    }


def _kept(row: Row[Any]) -> KeptOutcome:
    return KeptOutcome(
        id=row.id,
        escalation_id=row.escalation_id,
        body=row.body,
        created_at=row.created_at,
    )
