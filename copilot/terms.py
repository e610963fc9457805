"""What a word is worth here: its rarity among the chunks that this asker may read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from copilot.question import Question
from retrieval.keywords import TermStatistics, term_id
from retrieval.keywords import terms as tokenize
from retrieval.passage import Passage


@dataclass(frozen=True, slots=True, kw_only=True)
class TermWeights:
    """The question's telling words with their inverse document frequency (nats, never negative).

    `unseen` are the tokens that no readable chunk contains: the strongest sign that the documents
    do not speak of what is asked.
    """

    weights: Mapping[str, float]
    unseen: frozenset[str]

    @property
    def total(self) -> float:
        """The weight of the whole question."""
        return sum(self.weights.values())

    @property
    def heaviest(self) -> float:
        """The weight of the word that tells most; 0 without words."""
        return max(self.weights.values(), default=0.0)

    def weight(self, tokens: Iterable[str]) -> float:
        """The weight of those of the question's words that are among `tokens`."""
        present = frozenset(tokens)
        return sum(value for token, value in self.weights.items() if token in present)

    def coverage(self, tokens: Iterable[str]) -> float:
        """The share of the question's weight that `tokens` cover, from 0 to 1."""
        return self.weight(tokens) / self.total if self.weights else 0.0

    def rarest(self, count: int) -> tuple[str, ...]:
        """The `count` words that tell most, rarest first; ties in the question's order."""
        return tuple(sorted(self.weights, key=lambda token: -self.weights[token])[:count])


def weigh(question: Question, statistics: TermStatistics) -> TermWeights:
    """Weigh a question's words by the statistics of the chunks its asker may read."""
    weights: dict[str, float] = {}
    unseen: set[str] = set()
    for term in question.terms:
        known = _occurs(term.token, statistics)
        for token in (term.token,) if known or not term.parts else term.parts:
            weights[token] = statistics.rarity(term_id(token))
            if not _occurs(token, statistics):
                unseen.add(token)
    return TermWeights(weights=weights, unseen=frozenset(unseen))


def _occurs(token: str, statistics: TermStatistics) -> bool:
    return statistics.chunks_with_term.get(term_id(token), 0) > 0


def passage_tokens(passage: Passage) -> frozenset[str]:
    """The tokens of all that a passage shows: its title, its headings and its text."""
    chunk = passage.chunk
    return frozenset(tokenize(f"{passage.title} {chunk.header} {chunk.text}"))
