"""Takes records out whose time is over, as policy says, and says that it did.

    classes of record ──what is due──▶ report (a dry run ends here) ──purge and audit line──▶ gone

Each batch goes in one transaction with the line that tells of it. What a tenant under legal hold
has stays whole, and the report says so.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import Connection

from foundation.database import Database
from governance.audit import HOUSE, Action, AuditEvent, record
from governance.policy import Policy
from governance.record_policy import RecordKind

_BATCH = 5_000
HOUSEKEEPING = "housekeeping"
"""The actor of what the house does by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aged:
    """What one tenant has of a class that is too old."""

    count: int
    oldest: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeOrder:
    """What is to go: a tenant's records older than `before`, the oldest first, at most so many."""

    tenant: str
    before: datetime
    most: int
    now: datetime
    actor: str


class RecordClass(Protocol):
    """A class of record that can be purged by age, inside the caller's transaction.

    Each floor knows its own.
    """

    @property
    def kind(self) -> RecordKind:
        """Which one it is in policy.yaml."""

    def count_before(self, connection: Connection, before: datetime) -> Mapping[str, Aged]:
        """By tenant, what is older; "" is the house's own."""

    def purge_before(self, connection: Connection, order: PurgeOrder) -> int:
        """Take them out for good; returns how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What retention would take, or took, of one class and tenant. `held`: legal hold."""

    kind: RecordKind
    tenant: str
    count: int
    oldest: datetime
    before: datetime
    held: bool


class Retention:
    """Applies the section `retention` of the policy in force."""

    def __init__(
        self,
        database: Database,
        policy: Callable[[], Policy],
        classes: Sequence[RecordClass],
    ) -> None:
        self._database = database
        self._policy = policy
        self._classes = classes

    def due(self, now: datetime) -> tuple[Due, ...]:
        """What is too old now, by class and tenant. Changes nothing."""
        policy = self._policy().retention
        found = []
        with self._database.read() as connection:
            for one in self._classes:
                before = now - timedelta(days=policy.days(one.kind))
                for tenant, aged in sorted(one.count_before(connection, before).items()):
                    found.append(
                        Due(
                            kind=one.kind,
                            tenant=tenant,
                            count=aged.count,
                            oldest=aged.oldest,
                            before=before,
                            held=tenant in policy.legal_hold,
                        )
                    )
        return tuple(found)

    def apply(self, now: datetime, actor: str = HOUSEKEEPING) -> tuple[Due, ...]:
        """Take out what is too old; returns what was, and what a legal hold kept.

        Stopped half-way, what is gone is on record and the rest goes the next time.
        """
        found = self.due(now)
        classes = {one.kind: one for one in self._classes}
        for due in found:
            if not due.held:
                self._purge(classes[due.kind], due, now, actor)
        if found:
            with self._database.write() as connection:
                record(connection, _summary(found, now, actor))
            # What was overwritten in the database still stands in its log.
            self._database.forget_deleted()
        return found

    def _purge(self, records: RecordClass, due: Due, now: datetime, actor: str) -> None:
        order = PurgeOrder(tenant=due.tenant, before=due.before, most=_BATCH, now=now, actor=actor)
        while True:
            with self._database.write() as connection:
                # The policy may have changed since; a hold must not come too late by a batch.
                if due.tenant in self._policy().retention.legal_hold:
                    return
                gone = records.purge_before(connection, order)
                if gone:
                    record(connection, _applied(due, gone, now, actor))
            if gone < _BATCH:
                return


def _applied(due: Due, gone: int, now: datetime, actor: str) -> AuditEvent:
    return AuditEvent(
        tenant=due.tenant,
        at=now,
        action=Action.RETENTION_APPLIED,
        actor=actor,
        target=due.kind.value,
        details={"removed": gone, "before": due.before.isoformat()},
    )


def _summary(found: Sequence[Due], now: datetime, actor: str) -> AuditEvent:
    removed = {
        kind.value: total
        for kind in RecordKind
        if (total := sum(one.count for one in found if one.kind is kind and not one.held))
    }
    return AuditEvent(
        tenant=HOUSE,
        at=now,
        action=Action.RETENTION_APPLIED,
        actor=actor,
        target="all",
        details={
            "due": removed,
            "held": sorted({one.tenant for one in found if one.held}),
        },
    )
