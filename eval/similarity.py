"""How near an answer is to its reference in meaning, by the embedder that search uses."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from eval.case import Case, Expected
from eval.metrics import plain_text
from eval.observation import Observation
from eval.score import Metric, Score

if TYPE_CHECKING:
    import numpy as np

_SPECIAL_TOKENS = 2


class Embeds(Protocol):
    """What is needed of an embedder (`retrieval.embedding.Embedder`)."""

    @property
    def max_tokens(self) -> int:
        """How many of its tokens the model reads."""

    def embed_documents(self, texts: Sequence[str]) -> "np.ndarray":
        """Unit vectors, one row a text."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Token counts without special tokens."""


class SemanticSimilarity:
    """Cosine of reference and answer, both embedded as documents; below 0 counts as 0.

    The same as ragas's SemanticSimilarity, with one thing mended: an embedder cuts silently what
    is longer than it reads, so a longer text is the mean of its pieces. One model's cosines are
    comparable with each other only.
    """

    def __init__(self, embedder: Embeds) -> None:
        self._embedder = embedder

    def scores(self, case: Case, seen: Observation) -> tuple[Score, ...]:
        """One score where an answer was expected and given, and there is a reference."""
        answered = case.expected is Expected.ANSWER and seen.kind == Expected.ANSWER.kind
        if not answered or not case.reference.strip():
            return ()
        answer = plain_text(seen.text)
        pieces = self._pieces(answer)
        reference, *parts = self._embedder.embed_documents([case.reference, *pieces])
        mean = sum(parts) / len(parts)
        length = float((mean @ mean) ** 0.5)
        cosine = float(reference @ mean) / length if length else 0.0
        told = f"in {len(pieces)} pieces" if len(pieces) > 1 else "in one piece"
        return (
            Score(
                metric=Metric.SEMANTIC_SIMILARITY,
                value=min(1.0, max(0.0, cosine)),
                reason=f"cosine {cosine:.3f} to the reference, the answer {told}",
            ),
        )

    def _pieces(self, text: str) -> list[str]:
        """The text in runs of whole words that the embedder reads to the end."""
        words = text.split() or [""]
        limit = self._embedder.max_tokens - _SPECIAL_TOKENS
        pieces: list[str] = []
        run: list[str] = []
        used = 0
        for word, tokens in zip(words, self._embedder.count_tokens(words), strict=True):
            if run and used + tokens > limit:
                pieces.append(" ".join(run))
                run, used = [], 0
            run.append(word)
            used += tokens
        return [*pieces, " ".join(run)]
