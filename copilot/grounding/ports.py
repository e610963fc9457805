"""What grounding may ask a model: how near two sentences are, and whether one follows."""

from collections.abc import Sequence
from typing import Protocol


class Closeness(Protocol):
    """How near sentences are in meaning to the quotes they rest on."""

    def __call__(self, sentences: Sequence[str], quotes: Sequence[str]) -> Sequence[float]:
        """Cosine of each sentence with the quote at the same place, from -1 to 1."""


class FactChecker(Protocol):
    """A model that was made for saying whether evidence supports a sentence."""

    def supports(self, sentence: str, evidence: str) -> float:
        """The probability that it does, from 0 to 1."""
