"""When an approval has to be looked at again, and what a version's state is called on a day."""

from dataclasses import dataclass
from datetime import date, timedelta

from governance.approval_policy import ApprovalPolicy
from governance.document import ApprovalState, DocumentVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is said of a version on one day.

    An approved version whose last day is over is called expired, whether or not housekeeping has
    written that down by now. `review_by` is the day by which somebody has to look at it, None
    where nobody has to.
    """

    state: ApprovalState
    review_by: date | None
    review_due: bool


def standing_of(version: DocumentVersion, policy: ApprovalPolicy, today: date) -> Standing:
    """How a version stands today."""
    metadata = version.metadata
    state = metadata.approval
    if (
        state is ApprovalState.APPROVED
        and metadata.effective_to is not None
        and metadata.effective_to < today
    ):
        state = ApprovalState.EXPIRED
    review_by = review_date(version, policy)
    due = (
        state is ApprovalState.APPROVED
        # Nobody needs to look at what a newer version has replaced.
        and version.access.valid_to >= today.toordinal()
        and review_by is not None
        and review_by <= today
    )
    return Standing(state=state, review_by=review_by, review_due=due)


def review_date(version: DocumentVersion, policy: ApprovalPolicy) -> date | None:
    """The day by which somebody has to look at a version again: its own, or as policy has it."""
    if version.metadata.review_by is not None:
        return version.metadata.review_by
    looked_at = version.verified_at or version.approved_at
    days = policy.review_after_days.get(version.metadata.doc_type)
    if days is None or looked_at is None or version.metadata.approval is not ApprovalState.APPROVED:
        return None
    return looked_at.date() + timedelta(days=days)
