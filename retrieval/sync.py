"""Keeps the index in step with the catalog, which writes down what changed."""

import logging
import threading
import time
from collections.abc import Callable, Sequence

from foundation.errors import StorageError
from governance.catalog import ANNOUNCED, Catalog, IndexChange
from retrieval.index import KnowledgeIndex

_log = logging.getLogger("copilot.index")

ABANDONED_SECONDS = 3600.0
"""What was announced as long ago as that and never recorded was left by a crash."""
STEP = 500
"""So many changes are applied at once; a search waits for one step and never for all of them."""


class IndexSync:
    """Applies the catalog's change log to the index. Applying a change twice does no harm.

    Answers never depend on it, because every hit is checked against the catalog: a withdrawal
    works before the index knows. It is what makes newly approved documents findable.
    """

    def __init__(
        self,
        catalog: Catalog,
        index: KnowledgeIndex,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._catalog = catalog
        self._index = index
        self._now = now
        self._lock = threading.Lock()
        self._behind = False
        self._announced: dict[int, float] = {}

    def keep_up(self) -> None:
        """Before a search: carry over what changed, one step at most, and fail nobody's search.

        While there is more than one step to do, one search at a time does one, and the others
        search what the index holds by now.
        """
        if not self._lock.acquire(blocking=False):
            if self._behind:
                return
            # Whoever is at it may have read the log before the change that we are to find.
            self._lock.acquire()
            if self._behind:
                self._lock.release()
                return
        try:
            changes = self._changes()
            self._behind = len(changes) > STEP
            self._apply(changes[:STEP])
        except StorageError as error:
            _log.warning("the index could not take in what changed, and will later: %s", error)
        finally:
            self._lock.release()

    def catch_up(self) -> int:
        """Carry over everything that changed; returns how many changes there were."""
        return self._apply_in_steps(self._changes())

    def repair(self) -> int:
        """After a crash: also remove points that were written but never became a version.

        Only for the one process that may write; a writer's own announcements must not be taken
        for another's left-overs.
        """
        return self._apply_in_steps(self._catalog.index_changes())

    def repair_abandoned(self) -> int:
        """The same where others may write too: only what was announced too long ago to be theirs.

        How long ago is counted from the first time that this object has seen it.
        """
        announced = [one for one in self._catalog.index_changes() if one.action == ANNOUNCED]
        now = self._now()
        self._announced = {one.id: self._announced.get(one.id, now) for one in announced}
        old = [one for one in announced if now - self._announced[one.id] >= ABANDONED_SECONDS]
        # Announced again, it is being written by somebody else now.
        written = {(one.document_id, one.version) for one in announced if one not in old}
        return self._apply_in_steps(
            [one for one in old if (one.document_id, one.version) not in written]
        )

    def forget(self, document_id: str) -> int:
        """Carry over the deletion of a document at once, for good; returns how many points remain.

        Searches wait for it, so that none that begins later can meet one of its points.
        """
        with self._lock:
            self._apply([one for one in self._changes() if one.document_id == document_id])
            self._index.flush()
            return self._index.points_of(document_id)

    def _changes(self) -> tuple[IndexChange, ...]:
        return tuple(one for one in self._catalog.index_changes() if one.action != ANNOUNCED)

    def _apply_in_steps(self, changes: Sequence[IndexChange]) -> int:
        for start in range(0, len(changes), STEP):
            with self._lock:
                self._apply(changes[start : start + STEP])
        return len(changes)

    def _apply(self, changes: Sequence[IndexChange]) -> None:
        if not changes:
            return
        for document, version in dict.fromkeys((one.document_id, one.version) for one in changes):
            # What the change was does not matter, only what the catalog says by now: a document
            # that was deleted may be back.
            current = [
                one for one in self._catalog.history(document) if version in (None, one.version)
            ]
            for one in current:
                self._index.set_access(one.document_id, one.version, one.access)
            if not current:
                self._index.delete(document, version)
        self._catalog.index_caught_up(changes)
