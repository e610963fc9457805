"""How a document leaves the catalog: with everything of it, inside its caller's transaction."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert

from foundation.database import increment, put
from foundation.errors import NotFoundError
from governance.approval_writing import locked_history
from governance.audit import Action, Written, record
from governance.author import Author
from governance.catalog_reading import GENERATION
from governance.derived_texts import forget_derived
from governance.entries import DELETED
from governance.rows import blob_in_use
from governance.settling import uncount
from governance.tables import (
    approval_steps,
    blob_removals,
    chunks,
    documents,
    index_changes,
    supersessions,
    texts,
    tombstones,
    versions,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What was removed with a document, and where its line stands on the record.

    `blob_keys` are original files on which nothing else rests; they are still to be removed.
    """

    versions: int
    texts: int
    chunks: int
    blob_keys: tuple[str, ...]
    line: Written


def erase(connection: Connection, document: str, now: datetime, author: Author) -> Erased:
    """Remove a document, its texts, chunks and counts, and tell the index to follow.

    With it goes what was derived of any document and kept by content. What stays is a line on the
    record without a word of it, and its last number, so that no later text is taken for one that
    was cited. Raises `NotFoundError`.
    """
    history = locked_history(connection, document)
    if not history:
        raise NotFoundError(f"no document {document}; `partner-copilot documents list` shows yours")
    for version in history:
        uncount(connection, version)
    erased_chunks = connection.execute(delete(chunks).where(chunks.c.document_id == document))
    erased_texts = connection.execute(delete(texts).where(texts.c.document_id == document))
    for table in (approval_steps, versions):
        connection.execute(delete(table).where(table.c.document_id == document))
    # What replaces it still says so: taken in again, it is as replaced as it was.
    connection.execute(delete(supersessions).where(supersessions.c.by_id == document))
    connection.execute(delete(documents).where(documents.c.id == document))
    tombstone = {
        "document_id": document,
        "last_version": history[-1].version + 1,
        "deleted_at": now,
    }
    put(connection, tombstones, tombstone, replace=True)
    unused = tuple(
        key for key in sorted({one.blob_key for one in history}) if not blob_in_use(connection, key)
    )
    for key in unused:
        put(connection, blob_removals, {"key": key, "at": now}, replace=False)
    connection.execute(
        insert(index_changes).values(document_id=document, version=None, action=DELETED)
    )
    forget_derived(connection)
    line = record(
        connection,
        author.event(
            at=now,
            action=Action.DOCUMENT_DELETED,
            tenant=history[-1].tenant,
            target=document,
            details={
                "versions": [{"version": one.version, "sha256": one.blob_key} for one in history],
                "texts": erased_texts.rowcount,
                "chunks": erased_chunks.rowcount,
            },
        ),
    )
    increment(connection, GENERATION)
    return Erased(
        versions=len(history),
        texts=erased_texts.rowcount,
        chunks=erased_chunks.rowcount,
        blob_keys=unused,
        line=line,
    )
