"""What goes into the catalog and what comes out of it, as values."""

from dataclasses import dataclass

from governance.document import ApprovalState, DocumentMetadata
from governance.statistics import TermCounts
from governance.visibility import Access

ANNOUNCED = "announced"
CHANGED_ACCESS = "access"
DELETED = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkRow:
    """A chunk as the catalog keeps it; the retrieval floor makes its own noun of it."""

    id: str
    document_id: str
    version: int
    ordinal: int
    header: str
    text: str
    heading_path: tuple[str, ...]
    page: int | None
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """Everything ingest knows about a version that is about to become the newest one."""

    tenant: str
    uri: str
    fingerprint: str
    blob_key: str
    metadata: DocumentMetadata
    access: Access
    text: str
    elements: bytes
    chunks: tuple[ChunkRow, ...]
    terms: TermCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedVersion:
    """What a version will be once it is recorded: the index needs to know before."""

    document_id: str
    version: int
    access: Access


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDocument:
    """What ingest needs to know about a document to tell changed from unchanged.

    `approval` is that of the newest version; `published` says whether any version is approved,
    `uploaded` that a person brought the newest one, and no folder.
    """

    document_id: str
    uri: str
    version: int
    fingerprint: str
    approval: ApprovalState
    withdrawn_by_person: bool
    vanished: bool
    uploaded: bool = False
    published: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexChange:
    """Something the index must catch up on. No version means all of the document's.

    `announced`: points were about to be written; without a catalog entry they are left-overs.
    """

    id: int
    document_id: str
    version: int | None
    action: str
