"""Which version of a document counts on which day: pure, over the document's whole history."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from governance.document import ApprovalState, DocumentVersion
from governance.visibility import (
    ALWAYS_FROM,
    ALWAYS_TO,
    Access,
    normalise_product,
    normalise_release,
)


def effective_access(history: Sequence[DocumentVersion]) -> tuple[Access, ...]:
    """The access of every version, oldest first, as it follows from all of them together.

    The first approved version counts from its `effective_from`, or from ever; a later one, and
    one that supersedes another document, from its `effective_from`, or from the day it was
    first approved. Each ends the day before the next approved one begins, so that on no day two
    versions of one document count. What has expired counts up to the day before: its end brings
    nothing back that it replaced. The newest approved version's audience bounds that of the older
    ones.
    """
    approved = [one for one in history if one.counts]
    starts = [_start(one, first=index == 0) for index, one in enumerate(approved)]
    windows: dict[int, tuple[int, int]] = {}
    for index, one in enumerate(approved):
        # Any later version may be the one that begins first: a version approved last can be
        # dated back before one approved earlier.
        ends = [_end(one), *(start - 1 for start in starts[index + 1 :])]
        windows[one.version] = (starts[index], min(ends))
    audience = approved[-1].metadata.audience if approved else None
    return tuple(
        Access(
            tenant=one.tenant,
            audience=one.metadata.audience,
            document_audience=audience if audience is not None else one.metadata.audience,
            approved=one.counts,
            valid_from=windows.get(one.version, (ALWAYS_FROM, ALWAYS_TO))[0],
            valid_to=windows.get(one.version, (ALWAYS_FROM, ALWAYS_TO))[1],
            doc_type=one.metadata.doc_type.value,
            product=normalise_product(one.metadata.product),
            releases=frozenset(normalise_release(release) for release in one.metadata.releases),
        )
        for one in history
    )


def approved_now(
    history: Sequence[DocumentVersion], version: DocumentVersion, now: datetime
) -> Access:
    """The access that a version would have if it were approved at this moment."""
    approved = replace(
        version,
        metadata=replace(version.metadata, approval=ApprovalState.APPROVED),
        approved_at=now,
        counts_from=version.counts_from or now.date(),
        expired_at=None,
    )
    after = [approved if one.version == version.version else one for one in history]
    return next(
        access
        for one, access in zip(after, effective_access(after), strict=True)
        if one is approved
    )


def _start(version: DocumentVersion, *, first: bool) -> int:
    if version.metadata.effective_from is not None:
        return version.metadata.effective_from.toordinal()
    if first and not version.metadata.supersedes:
        return ALWAYS_FROM
    if version.counts_from is not None:
        return version.counts_from.toordinal()
    moment = version.approved_at or version.created_at
    return moment.date().toordinal()


def _end(version: DocumentVersion) -> int:
    stated = version.metadata.effective_to
    own = stated.toordinal() if stated else ALWAYS_TO
    return min(own, version.expired_at.date().toordinal() - 1) if version.expired_at else own
