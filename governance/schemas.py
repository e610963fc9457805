"""The JSON of this floor: documents and their versions."""

from datetime import date, datetime

from pydantic import BaseModel

from governance.document import DocumentVersion


class DocumentJson(BaseModel):
    """One version of a document: what is known about it besides its text."""

    id: str
    owner: str
    uri: str
    version: int
    title: str
    doc_type: str
    state: str
    audience: list[str]
    approved_by: str
    approved_at: datetime | None
    effective_from: date | None
    effective_to: date | None
    product: str
    releases: list[str]
    supersedes: list[str]
    language: str
    sensitivity: str
    chunks: int
    created_at: datetime
    note: str


def document_json(version: DocumentVersion) -> DocumentJson:
    """A document version as JSON."""
    metadata = version.metadata
    return DocumentJson(
        id=version.document_id,
        owner=version.tenant,
        uri=version.uri,
        version=version.version,
        title=metadata.title,
        doc_type=metadata.doc_type.value,
        state=metadata.approval.value,
        audience=sorted(metadata.audience),
        approved_by=metadata.approved_by,
        approved_at=version.approved_at,
        effective_from=metadata.effective_from,
        effective_to=metadata.effective_to,
        product=metadata.product,
        releases=list(metadata.releases),
        supersedes=list(metadata.supersedes),
        language=metadata.language,
        sensitivity=metadata.sensitivity.value,
        chunks=version.chunk_count,
        created_at=version.created_at,
        note=version.note,
    )
