"""Keeps the index in step with the catalog, which writes down what changed."""

import threading

from governance.catalog import ANNOUNCED, DELETED, Catalog, IndexChange
from retrieval.index import KnowledgeIndex


class IndexSync:
    """Applies the catalog's change log to the index. Applying a change twice does no harm.

    Answers never depend on it, because every hit is checked against the catalog: a withdrawal
    works before the index knows. It is what makes newly approved documents findable.
    """

    def __init__(self, catalog: Catalog, index: KnowledgeIndex) -> None:
        self._catalog = catalog
        self._index = index
        self._lock = threading.Lock()

    def catch_up(self) -> int:
        """Carry over what changed since; returns how many changes there were."""
        with self._lock:
            changes = [c for c in self._catalog.index_changes() if c.action != ANNOUNCED]
            self._apply(changes)
            return len(changes)

    def repair(self) -> int:
        """After a crash: also remove points that were written but never became a version.

        Only for the process that is about to write; a writer's own announcements must not be
        taken for another's left-overs.
        """
        with self._lock:
            changes = list(self._catalog.index_changes())
            self._apply(changes)
            return len(changes)

    def _apply(self, changes: list[IndexChange]) -> None:
        if not changes:
            return
        for change in changes:
            if change.action == DELETED:
                self._index.delete(change.document_id, change.version)
                continue
            versions = [
                one
                for one in self._catalog.history(change.document_id)
                if change.version in (None, one.version)
            ]
            for one in versions:
                self._index.set_access(one.document_id, one.version, one.access)
            if not versions:
                self._index.delete(change.document_id, change.version)
        self._catalog.index_caught_up(changes)
