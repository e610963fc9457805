"""The changes of the catalog, each inside a transaction that its caller opens.

So whatever must be true together with a change can be written beside it. A change moves the
generation, the term counts, and what the index has to catch up on.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from foundation.database import increment, put, read_text, write_text
from foundation.errors import ConflictError
from governance import statistics
from governance.approval_steps import ApprovalStep, FourEyes, write_steps
from governance.approval_writing import version_in
from governance.audit import Action, AuditEvent, record
from governance.author import Author, Hand
from governance.catalog_reading import GENERATION
from governance.document import ApprovalState, DocumentMetadata, DocumentVersion, document_id
from governance.entries import ANNOUNCED, ChunkRow, NewVersion
from governance.operator import OPERATOR
from governance.rows import chunk_values, history_of, next_number, version_values
from governance.settling import settle, uncount
from governance.statistics import TermCounts
from governance.tables import (
    chunks,
    documents,
    index_changes,
    supersessions,
    texts,
    versions,
)

_GONE = frozenset({ApprovalState.WITHDRAWN, ApprovalState.EXPIRED})


def record_versions(
    connection: Connection, batch: Sequence[NewVersion], now: datetime, author: Author
) -> tuple[DocumentVersion, ...]:
    """Add versions, each as the newest one of its document, and put it on the record.

    What a person brings is a draft, whatever it says of itself: approving is a step of its own.
    """
    # In one order for everybody: on PostgreSQL two batches would wait for each other.
    ordered = sorted(range(len(batch)), key=lambda at: (batch[at].tenant, batch[at].uri))
    placed = {at: _record(connection, batch[at], now, author) for at in ordered}
    recorded = tuple(placed[at] for at in range(len(batch)))
    for one in recorded:
        record(connection, _added(one, now, author))
    # An upload may come from anybody's tenant; who runs this house brings the first by its console.
    if recorded and author.hand is Hand.CONSOLE and not read_text(connection, OPERATOR):
        write_text(connection, OPERATOR, recorded[0].tenant)
    increment(connection, GENERATION)
    return recorded


def replace_chunks(
    connection: Connection,
    document: str,
    number: int,
    rows: Sequence[ChunkRow],
    counts: TermCounts,
) -> None:
    """Swap one version's chunks for others over the same text."""
    version = version_in(history_of(connection, document), number)
    uncount(connection, version)
    connection.execute(
        delete(chunks).where(chunks.c.document_id == document, chunks.c.version == number)
    )
    _insert_chunks(connection, rows)
    connection.execute(
        update(texts)
        .where(texts.c.document_id == document, texts.c.version == number)
        .values(terms=statistics.pack(counts))
    )
    class_id = statistics.class_for(connection, version.access)
    statistics.count(connection, class_id, counts, 1)
    connection.execute(
        update(versions)
        .where(versions.c.document_id == document, versions.c.version == number)
        .values(class_id=class_id, chunk_count=len(rows))
    )
    increment(connection, GENERATION)


def _record(
    connection: Connection, new: NewVersion, now: datetime, author: Author
) -> DocumentVersion:
    identity = document_id(new.tenant, new.uri)
    if not _locked(connection, identity):
        values = {
            "id": identity,
            "tenant": new.tenant,
            "uri": new.uri,
            "withdrawn_by_person": False,
            "vanished": False,
            "uploaded": False,
            "created_at": now,
        }
        # On PostgreSQL somebody else may bring the same document at this moment.
        put(connection, documents, values, replace=False)
        _locked(connection, identity)
    number = next_number(connection, identity)
    if any(chunk.version != number for chunk in new.chunks):
        raise ConflictError(f"{new.uri} was changed by somebody else meanwhile; ingest again")
    metadata = _stated(connection, identity, new.metadata, author)
    if metadata.approval in _GONE:
        # The owner's word on the document, not on this text alone: older ones go as well.
        connection.execute(
            update(versions)
            .where(versions.c.document_id == identity)
            .values(approval=metadata.approval.value, counts_from=None, expired_at=None)
        )
    approved = metadata.approval is ApprovalState.APPROVED
    uploaded = author.hand is Hand.PERSON
    connection.execute(
        update(documents)
        .where(documents.c.id == identity)
        .values(vanished=False, uploaded=uploaded)
    )
    connection.execute(
        insert(versions).values(
            **version_values(metadata),
            document_id=identity,
            version=number,
            fingerprint=new.fingerprint,
            blob_key=new.blob_key,
            approved_at=now if approved else None,
            counts_from=now.date() if approved else None,
            created_at=now,
            chunk_count=len(new.chunks),
            note="",
            document_audience=sorted(metadata.audience),
            valid_from=0,
            valid_to=0,
            class_id=None,
        )
    )
    connection.execute(
        insert(texts).values(
            document_id=identity,
            version=number,
            text=new.text,
            elements=new.elements,
            terms=statistics.pack(new.terms),
        )
    )
    _insert_chunks(connection, new.chunks)
    superseded = {document_id(new.tenant, uri) for uri in metadata.supersedes}
    _supersede(connection, identity, superseded - {identity})
    connection.execute(
        delete(index_changes).where(
            index_changes.c.document_id == identity,
            index_changes.c.version == number,
            index_changes.c.action == ANNOUNCED,
        )
    )
    if metadata.approval is not ApprovalState.DRAFT:
        write_steps(connection, [_arrival(identity, number, metadata, now, author)])
    settle(connection, identity, {number: new.access})
    return history_of(connection, identity)[-1]


def _arrival(
    identity: str, number: int, metadata: DocumentMetadata, now: datetime, author: Author
) -> ApprovalStep:
    approved = metadata.approval is ApprovalState.APPROVED
    return ApprovalStep(
        document_id=identity,
        version=number,
        from_state=None,
        to_state=metadata.approval,
        by=metadata.approved_by if approved else author.subject,
        by_tenant=author.tenant,
        note="",
        at=now,
        four_eyes=FourEyes.CONSOLE if approved else None,
    )


def _added(version: DocumentVersion, now: datetime, author: Author) -> AuditEvent:
    return author.event(
        at=now,
        action=Action.DOCUMENT_ADDED,
        tenant=version.tenant,
        target=version.document_id,
        details={
            "version": version.version,
            "sha256": version.blob_key,
            "approval": version.metadata.approval.value,
            "approved_by": version.metadata.approved_by,
        },
    )


def _stated(
    connection: Connection, identity: str, metadata: DocumentMetadata, author: Author
) -> DocumentMetadata:
    """The metadata, less an approval that only a person may give again.

    Looked up under the write lock: a withdrawal during an ingest must not be undone by it.
    """
    if author.hand is Hand.PERSON and metadata.approval is not ApprovalState.DRAFT:
        return replace(metadata, approval=ApprovalState.DRAFT, approved_by="")
    withdrawn = connection.execute(
        select(documents.c.withdrawn_by_person).where(documents.c.id == identity)
    ).scalar()
    if withdrawn and metadata.approval is ApprovalState.APPROVED:
        return replace(metadata, approval=ApprovalState.DRAFT)
    return metadata


def _supersede(connection: Connection, identity: str, superseded: set[str]) -> None:
    for one in sorted(superseded):
        known = connection.execute(
            select(supersessions.c.by_id).where(
                supersessions.c.superseded_id == one, supersessions.c.by_id == identity
            )
        ).first()
        if known is None:
            connection.execute(insert(supersessions).values(superseded_id=one, by_id=identity))


def _insert_chunks(connection: Connection, rows: Sequence[ChunkRow]) -> None:
    if rows:
        connection.execute(insert(chunks), [chunk_values(row) for row in rows])


def _locked(connection: Connection, identity: str) -> bool:
    """Whether there is such a document; nobody else changes it before this transaction ends."""
    query = select(documents.c.id).where(documents.c.id == identity).with_for_update()
    return connection.execute(query).first() is not None
