"""The changes of the catalog, each inside a transaction that its caller opens.

So whatever must be true together with a change can be written beside it. A change moves the
generation, the term counts, and what the index has to catch up on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from foundation.database import increment
from foundation.errors import ConflictError, NotFoundError
from governance import statistics
from governance.catalog_reading import GENERATION
from governance.document import ApprovalState, DocumentMetadata, DocumentVersion, document_id
from governance.entries import ANNOUNCED, DELETED, ChunkRow, NewVersion
from governance.rows import chunk_values, history_of, version_values
from governance.settling import settle, uncount
from governance.statistics import TermCounts
from governance.tables import chunks, documents, index_changes, supersessions, texts, versions

_GONE = frozenset({ApprovalState.WITHDRAWN, ApprovalState.EXPIRED})


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalChange:
    """What a person decided about a version, and in which states they may have found it."""

    document_id: str
    version: int
    state: ApprovalState
    by: str
    note: str
    coming_from: frozenset[ApprovalState]


def record_versions(
    connection: Connection, batch: Sequence[NewVersion], now: datetime
) -> tuple[DocumentVersion, ...]:
    """Add versions, each as the newest one of its document."""
    recorded = tuple(_record(connection, new, now) for new in batch)
    increment(connection, GENERATION)
    return recorded


def change_approval(
    connection: Connection, change: ApprovalChange, now: datetime
) -> DocumentVersion:
    """Move a version to another state; withdrawing takes every version with it.

    Raises `ConflictError` where the version is in none of the states `coming_from` any more.
    """
    values: dict[str, object] = {"approval": change.state.value, "note": change.note}
    owner_flags: dict[str, object] = {}
    if change.state is ApprovalState.APPROVED:
        values |= {"approved_by": change.by, "approved_at": now}
        owner_flags = {"withdrawn_by_person": False, "vanished": False}
    elif change.state is ApprovalState.WITHDRAWN:
        owner_flags = {"withdrawn_by_person": True, "vanished": False}
    target = versions.c.document_id == change.document_id
    if change.state is not ApprovalState.WITHDRAWN:
        target &= versions.c.version == change.version
        target &= versions.c.approval.in_([one.value for one in change.coming_from])
    changed = connection.execute(update(versions).where(target).values(**values))
    if not changed.rowcount:
        raise ConflictError("somebody else changed its state meanwhile; look at it again")
    if owner_flags:
        connection.execute(
            update(documents).where(documents.c.id == change.document_id).values(**owner_flags)
        )
    settle(connection, change.document_id)
    increment(connection, GENERATION)
    return _version(connection, change.document_id, change.version)


def withdraw_vanished(connection: Connection, document: str) -> None:
    """Withdraw a document whose file is gone, so that it comes back when the file does."""
    connection.execute(
        update(versions)
        .where(versions.c.document_id == document)
        .values(approval=ApprovalState.WITHDRAWN.value, note="its file has vanished")
    )
    connection.execute(update(documents).where(documents.c.id == document).values(vanished=True))
    settle(connection, document)
    increment(connection, GENERATION)


def erase(connection: Connection, document: str) -> None:
    """Remove a document, its texts, chunks and counts, and tell the index to follow."""
    for version in history_of(connection, document):
        uncount(connection, version)
    connection.execute(delete(chunks).where(chunks.c.document_id == document))
    connection.execute(delete(texts).where(texts.c.document_id == document))
    connection.execute(delete(versions).where(versions.c.document_id == document))
    connection.execute(
        delete(supersessions).where(
            (supersessions.c.by_id == document) | (supersessions.c.superseded_id == document)
        )
    )
    connection.execute(delete(documents).where(documents.c.id == document))
    connection.execute(
        insert(index_changes).values(document_id=document, version=None, action=DELETED)
    )
    increment(connection, GENERATION)


def replace_chunks(
    connection: Connection,
    document: str,
    number: int,
    rows: Sequence[ChunkRow],
    counts: TermCounts,
) -> None:
    """Swap one version's chunks for others over the same text."""
    version = _version(connection, document, number)
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


def _record(connection: Connection, new: NewVersion, now: datetime) -> DocumentVersion:
    identity = document_id(new.tenant, new.uri)
    before = history_of(connection, identity)
    number = before[-1].version + 1 if before else 1
    if not before:
        connection.execute(
            insert(documents).values(
                id=identity,
                tenant=new.tenant,
                uri=new.uri,
                withdrawn_by_person=False,
                vanished=False,
                created_at=now,
            )
        )
    if any(chunk.version != number for chunk in new.chunks):
        raise ConflictError(f"{new.uri} was changed by somebody else meanwhile; ingest again")
    metadata = _stated(connection, identity, new.metadata)
    if metadata.approval in _GONE:
        # The owner's word on the document, not on this text alone: older ones go as well.
        connection.execute(
            update(versions)
            .where(versions.c.document_id == identity)
            .values(approval=metadata.approval.value)
        )
    approved = metadata.approval is ApprovalState.APPROVED
    connection.execute(update(documents).where(documents.c.id == identity).values(vanished=False))
    connection.execute(
        insert(versions).values(
            **version_values(metadata),
            document_id=identity,
            version=number,
            fingerprint=new.fingerprint,
            blob_key=new.blob_key,
            approved_at=now if approved else None,
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
    settle(connection, identity, {number: new.access})
    return history_of(connection, identity)[-1]


def _stated(connection: Connection, identity: str, metadata: DocumentMetadata) -> DocumentMetadata:
    """The metadata, less an approval that only a person may give again.

    Looked up under the write lock: a withdrawal during an ingest must not be undone by it.
    """
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


def _version(connection: Connection, document: str, number: int) -> DocumentVersion:
    for version in history_of(connection, document):
        if version.version == number:
            return version
    raise NotFoundError(f"no version {number} of document {document}")
