"""Document versions for tests: what the catalog knows of a passage's document."""

from datetime import UTC, datetime

from governance.document import DocumentMetadata, DocumentVersion
from governance.visibility import ALWAYS_FROM, ALWAYS_TO, Access


def version_of(document: str, metadata: DocumentMetadata) -> DocumentVersion:
    """An approved version that is in force for good."""
    return DocumentVersion(
        document_id=document,
        tenant="vendor",
        uri=f"{document}.md",
        version=1,
        fingerprint="",
        blob_key="",
        metadata=metadata,
        access=Access(
            tenant="vendor",
            audience=metadata.audience,
            document_audience=metadata.audience,
            approved=True,
            valid_from=ALWAYS_FROM,
            valid_to=ALWAYS_TO,
            doc_type=metadata.doc_type.value,
            product=metadata.product,
            releases=frozenset(metadata.releases),
        ),
        approved_at=datetime(2026, 1, 1, tzinfo=UTC),
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        chunk_count=1,
    )
