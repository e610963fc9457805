"""Between the catalog's rows and its nouns."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row

from governance.document import (
    ApprovalState,
    DocType,
    DocumentMetadata,
    DocumentVersion,
    Sensitivity,
)
from governance.visibility import Access, normalise_product, normalise_release


def version_values(metadata: DocumentMetadata) -> dict[str, object]:
    """A version's metadata as column values."""
    return {
        "title": metadata.title,
        "doc_type": metadata.doc_type.value,
        "audience": sorted(metadata.audience),
        "approval": metadata.approval.value,
        "approved_by": metadata.approved_by,
        "effective_from": metadata.effective_from,
        "effective_to": metadata.effective_to,
        "product": metadata.product,
        "releases": list(metadata.releases),
        "supersedes": list(metadata.supersedes),
        "language": metadata.language,
        "sensitivity": metadata.sensitivity.value,
    }


def version_of(row: Row[Any]) -> DocumentVersion:
    """A joined row of `versions` and `documents` as a noun."""
    metadata = DocumentMetadata(
        title=row.title,
        doc_type=DocType(row.doc_type),
        audience=frozenset(row.audience),
        approval=ApprovalState(row.approval),
        approved_by=row.approved_by,
        effective_from=row.effective_from,
        effective_to=row.effective_to,
        product=row.product,
        releases=tuple(row.releases),
        supersedes=tuple(row.supersedes),
        language=row.language,
        sensitivity=Sensitivity(row.sensitivity),
    )
    return DocumentVersion(
        document_id=row.document_id,
        tenant=row.tenant,
        uri=row.uri,
        version=row.version,
        fingerprint=row.fingerprint,
        blob_key=row.blob_key,
        metadata=metadata,
        access=Access(
            tenant=row.tenant,
            audience=metadata.audience,
            document_audience=frozenset(row.document_audience),
            approved=metadata.approval is ApprovalState.APPROVED,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            doc_type=metadata.doc_type.value,
            product=normalise_product(metadata.product),
            releases=frozenset(normalise_release(one) for one in metadata.releases),
        ),
        approved_at=_aware(row.approved_at),
        created_at=row.created_at if row.created_at.tzinfo else row.created_at.replace(tzinfo=UTC),
        chunk_count=row.chunk_count,
        note=row.note,
    )


def _aware(moment: datetime | None) -> datetime | None:
    # SQLite keeps no zone; everything is written in UTC.
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=UTC)
