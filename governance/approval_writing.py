"""How a version's approval changes: one place, inside a transaction that its caller opens.

Whatever follows from a change is written beside it: the step, the line on the record, the windows
in which readers see the document's versions, and what the index has to catch up on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, select, update

from foundation.database import increment
from foundation.errors import ConflictError, NotFoundError
from governance.approval_steps import ApprovalStep, FourEyes, write_steps
from governance.audit import Action, record
from governance.author import Author, console
from governance.catalog_reading import GENERATION
from governance.document import ApprovalState, DocumentVersion
from governance.rows import history_of
from governance.settling import settle
from governance.tables import documents, versions

_ACTIONS = {
    ApprovalState.IN_REVIEW: Action.DOCUMENT_SUBMITTED,
    ApprovalState.APPROVED: Action.DOCUMENT_APPROVED,
    ApprovalState.DRAFT: Action.DOCUMENT_REJECTED,
    ApprovalState.WITHDRAWN: Action.DOCUMENT_WITHDRAWN,
    ApprovalState.EXPIRED: Action.DOCUMENT_EXPIRED,
}
_VANISHED = "its file has vanished"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalChange:
    """What was decided about a version, and in which states it may have been found.

    An approval of what is approved says that it was looked at again and still holds.
    `review_by` is the day by which an approved version is looked at the next time. `expired_at`
    is since when an expired one counts no more.
    """

    document_id: str
    version: int
    state: ApprovalState
    author: Author
    note: str = ""
    coming_from: frozenset[ApprovalState] = frozenset(ApprovalState)
    four_eyes: FourEyes | None = None
    review_by: date | None = None
    expired_at: datetime | None = None


def locked_history(connection: Connection, document: str) -> tuple[DocumentVersion, ...]:
    """All versions, oldest first, which nobody else changes before this transaction ends."""
    connection.execute(
        select(documents.c.id).where(documents.c.id == document).with_for_update()
    ).first()
    return history_of(connection, document)


def change_approval(
    connection: Connection, change: ApprovalChange, now: datetime
) -> DocumentVersion:
    """Move a version to another state; withdrawing takes every version with it.

    Raises `ConflictError` where the version is in none of the states `coming_from` any more.
    """
    history = locked_history(connection, change.document_id)
    if change.state is ApprovalState.WITHDRAWN:
        moved = tuple(
            one for one in history if one.metadata.approval is not ApprovalState.WITHDRAWN
        )
    else:
        moved = tuple(
            one
            for one in history
            if one.version == change.version and one.metadata.approval in change.coming_from
        )
    if not moved:
        raise ConflictError("somebody else changed its state meanwhile; look at it again")
    for version in moved:
        connection.execute(
            update(versions)
            .where(
                versions.c.document_id == version.document_id,
                versions.c.version == version.version,
            )
            .values(approval=change.state.value, note=change.note, **_facts(change, version, now))
        )
    if change.state in (ApprovalState.APPROVED, ApprovalState.WITHDRAWN):
        connection.execute(
            update(documents)
            .where(documents.c.id == change.document_id)
            .values(withdrawn_by_person=change.state is ApprovalState.WITHDRAWN, vanished=False)
        )
    _put_on_record(connection, change, moved, now)
    settle(connection, change.document_id)
    increment(connection, GENERATION)
    return version_in(history_of(connection, change.document_id), change.version)


def withdraw_vanished(connection: Connection, document: str, now: datetime) -> None:
    """Withdraw a document whose file is gone, so that it comes back when the file does."""
    history = locked_history(connection, document)
    moved = tuple(one for one in history if one.metadata.approval is not ApprovalState.WITHDRAWN)
    connection.execute(
        update(versions)
        .where(versions.c.document_id == document)
        .values(
            approval=ApprovalState.WITHDRAWN.value,
            note=_VANISHED,
            counts_from=None,
            expired_at=None,
        )
    )
    connection.execute(update(documents).where(documents.c.id == document).values(vanished=True))
    if moved:
        change = ApprovalChange(
            document_id=document,
            version=moved[-1].version,
            state=ApprovalState.WITHDRAWN,
            author=console(),
            note=_VANISHED,
        )
        _put_on_record(connection, change, moved, now)
    settle(connection, document)
    increment(connection, GENERATION)


def version_in(history: Sequence[DocumentVersion], number: int) -> DocumentVersion:
    """The version of this number; raises `NotFoundError`."""
    for version in history:
        if version.version == number:
            return version
    raise NotFoundError(f"this document has no version {number}")


def _facts(change: ApprovalChange, version: DocumentVersion, now: datetime) -> dict[str, object]:
    """What a version keeps of the change beside its state and the note."""
    match change.state:
        case ApprovalState.APPROVED if version.metadata.approval is ApprovalState.APPROVED:
            return {"verified_at": now, "review_by": change.review_by}
        case ApprovalState.APPROVED:
            again = version.verified_at or version.expired_at
            return {
                "approved_by": change.author.subject,
                "approved_at": now,
                "verified_at": None,
                "expired_at": None,
                "counts_from": version.counts_from or now.date(),
                # What it said of itself has been spent where this is not the first time.
                "review_by": change.review_by or (None if again else version.metadata.review_by),
            }
        case ApprovalState.EXPIRED:
            return {"expired_at": change.expired_at or now}
        case ApprovalState.WITHDRAWN:
            return {"counts_from": None, "expired_at": None}
        case _ if version.expired_at is None:
            return {"counts_from": None}
        case _:
            # It answers for its days while it is reviewed again.
            return {}


def _put_on_record(
    connection: Connection,
    change: ApprovalChange,
    moved: Sequence[DocumentVersion],
    now: datetime,
) -> None:
    write_steps(
        connection,
        [
            ApprovalStep(
                document_id=one.document_id,
                version=one.version,
                from_state=one.metadata.approval,
                to_state=change.state,
                by=change.author.subject,
                by_tenant=change.author.tenant,
                note=change.note,
                at=now,
                four_eyes=change.four_eyes,
            )
            for one in moved
        ],
    )
    details: dict[str, object] = {
        "versions": [
            {"version": one.version, "from": one.metadata.approval.value} for one in moved
        ],
        "to": change.state.value,
        "note_characters": len(change.note),
    }
    if change.four_eyes is not None:
        details["four_eyes"] = change.four_eyes.value
    if change.review_by is not None:
        details["review_by"] = change.review_by.isoformat()
    record(
        connection,
        change.author.event(
            at=now,
            action=_ACTIONS[change.state],
            tenant=moved[0].tenant,
            target=change.document_id,
            details=details,
        ),
    )
