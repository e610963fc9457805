"""How near sentences and quotes are, while others ask: by the queue that questions go through."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np


class EmbedsInTurn(Protocol):
    """What embeds one text after another, whoever asks: a `QuestionQueue`, or a stand-in."""

    def embed_question(self, text: str) -> np.ndarray:
        """A unit vector, float32."""


class QueuedCloseness:
    """Cosines of sentences with quotes, each text embedded by itself.

    Two threads that both run the model slow each other down, and in a batch a vector's last digits
    would depend on what else is in it.
    """

    def __init__(self, embedder: EmbedsInTurn) -> None:
        self._embedder = embedder

    def __call__(self, sentences: Sequence[str], quotes: Sequence[str]) -> Sequence[float]:
        """Cosine of each sentence with the quote at the same place, from -1 to 1."""
        return [
            float(self._embedder.embed_question(sentence) @ self._embedder.embed_question(quote))
            for sentence, quote in zip(sentences, quotes, strict=True)
        ]
