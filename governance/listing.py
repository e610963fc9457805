"""Which documents somebody is shown, and which of their versions.

Readers see what they may read; the owner's own people see what is still on its way as well.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from foundation.clock import Clock
from foundation.errors import NotFoundError
from governance.approval_reviews import Reviews
from governance.approval_steps import ApprovalStep
from governance.approval_writing import version_in
from governance.catalog import Catalog
from governance.comparison import Comparison, compare
from governance.document import ApprovalState, DocType, DocumentVersion
from governance.principal import Permission, Principal
from governance.review_dates import Standing, standing_of
from governance.visible_catalog import VisibleCatalog


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFilter:
    """What a list is narrowed to. `words` must all occur in a title or a URI.

    With `review_due` a list holds versions that somebody has to look at again, and nothing else.
    """

    state: ApprovalState | None = None
    doc_type: DocType | None = None
    words: str = ""
    review_due: bool | None = None

    def admits(self, version: DocumentVersion, standing: Standing) -> bool:
        """Whether a version belongs in the list, standing as it does."""
        metadata = version.metadata
        named = f"{metadata.title} {version.uri}".casefold()
        return (
            self.state in (None, standing.state)
            and self.doc_type in (None, metadata.doc_type)
            and self.review_due in (None, standing.review_due)
            and all(word in named for word in self.words.casefold().split())
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A document as somebody may know it: one version stands for it, oldest of `versions` first.

    `steps` are how its versions came where they stand; only the owner's people know them.
    """

    version: DocumentVersion
    versions: tuple[DocumentVersion, ...]
    steps: tuple[ApprovalStep, ...] = ()


class Listing:
    """Documents as one principal may know of them."""

    def __init__(
        self, *, catalog: Catalog, visible: VisibleCatalog, reviews: Reviews, clock: Clock
    ) -> None:
        self._catalog = catalog
        self._visible = visible
        self._reviews = reviews
        self._clock = clock

    def standing(self, version: DocumentVersion) -> Standing:
        """How a version stands today, for who may know of it."""
        return standing_of(version, self._reviews.policy, self._clock().date())

    def documents(
        self, principal: Principal, narrowed: ListFilter = ListFilter()
    ) -> tuple[DocumentVersion, ...]:
        """One version of each document, by owner's URI; for the owner's people the newest.

        When it is asked what has to be looked at again, it is the versions of which that holds.
        """
        if narrowed.review_due:
            found = self._due(principal)
        else:
            found = self._visible.documents(self._visible.visibility(principal))
            if principal.may(Permission.READ_UNPUBLISHED):
                others = (one for one in found if one.tenant != principal.tenant)
                found = _by_uri((*self._catalog.newest(principal.tenant), *others))
        policy, today = self._reviews.policy, self._clock().date()
        return tuple(one for one in found if narrowed.admits(one, standing_of(one, policy, today)))

    def document(self, principal: Principal, document_id: str) -> Shown:
        """One document; `NotFoundError` where there is none that this principal may know of."""
        if principal.may(Permission.READ_UNPUBLISHED):
            history = self._catalog.own_history(principal.tenant, document_id)
            if history:
                steps = self._catalog.approval_steps(document_id)
                return Shown(version=history[-1], versions=history, steps=steps)
        visibility = self._visible.visibility(principal)
        version = self._visible.document(visibility, document_id)
        return Shown(version=version, versions=(version,))

    def own_version(self, principal: Principal, document_id: str, number: int) -> DocumentVersion:
        """One version of a document of the principal's own tenant, in whatever state."""
        return version_in(self._own_history(principal, document_id), number)

    def text(self, principal: Principal, document_id: str, number: int) -> str:
        """The stored text of a version: who approves it has to read it."""
        version = self.own_version(principal, document_id, number)
        return self._catalog.text(version.document_id, version.version)

    def pair(
        self, principal: Principal, document_id: str, old: int | None, new: int | None
    ) -> tuple[DocumentVersion, DocumentVersion]:
        """Two versions of a document of the principal's own tenant, to be compared.

        Without `new` the newest; without `old` the one before the other.
        """
        history = self._own_history(principal, document_id)
        after = history[-1] if new is None else version_in(history, new)
        if old is not None:
            return version_in(history, old), after
        earlier = [one for one in history if one.version < after.version]
        if not earlier:
            raise NotFoundError("there is no version before the first")
        return earlier[-1], after

    def comparison(self, old: DocumentVersion, new: DocumentVersion) -> Comparison:
        """What changed from one version of a document to another."""
        texts = [self._catalog.text(one.document_id, one.version) for one in (old, new)]
        return compare(old, new, *texts)

    def _own_history(self, principal: Principal, document_id: str) -> tuple[DocumentVersion, ...]:
        history = self._catalog.own_history(principal.tenant, document_id)
        if not history:
            raise NotFoundError(
                f"no document {document_id}; `partner-copilot documents list` shows yours"
            )
        return history

    def _due(self, principal: Principal) -> tuple[DocumentVersion, ...]:
        if not principal.may(Permission.READ_UNPUBLISHED):
            return ()
        return self._reviews.due(self._clock().date(), principal.tenant)


def _by_uri(versions: Iterable[DocumentVersion]) -> tuple[DocumentVersion, ...]:
    return tuple(sorted(versions, key=lambda one: (one.uri, one.tenant)))
