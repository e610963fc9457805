"""Between the catalog's rows and its nouns."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select, union_all

from governance.document import (
    ApprovalState,
    DocType,
    DocumentMetadata,
    DocumentVersion,
    Sensitivity,
    counts,
)
from governance.entries import ChunkRow
from governance.tables import documents, tombstones, versions
from governance.visibility import Access, normalise_product, normalise_release

_NUMBERS = union_all(
    select(func.max(versions.c.version).label("number")).where(
        versions.c.document_id == bindparam("of")
    ),
    select(tombstones.c.last_version).where(tombstones.c.document_id == bindparam("of")),
).subquery()
_LAST_NUMBER = select(func.max(_NUMBERS.c.number))


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
        "review_by": metadata.review_by,
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
        review_by=row.review_by,
    )
    expired_at = _aware(row.expired_at)
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
            approved=counts(metadata.approval, expired_at),
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            doc_type=metadata.doc_type.value,
            product=normalise_product(metadata.product),
            releases=frozenset(normalise_release(one) for one in metadata.releases),
        ),
        approved_at=_aware(row.approved_at),
        created_at=aware(row.created_at),
        chunk_count=row.chunk_count,
        note=row.note,
        verified_at=_aware(row.verified_at),
        counts_from=row.counts_from,
        expired_at=expired_at,
    )


def history_of(connection: Connection, document: str) -> tuple[DocumentVersion, ...]:
    """All versions of a document, oldest first, inside a transaction."""
    rows = connection.execute(
        select(versions, documents.c.tenant, documents.c.uri)
        .join(documents, documents.c.id == versions.c.document_id)
        .where(versions.c.document_id == document)
        .order_by(versions.c.version)
    )
    return tuple(version_of(row) for row in rows)


def is_of(connection: Connection, tenant: str, document: str) -> bool:
    """Whether there is such a document and it is this tenant's."""
    query = select(documents.c.id).where(documents.c.id == document, documents.c.tenant == tenant)
    return connection.execute(query).first() is not None


def next_number(connection: Connection, document: str) -> int:
    """The number of a document's next version: after those it has, and had before a deletion."""
    last = connection.execute(_LAST_NUMBER, {"of": document}).scalar()
    return int(last or 0) + 1


def blob_in_use(connection: Connection, key: str) -> bool:
    """Whether any version rests on this original file."""
    query = select(versions.c.document_id).where(versions.c.blob_key == key).limit(1)
    return connection.execute(query).first() is not None


def chunk_values(chunk: ChunkRow) -> dict[str, object]:
    """A chunk as column values."""
    return {
        "id": chunk.id,
        "document_id": chunk.document_id,
        "version": chunk.version,
        "ordinal": chunk.ordinal,
        "header": chunk.header,
        "text": chunk.text,
        "heading_path": list(chunk.heading_path),
        "page": chunk.page,
        "start": chunk.start,
        "end": chunk.end,
    }


def chunk_of(row: Row[Any]) -> ChunkRow:
    """A row of `chunks` as a noun."""
    return ChunkRow(
        id=row.id,
        document_id=row.document_id,
        version=row.version,
        ordinal=row.ordinal,
        header=row.header,
        text=row.text,
        heading_path=tuple(row.heading_path),
        page=row.page,
        start=row.start,
        end=row.end,
    )


def aware(moment: datetime) -> datetime:
    """A moment with its zone: SQLite keeps none, and everything is written in UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _aware(moment: datetime | None) -> datetime | None:
    return None if moment is None else aware(moment)
