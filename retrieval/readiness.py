"""Whether a question could be searched for now."""

import threading
import time

from governance.catalog import Catalog
from retrieval.index import KnowledgeIndex
from retrieval.retriever import QuestionEmbedder

_HOLDS_SECONDS = 1.0


class Readiness:
    """Tries database, index and model.

    It is asked by anybody and often, so a good answer holds for a second.
    """

    def __init__(
        self, *, catalog: Catalog, index: KnowledgeIndex, embedder: QuestionEmbedder
    ) -> None:
        self._catalog = catalog
        self._index = index
        self._embedder = embedder
        self._lock = threading.Lock()
        self._until = 0.0

    def check(self) -> None:
        """Raises the `CopilotError` of the first of them that does not answer."""
        with self._lock:
            if time.monotonic() < self._until:
                return
            self._catalog.generation()
            self._index.count()
            self._embedder.embed_question("ready?")
            self._until = time.monotonic() + _HOLDS_SECONDS
