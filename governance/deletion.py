"""Deletion with proof: afterwards no word of a document is left, and it is shown that none is.

In one transaction the document, its texts and chunks go from the catalog, its words from what is
kept of answers, and a line without any of them is put on the record. From then on nobody can
retrieve it, because every hit of the index is checked against the catalog. Index and original
files follow before the call returns; were it to end in between, the next start goes on, because
what is still to do was written down in that transaction.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection, Table, delete, func, select

from foundation.blobs import BlobStore
from foundation.clock import Clock
from foundation.database import Database
from foundation.errors import ConflictError, CopilotError
from governance.answers import AnswerRecord
from governance.approval import require_own
from governance.audit import Written
from governance.author import Author
from governance.document import DocumentVersion
from governance.erasing import Erased, erase
from governance.notices import notices
from governance.policy import Policy
from governance.principal import Permission
from governance.rows import blob_in_use
from governance.tables import blob_removals, chunks, texts


class DerivedIndex(Protocol):
    """What a deletion asks of the index."""

    def forget(self, document_id: str) -> int:
        """Remove a document's points for good; returns how many are left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How much of a document there is, in the places where its words can be.

    `quotes` are outcomes that quote it. `index_points` is None where nobody could look.
    """

    texts: int
    chunks: int
    blobs: int
    quotes: int
    index_points: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What was removed, and what was found when it was looked for afterwards.

    `overwritten` says that the database holds no earlier copy of it either; `unfinished` what is
    still to do and who does it, in sentences. `unretrievable_after` and `finished_after` are
    seconds since the call. `line` is where it stands on the record.
    """

    document_id: str
    uri: str
    deleted_at: datetime
    versions: int
    removed: Counts
    remaining: Counts
    overwritten: bool
    unfinished: tuple[str, ...]
    unretrievable_after: float
    finished_after: float
    line: Written


class Deletions:
    """Deletes documents, and finishes what a crash has left of a deletion."""

    def __init__(  # noqa: PLR0913 - every place that holds a document's words
        self,
        *,
        database: Database,
        clock: Clock,
        blobs: Callable[[], BlobStore],
        index: Callable[[], DerivedIndex],
        answers: AnswerRecord,
        policy: Callable[[], Policy],
    ) -> None:
        self._database = database
        self._clock = clock
        self._blobs = blobs
        self._index = index
        self._answers = answers
        self._policy = policy

    def delete(self, author: Author, document_id: str) -> Proof:
        """Delete a document of the author's own tenant.

        Raises `NotFoundError` and `ForbiddenError` as `governance.approval` does, and
        `ConflictError` where a legal hold keeps it or what was answered from it. After that what
        fails is told in the proof, because the document is gone.
        """
        began = time.perf_counter()
        now = self._clock()
        with self._database.write() as connection:
            version = require_own(connection, author, document_id, Permission.MANAGE_DOCUMENTS)
            self._require_no_hold(connection, version)
            # The document is locked by now, which an answer waits for that is written at this
            # moment. Then the answers, and last the record: everybody takes them in this order.
            quotes = self._answers.forget(connection, document_id)
            erased = erase(connection, document_id, now, author)
            _forget_notices(connection, document_id)
        unretrievable = time.perf_counter() - began
        unfinished: list[str] = []
        points = self._forget_points(document_id, unfinished)
        self._remove_blobs(erased.blob_keys, unfinished)
        remaining = self._remaining(document_id, erased, points, unfinished)
        overwritten = self._overwrite(unfinished)
        return Proof(
            document_id=document_id,
            uri=version.uri,
            deleted_at=now,
            versions=erased.versions,
            removed=Counts(
                texts=erased.texts,
                chunks=erased.chunks,
                blobs=len(erased.blob_keys) - remaining.blobs,
                quotes=quotes,
            ),
            remaining=remaining,
            overwritten=overwritten,
            unfinished=tuple(unfinished),
            unretrievable_after=unretrievable,
            finished_after=time.perf_counter() - began,
            line=erased.line,
        )

    def finish(self) -> tuple[str, ...]:
        """Go on where a crash ended a deletion; returns what is still to do, in sentences.

        The index goes on by itself, by the catalog's log of changes.
        """
        with self._database.read() as connection:
            keys = [row.key for row in connection.execute(select(blob_removals.c.key))]
        unfinished: list[str] = []
        self._remove_blobs(keys, unfinished)
        self._overwrite(unfinished)
        return tuple(unfinished)

    def _require_no_hold(self, connection: Connection, version: DocumentVersion) -> None:
        held = self._policy().retention.legal_hold
        if version.tenant in held or self._answers.cited_to(connection, version.document_id, held):
            # Whose hold it is stays between that tenant and the operator.
            raise ConflictError(
                f"a legal hold keeps {version.uri} or what was answered from it; withdraw it "
                "meanwhile, and ask the operator of this service when the hold ends"
            )

    def _forget_points(self, document_id: str, unfinished: list[str]) -> int | None:
        try:
            return self._index().forget(document_id)
        except CopilotError as error:
            unfinished.append(
                f"index: {error}; whoever has the index open removes the points with the next "
                "search, and nobody is shown them until then"
            )
            return None

    def _remove_blobs(self, keys: Sequence[str], unfinished: list[str]) -> None:
        for key in keys:
            try:
                # Within a transaction, so that no version comes to rest on it meanwhile.
                with self._database.write() as connection:
                    if not blob_in_use(connection, key):
                        self._blobs().delete(key)
                    connection.execute(delete(blob_removals).where(blob_removals.c.key == key))
            except CopilotError as error:
                unfinished.append(f"original file {key}: {error}; the next start tries again")

    def _remaining(
        self, document_id: str, erased: Erased, points: int | None, unfinished: list[str]
    ) -> Counts:
        with self._database.read() as connection:
            left = {table.name: _count(connection, table, document_id) for table in (texts, chunks)}
            unused = [key for key in erased.blob_keys if not blob_in_use(connection, key)]
        try:
            blobs = sum(self._blobs().holds(key) for key in unused)
        except CopilotError as error:
            unfinished.append(f"original files: {error}; the next start tries again")
            blobs = len(unused)
        return Counts(
            texts=left["texts"],
            chunks=left["chunks"],
            blobs=blobs,
            quotes=self._answers.still_quoting(document_id),
            index_points=points,
        )

    def _overwrite(self, unfinished: list[str]) -> bool:
        try:
            done = self._database.forget_deleted()
        except CopilotError as error:
            unfinished.append(f"database: {error}; its log is emptied when it is closed")
            return False
        if not done and self._database.dialect == "sqlite":
            unfinished.append(
                "database: somebody reads an earlier state; its log is emptied with the next "
                "deletion, or when it is closed"
            )
        return done


def _forget_notices(connection: Connection, document_id: str) -> None:
    about = notices.c.body["document_id"].as_string() == document_id
    connection.execute(delete(notices).where(about))


def _count(connection: Connection, table: Table, document_id: str) -> int:
    query = select(func.count()).where(table.c.document_id == document_id)
    return int(connection.execute(query.select_from(table)).scalar_one())
