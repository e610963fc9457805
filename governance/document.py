"""What the house knows about a document besides its text."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from foundation.ids import derived_id
from governance.visibility import Access


class DocType(StrEnum):
    """Kinds of documents; policies and thresholds are set per kind."""

    PLAYBOOK = "playbook"
    POLICY = "policy"
    INTEGRATION_GUIDE = "integration_guide"
    RELEASE_NOTE = "release_note"
    PRICING = "pricing"
    BEST_PRACTICE = "best_practice"
    FAQ = "faq"
    TICKET = "ticket"
    REFERENCE = "reference"


class ApprovalState(StrEnum):
    """Where a version stands on its way to readers; only APPROVED can be read by them."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Sensitivity(StrEnum):
    """How carefully a text is to be handled once it is read; it grants and denies nothing."""

    PUBLIC = "public"
    INTERNAL = "internal"
    CONFIDENTIAL = "confidential"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentMetadata:
    """What a manifest, front matter or options say about a document. Days are inclusive.

    The defaults are the safest: a draft that only the owner's own people can see.
    `supersedes` holds URIs of documents of the same owner. On `review_by` somebody has to have
    looked at it again.
    """

    title: str = ""
    doc_type: DocType = DocType.REFERENCE
    audience: frozenset[str] = frozenset({"internal"})
    approval: ApprovalState = ApprovalState.DRAFT
    approved_by: str = ""
    effective_from: date | None = None
    effective_to: date | None = None
    product: str = ""
    releases: tuple[str, ...] = ()
    supersedes: tuple[str, ...] = ()
    language: str = "en"
    sensitivity: Sensitivity = Sensitivity.INTERNAL
    review_by: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentVersion:
    """One version of a document in the catalog, with the window in which readers see it.

    `access` carries the effective window: the version's own validity, cut where the next
    approved version takes over. `verified_at` says when its approval was looked at again,
    `counts_from` since when it counts where nothing else says so, and `expired_at` since when it
    counts no more.
    """

    document_id: str
    tenant: str
    uri: str
    version: int
    fingerprint: str
    blob_key: str
    metadata: DocumentMetadata
    access: Access
    approved_at: datetime | None
    created_at: datetime
    chunk_count: int
    note: str = ""
    verified_at: datetime | None = None
    counts_from: date | None = None
    expired_at: datetime | None = None

    @property
    def counts(self) -> bool:
        """Whether there are days on which readers see it, be they over."""
        return counts(self.metadata.approval, self.expired_at)

    @property
    def supersedes_ids(self) -> frozenset[str]:
        """Ids of the documents that this version replaces."""
        return frozenset(document_id(self.tenant, uri) for uri in self.metadata.supersedes)


def counts(approval: ApprovalState, expired_at: datetime | None) -> bool:
    """Whether a version is approved, or was until it expired.

    What has expired still answers for its days, and what it replaced stays replaced, also while
    it is reviewed again. What was withdrawn answers for nothing.
    """
    if approval is ApprovalState.WITHDRAWN:
        return False
    return approval is ApprovalState.APPROVED or expired_at is not None


def document_id(tenant: str, uri: str) -> str:
    """A document is its owner and its URI: the same file from the same owner is the same one."""
    return derived_id("doc", tenant, uri)
