"""Which documents somebody is shown, and which of their versions.

Readers see what they may read; the owner's own people see what is still on its way as well.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from governance.catalog import Catalog
from governance.document import ApprovalState, DocType, DocumentVersion
from governance.principal import Permission, Principal
from governance.visible_catalog import VisibleCatalog


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFilter:
    """What a list is narrowed to. `words` must all occur in a title or a URI."""

    state: ApprovalState | None = None
    doc_type: DocType | None = None
    words: str = ""

    def admits(self, version: DocumentVersion) -> bool:
        """Whether a version belongs in the list."""
        metadata = version.metadata
        named = f"{metadata.title} {version.uri}".casefold()
        return (
            self.state in (None, metadata.approval)
            and self.doc_type in (None, metadata.doc_type)
            and all(word in named for word in self.words.casefold().split())
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A document as somebody may know it: one version stands for it, oldest of `versions` first."""

    version: DocumentVersion
    versions: tuple[DocumentVersion, ...]


class Listing:
    """Documents as one principal may know of them."""

    def __init__(self, catalog: Catalog, visible: VisibleCatalog) -> None:
        self._catalog = catalog
        self._visible = visible

    def documents(
        self, principal: Principal, narrowed: ListFilter = ListFilter()
    ) -> tuple[DocumentVersion, ...]:
        """One version of each document, by owner's URI; for the owner's people the newest."""
        found = self._visible.documents(self._visible.visibility(principal))
        if principal.may(Permission.READ_UNPUBLISHED):
            others = (one for one in found if one.tenant != principal.tenant)
            found = _by_uri((*self._catalog.newest(principal.tenant), *others))
        return tuple(one for one in found if narrowed.admits(one))

    def document(self, principal: Principal, document_id: str) -> Shown:
        """One document; `NotFoundError` where there is none that this principal may know of."""
        if principal.may(Permission.READ_UNPUBLISHED):
            history = self._catalog.history(document_id)
            if history and history[-1].tenant == principal.tenant:
                return Shown(version=history[-1], versions=history)
        visibility = self._visible.visibility(principal)
        version = self._visible.document(visibility, document_id)
        return Shown(version=version, versions=(version,))


def _by_uri(versions: Iterable[DocumentVersion]) -> tuple[DocumentVersion, ...]:
    return tuple(sorted(versions, key=lambda one: (one.uri, one.tenant)))
