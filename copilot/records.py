"""What was asked and what came of it: an outcome in the database and a line in the audit."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, case, func, insert, select, update

from copilot.citing import forget_deleted, lock_cited
from copilot.record import EscalationRecord, Feedback, KeptOutcome, OutcomeRecord
from copilot.record_tables import escalations, feedback, outcome_citations, outcomes
from foundation.database import Database, put
from foundation.errors import ConflictError, NotFoundError
from governance.audit import Action, AuditEvent, event_of
from governance.audit import record as put_on_record
from governance.principal import Principal

LONGEST_NOTES = 20_000
"""Characters of all notes on one escalation together; a person has to read them."""
_LONGEST_REASON = 255

Ledger = Callable[[Connection, AuditEvent], object]
"""Where events are put on record, in the transaction that is handed in."""


class Records:
    """Outcomes, escalations and feedback. Another person's do not exist.

    A conversation is its owner's outcomes under one id. The id counts for its owner only: two
    people may use the same one and never meet, and no refusal tells which ids others have.

    What people write goes through `redacted` before it is kept. Every deed is put on the ledger in
    its own transaction.
    """

    def __init__(
        self,
        database: Database,
        redacted: Callable[[str], str],
        ledger: Ledger = put_on_record,
    ) -> None:
        self._database = database
        self._redacted = redacted
        self._ledger = ledger

    def keep(self, principal: Principal, record: OutcomeRecord) -> None:
        """Write an outcome with its citations, its escalation and its audit line, all or nothing.

        The record's question and body are kept as they are: who asks redacts while it searches.
        """
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
                    prompt_version=record.prompt_version,
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
            forget_deleted(connection, record.id)
            self._ledger(connection, _asked(principal, record))

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
        turns = self.latest_turns(principal, conversation_id)
        if not turns:
            raise NotFoundError(f"no conversation {conversation_id}")
        return turns

    def latest_turns(
        self, principal: Principal, conversation_id: str, most: int | None = None
    ) -> tuple[KeptOutcome, ...]:
        """The last turns of a conversation of this very asker, oldest first; none are none."""
        query = (
            select(outcomes)
            .where(
                outcomes.c.conversation_id == conversation_id,
                outcomes.c.tenant == principal.tenant,
                outcomes.c.subject == principal.subject,
            )
            .order_by(outcomes.c.created_at.desc(), outcomes.c.id.desc())
            .limit(most)
        )
        with self._database.read() as connection:
            return tuple(_kept(row) for row in connection.execute(query))[::-1]

    def escalate(
        self, principal: Principal, escalation: EscalationRecord, body: Mapping[str, Any],
        now: datetime,
    ) -> None:  # fmt: skip
        """Hand an outcome over to a person. Raises `ConflictError` where one has it already."""
        escalation = replace(escalation, note=self._redacted(escalation.note))
        with self._database.write() as connection:
            lock_cited(connection, escalation.outcome_id)
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
            forget_deleted(connection, escalation.outcome_id)
            self._ledger(connection, _escalated(principal, escalation, now))

    def annotate(self, principal: Principal, escalation_id: str, note: str, now: datetime) -> None:
        """Add to the note of an escalation that this asker's question led to.

        Raises `ConflictError` where the notes would become longer than `LONGEST_NOTES`.
        """
        note = self._redacted(note)
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
                self._ledger(connection, _noted(principal, escalation_id, note, now))
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
        reason, comment = self._redacted(opinion.reason), self._redacted(opinion.comment)
        with self._database.write() as connection:
            put(
                connection,
                feedback,
                {
                    "outcome_id": opinion.outcome_id,
                    "rating": opinion.rating,
                    # A placeholder may be longer than what it stands for.
                    "reason": reason[:_LONGEST_REASON],
                    "comment": comment,
                    "created_at": opinion.created_at,
                },
                replace=True,
            )
            self._ledger(connection, _rated(principal, opinion))


def _asked(principal: Principal, record: OutcomeRecord) -> AuditEvent:
    escalation = record.escalation
    return event_of(
        principal,
        at=record.created_at,
        action=Action.QUESTION_ASKED,
        target=record.id,
        details={
            "conversation": record.conversation_id,
            "kind": record.kind,
            "confidence": record.confidence,
            "band": record.band,
            "cited": [[one.document_id, one.version] for one in record.citations],
            "escalation": escalation and {"id": escalation.id, "queue": escalation.queue},
            "writer": record.writer,
            **({"prompt": record.prompt_version} if record.prompt_version else {}),
            "elapsed_ms": record.elapsed_ms,
            **record.words,
        },
    )


def _escalated(principal: Principal, escalation: EscalationRecord, now: datetime) -> AuditEvent:
    return event_of(
        principal,
        at=now,
        action=Action.ESCALATED,
        target=escalation.id,
        details={
            "outcome": escalation.outcome_id,
            "reason": escalation.reason,
            "queue": escalation.queue,
            "priority": escalation.priority,
        },
    )


def _noted(principal: Principal, escalation_id: str, note: str, now: datetime) -> AuditEvent:
    return event_of(
        principal,
        at=now,
        action=Action.NOTE_ADDED,
        target=escalation_id,
        details={"characters": len(note)},
    )


def _rated(principal: Principal, opinion: Feedback) -> AuditEvent:
    return event_of(
        principal,
        at=opinion.created_at,
        action=Action.FEEDBACK_GIVEN,
        target=opinion.outcome_id,
        details={"rating": opinion.rating, "commented": bool(opinion.comment)},
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
