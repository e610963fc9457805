"""What of questions and answers goes when its time is over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, delete, exists, func, select, update

from copilot.record_tables import (
    CLOSED_STATES,
    escalations,
    feedback,
    outcome_citations,
    outcomes,
)
from governance.record_policy import RecordKind
from governance.retention import Aged, PurgeOrder
from governance.rows import aware

_AT_ONCE = 500
_OPEN = exists().where(
    escalations.c.outcome_id == outcomes.c.id, escalations.c.state.not_in(CLOSED_STATES)
)


@dataclass(frozen=True, slots=True)
class OldOutcomes:
    """Outcomes with their citations, opinions and closed escalations.

    One that a person still works on stays until that is done.
    """

    kind: RecordKind = RecordKind.OUTCOMES

    def count_before(self, connection: Connection, before: datetime) -> Mapping[str, Aged]:
        """By tenant, what is older."""
        return _aged(
            connection,
            select(outcomes.c.tenant, func.count(), func.min(outcomes.c.created_at))
            .where(outcomes.c.created_at < before, ~_OPEN)
            .group_by(outcomes.c.tenant),
        )

    def purge_before(self, connection: Connection, order: PurgeOrder) -> int:
        """Take them out for good; returns how many."""
        ids = _ids(
            connection,
            select(outcomes.c.id)
            .where(outcomes.c.tenant == order.tenant, outcomes.c.created_at < order.before, ~_OPEN)
            .order_by(outcomes.c.created_at)
            .limit(order.most)
            .with_for_update(),
        )
        for some in _batches(ids):
            for column in (
                outcome_citations.c.outcome_id,
                feedback.c.outcome_id,
                escalations.c.outcome_id,
                outcomes.c.id,
            ):
                connection.execute(delete(column.table).where(column.in_(some)))
        return len(ids)


@dataclass(frozen=True, slots=True)
class OldEscalations:
    """Closed escalations; the outcomes that led to them stay as long as outcomes do."""

    kind: RecordKind = RecordKind.ESCALATIONS

    def count_before(self, connection: Connection, before: datetime) -> Mapping[str, Aged]:
        """By tenant, what is older."""
        return _aged(
            connection,
            select(escalations.c.tenant, func.count(), func.min(escalations.c.created_at))
            .where(*_closed(before))
            .group_by(escalations.c.tenant),
        )

    def purge_before(self, connection: Connection, order: PurgeOrder) -> int:
        """Take them out for good; returns how many."""
        ids = _ids(
            connection,
            select(escalations.c.id)
            .where(escalations.c.tenant == order.tenant, *_closed(order.before))
            .order_by(escalations.c.created_at)
            .limit(order.most)
            .with_for_update(),
        )
        for some in _batches(ids):
            # Its asker may want a person again.
            connection.execute(
                update(outcomes)
                .where(outcomes.c.escalation_id.in_(some))
                .values(escalation_id=None)
            )
            connection.execute(delete(escalations).where(escalations.c.id.in_(some)))
        return len(ids)


@dataclass(frozen=True, slots=True)
class OldFeedback:
    """What askers thought of outcomes."""

    kind: RecordKind = RecordKind.FEEDBACK

    def count_before(self, connection: Connection, before: datetime) -> Mapping[str, Aged]:
        """By tenant, what is older."""
        return _aged(
            connection,
            select(outcomes.c.tenant, func.count(), func.min(feedback.c.created_at))
            .join_from(feedback, outcomes, feedback.c.outcome_id == outcomes.c.id)
            .where(feedback.c.created_at < before)
            .group_by(outcomes.c.tenant),
        )

    def purge_before(self, connection: Connection, order: PurgeOrder) -> int:
        """Take them out for good; returns how many."""
        ids = _ids(
            connection,
            select(feedback.c.outcome_id)
            .join_from(feedback, outcomes, feedback.c.outcome_id == outcomes.c.id)
            .where(outcomes.c.tenant == order.tenant, feedback.c.created_at < order.before)
            .order_by(feedback.c.created_at)
            .limit(order.most),
        )
        for some in _batches(ids):
            connection.execute(delete(feedback).where(feedback.c.outcome_id.in_(some)))
        return len(ids)


def _closed(before: datetime) -> tuple[ColumnElement[bool], ...]:
    return (escalations.c.created_at < before, escalations.c.state.in_(CLOSED_STATES))


def _aged(connection: Connection, query: Select[Any]) -> Mapping[str, Aged]:
    return {
        tenant: Aged(count=count, oldest=aware(oldest))
        for tenant, count, oldest in connection.execute(query)
    }


def _ids(connection: Connection, query: Select[Any]) -> Sequence[str]:
    return connection.execute(query).scalars().all()


def _batches(ids: Sequence[str]) -> Sequence[Sequence[str]]:
    return [ids[at : at + _AT_ONCE] for at in range(0, len(ids), _AT_ONCE)]
