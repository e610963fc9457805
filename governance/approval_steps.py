"""Every step of a version on its way to readers: from where, to where, who, when and why.

The version itself keeps where it stands now; the steps are how it came there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, insert, select

from governance.document import ApprovalState
from governance.rows import aware
from governance.tables import approval_steps


class FourEyes(StrEnum):
    """What became of the rule that nobody approves what they submitted."""

    HELD = "held"
    RELAXED = "relaxed"
    """Policy lets this kind of document be approved by who submitted it, and so it was."""
    CONSOLE = "console"
    """It was done at the console, which the rule does not bind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalStep:
    """One step of one version. `from_state` is None where it came in this state.

    `by_tenant` is empty where `by` is the console, a file or the house. `four_eyes` is None
    where the step was no approval.
    """

    document_id: str
    version: int
    from_state: ApprovalState | None
    to_state: ApprovalState
    by: str
    by_tenant: str
    note: str
    at: datetime
    four_eyes: FourEyes | None = None


def write_steps(connection: Connection, steps: Sequence[ApprovalStep]) -> None:
    """Keep steps, inside the transaction of the change that they are."""
    if steps:
        connection.execute(insert(approval_steps), [_values(one) for one in steps])


def steps_of(connection: Connection, document: str) -> tuple[ApprovalStep, ...]:
    """All steps of a document's versions, in the order in which they were taken."""
    rows = connection.execute(
        select(approval_steps)
        .where(approval_steps.c.document_id == document)
        .order_by(approval_steps.c.id)
    )
    return tuple(
        ApprovalStep(
            document_id=row.document_id,
            version=row.version,
            from_state=ApprovalState(row.from_state) if row.from_state else None,
            to_state=ApprovalState(row.to_state),
            by=row.by,
            by_tenant=row.by_tenant,
            note=row.note,
            at=aware(row.at),
            four_eyes=FourEyes(row.four_eyes) if row.four_eyes else None,
        )
        for row in rows
    )


def submitter_of(connection: Connection, document: str, number: int) -> tuple[str, str] | None:
    """Tenant and subject of who put a version up for review last; None where no person did."""
    row = connection.execute(
        select(approval_steps.c.by_tenant, approval_steps.c.by)
        .where(
            approval_steps.c.document_id == document,
            approval_steps.c.version == number,
            approval_steps.c.to_state == ApprovalState.IN_REVIEW.value,
        )
        .order_by(approval_steps.c.id.desc())
        .limit(1)
    ).first()
    return (row.by_tenant, row.by) if row and row.by_tenant else None


def _values(step: ApprovalStep) -> dict[str, object]:
    return {
        "document_id": step.document_id,
        "version": step.version,
        "from_state": step.from_state.value if step.from_state else "",
        "to_state": step.to_state.value,
        "by": step.by,
        "by_tenant": step.by_tenant,
        "note": step.note,
        "at": step.at,
        "four_eyes": step.four_eyes.value if step.four_eyes else "",
    }
