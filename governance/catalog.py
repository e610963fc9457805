"""The catalog: the source of truth about documents, their versions, texts and chunks.

Every change happens in one transaction together with the term counts it moves and a line in
`index_changes` that tells the index what to catch up on; so that a crash at any point leaves the
catalog whole and the index repairable. Readers are shown what the catalog says, never what the
index remembers.
"""

from collections.abc import Sequence

from sqlalchemy import delete, insert

from foundation.blobs import BlobStore
from governance import catalog_writing
from governance.approval_steps import FourEyes
from governance.approval_writing import ApprovalChange, change_approval, withdraw_vanished
from governance.author import Author, console
from governance.catalog_reading import CatalogReader
from governance.document import ApprovalState, DocumentVersion
from governance.entries import (
    ANNOUNCED,
    ChunkRow,
    IndexChange,
    KnownDocument,
    NewVersion,
    PlannedVersion,
)
from governance.erasing import erase
from governance.rows import blob_in_use
from governance.statistics import TermCounts
from governance.tables import index_changes

# The catalog with its entries: what uses it needs to know no other of these rooms.
__all__ = [
    "ANNOUNCED",
    "Catalog",
    "ChunkRow",
    "IndexChange",
    "KnownDocument",
    "NewVersion",
    "PlannedVersion",
]

# Databases limit how many values one statement may carry.
_BATCH = 500


class Catalog(CatalogReader):
    """Documents, versions, texts and chunks in the database: what is read, and what changes them.

    Each change is a transaction of its own; `catalog_writing` has them for inside of another's.
    """

    def announce(self, planned: Sequence[PlannedVersion]) -> None:
        """Say which points are about to be written, so that a crash leaves no unknown ones."""
        with self._database.write() as connection:
            connection.execute(
                insert(index_changes),
                [
                    {
                        "document_id": one.document_id,
                        "version": one.version,
                        "action": ANNOUNCED,
                    }
                    for one in planned
                ],
            )

    def record(
        self, batch: Sequence[NewVersion], author: Author | None = None
    ) -> tuple[DocumentVersion, ...]:
        """Add versions whose points the index already holds; readers switch over at commit.

        Without an author it is the console's deed. What a person brings is a draft.
        """
        now = self._clock()
        with self._database.write() as connection:
            return catalog_writing.record_versions(connection, batch, now, author or console())

    def set_approval(  # noqa: PLR0913 - one decision has this many facts
        self,
        document: str,
        number: int,
        *,
        state: ApprovalState,
        by: str,
        note: str = "",
        coming_from: frozenset[ApprovalState] = frozenset(ApprovalState),
    ) -> DocumentVersion:
        """Move a version to another state, as the console.

        Withdrawing takes every version with it. Raises `ConflictError` where the version is not
        in one of the states `coming_from` any more at the moment of writing. What binds people is
        in `governance.approval`.
        """
        change = ApprovalChange(
            document_id=document,
            version=number,
            state=state,
            author=console(by),
            note=note,
            coming_from=coming_from,
            four_eyes=FourEyes.CONSOLE if state is ApprovalState.APPROVED else None,
        )
        now = self._clock()
        with self._database.write() as connection:
            return change_approval(connection, change, now)

    def withdraw_vanished(self, document: str) -> None:
        """Withdraw a document whose file is gone; it comes back when the file does.

        What a person withdrew before stays withdrawn by that person.
        """
        now = self._clock()
        with self._database.write() as connection:
            withdraw_vanished(connection, document, now)

    def erase(self, document: str) -> None:
        """Remove a document, its texts, chunks and counts, as the console; the index follows.

        `governance.deletion` removes what else holds a word of it.
        """
        now = self._clock()
        with self._database.write() as connection:
            erase(connection, document, now, console())

    def replace_chunks(
        self, document: str, number: int, rows: Sequence[ChunkRow], counts: TermCounts
    ) -> None:
        """Swap one version's chunks for others over the same text, when the embedder changed."""
        with self._database.write() as connection:
            catalog_writing.replace_chunks(connection, document, number, rows, counts)

    def remove_unused(self, key: str, blobs: BlobStore) -> None:
        """Remove an original file that no version rests on, and none can come to meanwhile."""
        with self._database.write() as connection:
            if not blob_in_use(connection, key):
                blobs.delete(key)

    def index_caught_up(self, done: Sequence[IndexChange]) -> None:
        """Forget index changes that the index has taken in."""
        with self._database.write() as connection:
            ids = [change.id for change in done]
            for start in range(0, len(ids), _BATCH):
                batch = ids[start : start + _BATCH]
                connection.execute(delete(index_changes).where(index_changes.c.id.in_(batch)))
