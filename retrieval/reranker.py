"""An optional second look at the best passages, by a cross-encoder that reads question and text.

Off by default: no model that ships here earns its milliseconds. Named in COPILOT_RERANKER it
re-orders what was found; confidence still comes from the raw scores of the legs.
"""

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from foundation.errors import ConfigurationError
from retrieval.passage import Passage

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder


class Reranker(Protocol):
    """Puts passages into a better order."""

    def rerank(self, question: str, passages: Sequence[Passage]) -> tuple[Passage, ...]:
        """The same passages, best first, with ranks from 1."""


class CrossEncoderReranker:
    """Any sentence-transformers cross-encoder, by name or folder; loaded on first use."""

    def __init__(self, model: str) -> None:
        self._name = model
        self._lock = threading.Lock()
        self._loaded: CrossEncoder | None = None

    def rerank(self, question: str, passages: Sequence[Passage]) -> tuple[Passage, ...]:
        """The same passages, best first, with ranks from 1."""
        if not passages:
            return ()
        pairs = [(question, passage.chunk.indexed_text) for passage in passages]
        return reordered(passages, [float(score) for score in self._model().predict(pairs)])

    def _model(self) -> "CrossEncoder":
        with self._lock:
            if self._loaded is None:
                from sentence_transformers import CrossEncoder

                try:
                    self._loaded = CrossEncoder(self._name, device="cpu")
                except (OSError, ValueError) as error:
                    raise ConfigurationError(
                        f"cannot load the reranker {self._name!r} "
                        f"({str(error).splitlines()[0]}); check COPILOT_RERANKER"
                    ) from error
            return self._loaded


def reordered(passages: Sequence[Passage], scores: Sequence[float]) -> tuple[Passage, ...]:
    """Passages by these scores, best first, ties in the old order.

    The score takes the fused one's place, because whoever picks an answer goes by it; the raw
    scores of the legs stay, because confidence reads those.
    """
    order = sorted(range(len(passages)), key=lambda at: (-scores[at], passages[at].rank))
    return tuple(
        replace(passages[at], rank=rank, fused_score=scores[at])
        for rank, at in enumerate(order, start=1)
    )
