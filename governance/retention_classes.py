"""Classes of record that governance can purge: texts of the audit, and rows that know their age."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, delete, func, select, update

from governance.audit import Action, AuditEvent, record
from governance.audit.chain import audit_lines, told_time
from governance.audit.purges import NEVER_CLEARED, Purge
from governance.record_policy import RecordKind
from governance.retention import Aged, PurgeOrder
from governance.rows import aware


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedRows:
    """Rows of one table, each with its key, its tenant and its time; `only` says which may go."""

    kind: RecordKind
    key: Column[Any]
    tenant: Column[Any]
    at: Column[Any]
    only: ColumnElement[bool]

    def count_before(self, connection: Connection, before: datetime) -> Mapping[str, Aged]:
        """By tenant, what is older."""
        rows = connection.execute(
            select(self.tenant, func.count(), func.min(self.at))
            .where(self.only, self.at < before)
            .group_by(self.tenant)
        )
        return {tenant: Aged(count=count, oldest=aware(oldest)) for tenant, count, oldest in rows}

    def purge_before(self, connection: Connection, order: PurgeOrder) -> int:
        """Take them out for good; returns how many."""
        oldest = (
            select(self.key)
            .where(self.only, self.at < order.before, self.tenant == order.tenant)
            .order_by(self.at)
            .limit(order.most)
        )
        return connection.execute(
            delete(self.key.table).where(self.key.in_(oldest.scalar_subquery()))
        ).rowcount


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditTexts:
    """The sealed texts of audit lines, of one action or of any. Lines and chain stay.

    The line that names what was cleared is written with it; without that, verifying the chain
    would find texts missing.
    """

    kind: RecordKind
    action: Action | None = None

    def count_before(self, connection: Connection, before: datetime) -> Mapping[str, Aged]:
        """By tenant, what is older."""
        rows = connection.execute(
            select(audit_lines.c.tenant, func.count(), func.min(audit_lines.c.at))
            .where(*self._clearable(before))
            .group_by(audit_lines.c.tenant)
        )
        return {
            tenant: Aged(count=count, oldest=datetime.fromisoformat(oldest).astimezone(UTC))
            for tenant, count, oldest in rows
        }

    def purge_before(self, connection: Connection, order: PurgeOrder) -> int:
        """Clear the first ones; returns how many."""
        mine = (audit_lines.c.tenant == order.tenant, *self._clearable(order.before))
        numbers = (
            connection.execute(
                select(audit_lines.c.number)
                .where(*mine)
                .order_by(audit_lines.c.number)
                .limit(order.most)
            )
            .scalars()
            .all()
        )
        if not numbers:
            return 0
        first, last = numbers[0], numbers[-1]
        cleared = connection.execute(
            update(audit_lines)
            .where(*mine, audit_lines.c.number.between(first, last))
            .values(sealed=None, actor=None)
        ).rowcount
        purge = Purge(first=first, last=last, action=self.action.value if self.action else "")
        record(
            connection,
            AuditEvent(
                tenant=order.tenant,
                at=order.now,
                action=Action.AUDIT_PURGED,
                actor=order.actor,
                details={**purge.details(), "cleared": cleared},
            ),
        )
        return cleared

    def _clearable(self, before: datetime) -> tuple[ColumnElement[bool], ...]:
        one = (
            (audit_lines.c.action == self.action.value,)
            if self.action
            else (audit_lines.c.action.not_in([action.value for action in NEVER_CLEARED]),)
        )
        return (audit_lines.c.sealed.is_not(None), audit_lines.c.at < told_time(before), *one)
