"""Whether a cited version may be cited at all, worked out apart from the rule that search obeys.

Search lets through what `governance.visibility` admits. Were that rule wrong, or switched off, a
check by the same rule would find nothing. So this one reads the catalog's rows and applies, in
plain words, what CONTRACT.md promises: approved, valid on the day, not replaced, meant for the
asker.
"""

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from eval.observation import Standing
from foundation.clock import Clock
from foundation.errors import NotFoundError
from governance.catalog import Catalog
from governance.document import ApprovalState, DocumentVersion
from governance.principal import Principal
from governance.visibility import Filters


class Stands(Protocol):
    """What says how a version stands: `Standings`, or a stand-in."""

    def of(
        self, document_id: str, version: int, principal: Principal, filters: Filters
    ) -> Standing:
        """The standing of one version for one asker."""


class Standings:
    """Looks versions up in the catalog, and whatever replaces them."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock

    def of(
        self, document_id: str, version: int, principal: Principal, filters: Filters
    ) -> Standing:
        """The standing of one version for one asker, on the day that the filters name or today."""
        try:
            cited = self._catalog.version(document_id, version)
        except NotFoundError:
            return Standing.UNKNOWN
        successors = []
        for by in self._catalog.supersessions().get(document_id, frozenset()):
            # Once replaced, always replaced: a successor counts from its approval on.
            published = [one for one in self._catalog.history(by) if one.approved_at]
            successors += published[-1:]
        return standing(
            cited,
            newer=self._catalog.history(document_id)[version:],
            successors=successors,
            principal=principal,
            day=filters.as_of or self._clock().date(),
        )


def standing(
    cited: DocumentVersion,
    *,
    newer: Sequence[DocumentVersion],
    successors: Sequence[DocumentVersion],
    principal: Principal,
    day: date,
) -> Standing:
    """How a version stands for an asker on a day; the first thing that speaks against it.

    `newer` are later versions of the same document; `successors` the newest published versions of
    documents that say they replace it.
    """
    if not _approved(cited, day):
        return Standing.UNAPPROVED
    if not _meant_for(cited.metadata.audience, cited.tenant, principal):
        return Standing.NOT_FOR_ASKER
    if any(_approved(one, day) and _took_over(one) <= day for one in newer):
        return Standing.SUPERSEDED
    begins, ends = cited.metadata.effective_from, cited.metadata.effective_to
    if (begins and day < begins) or (ends and day > ends):
        return Standing.NOT_VALID
    replaced = any(_replaces(one, cited, principal, day) for one in successors)
    return Standing.SUPERSEDED if replaced else Standing.IN_FORCE


def _approved(version: DocumentVersion, day: date) -> bool:
    if version.metadata.approval is ApprovalState.APPROVED:
        return True
    # What has expired since still answers for the days before it did.
    return version.counts and version.expired_at is not None and day < version.expired_at.date()


def _took_over(version: DocumentVersion) -> date:
    """The first day of a version that came after others."""
    moment = version.approved_at or version.created_at
    return version.metadata.effective_from or version.counts_from or moment.date()


def _meant_for(audience: frozenset[str], tenant: str, principal: Principal) -> bool:
    if tenant != principal.tenant:
        return not (audience - {"internal"}).isdisjoint(principal.audiences)
    partners = {one.removeprefix("tenant:") for one in audience if one.startswith("tenant:")}
    if principal.reads_assigned_only and 0 < len(partners - {tenant}) == len(audience):
        return not partners.isdisjoint(principal.assigned_partners)
    return True


def _replaces(
    successor: DocumentVersion, cited: DocumentVersion, principal: Principal, day: date
) -> bool:
    if cited.document_id not in successor.supersedes_ids:
        return False
    mutual = successor.document_id in cited.supersedes_ids
    if mutual and _took_over(successor) <= _took_over(cited):
        return False
    return (
        _meant_for(successor.metadata.audience, successor.tenant, principal)
        and _took_over(successor) <= day
    )
