"""The way of a version to its readers: who moved it, from which state to which."""

from collections.abc import Mapping
from types import MappingProxyType

from foundation.errors import ConflictError, NotFoundError
from governance.catalog import Catalog
from governance.document import ApprovalState, DocumentVersion
from governance.identity import ForbiddenError
from governance.principal import Permission, Principal

_FROM: Mapping[ApprovalState, frozenset[ApprovalState]] = MappingProxyType(
    {
        # What was withdrawn or has expired comes back the way a draft does.
        ApprovalState.IN_REVIEW: frozenset(
            {ApprovalState.DRAFT, ApprovalState.WITHDRAWN, ApprovalState.EXPIRED}
        ),
        ApprovalState.APPROVED: frozenset({ApprovalState.DRAFT, ApprovalState.IN_REVIEW}),
        ApprovalState.DRAFT: frozenset({ApprovalState.IN_REVIEW}),
        ApprovalState.WITHDRAWN: frozenset(
            {
                ApprovalState.DRAFT,
                ApprovalState.IN_REVIEW,
                ApprovalState.APPROVED,
                ApprovalState.EXPIRED,
            }
        ),
    }
)


def move(
    catalog: Catalog, principal: Principal, document: str, to: ApprovalState, note: str = ""
) -> DocumentVersion:
    """Move the newest version of a document to another state.

    A document of another tenant does not exist for this principal. Raises `ConflictError` where
    the version's present state does not lead there.
    """
    if not principal.may(Permission.MANAGE_DOCUMENTS):
        raise ForbiddenError("only a content owner or an admin changes a document's state")
    newest = own_document(catalog, principal, document)
    state = newest.metadata.approval
    allowed = _FROM.get(to, frozenset())
    published = any(one.access.approved for one in catalog.history(document))
    if state not in allowed and not (to is ApprovalState.WITHDRAWN and published):
        message = f"{newest.uri} is {state.value} and cannot become {to.value} from there"
        raise ConflictError(message)
    return catalog.set_approval(
        document,
        newest.version,
        state=to,
        by=principal.subject,
        note=note,
        coming_from=allowed,
    )


def own_document(catalog: Catalog, principal: Principal, document: str) -> DocumentVersion:
    """The newest version of a document that the principal's own tenant owns."""
    history = catalog.history(document)
    if not history or history[-1].tenant != principal.tenant:
        raise NotFoundError(f"no document {document}; `partner-copilot documents list` shows yours")
    return history[-1]
