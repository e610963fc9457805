"""From the legs of a search to one ranking. Pure: same scores in, same ranking out.

Legs speak different languages (a cosine, a keyword score), so each is standardised over what it
returned for this question before they are added. Only what the asker may see is ever returned,
so nothing else can move the ranking.

Why not reciprocal ranks: they forget how far ahead a hit is, and where one leg is much weaker
than another they let it vote as loudly.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import fsum, sqrt
from types import MappingProxyType
from typing import Final


class Leg(StrEnum):
    """A way of finding chunks. Standardised scores are weighed by `LEG_WEIGHTS`."""

    TEXT = "text"
    """Cosine of the question to the chunk."""
    CONTEXT = "context"
    """Cosine of the question to the chunk among its neighbours."""
    KEYWORDS = "keywords"
    """Keyword score, 0 where no term is shared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingWeights:
    """What each signal of a chunk is worth, in standard deviations of that signal.

    `keywords`, `text` and `context` weigh the legs' standardised scores, `agreement` a heading in
    the question's own words, `sentence` the chunk's nearest sentence (0: none is looked up).
    """

    keywords: float
    text: float
    context: float
    agreement: float
    sentence: float

    def of(self, leg: "Leg") -> float:
        """The weight of a leg."""
        return {Leg.KEYWORDS: self.keywords, Leg.TEXT: self.text, Leg.CONTEXT: self.context}[leg]


# Chosen on halves of two document sets and checked on the other halves and on two further sets:
# docs/decisions/0012-ranking.md. The optimum is broad: .1 more or less of keywords costs at most
# four points of hit@1, and nothing on the larger set.
LEG_WEIGHTS: Final[Mapping[Leg, float]] = MappingProxyType(
    {Leg.KEYWORDS: 0.6, Leg.TEXT: 0.2, Leg.CONTEXT: 0.2}
)
# What a heading in the question's own words is worth, in standard deviations of the fused score.
AGREEMENT_WEIGHT: Final = 0.8
SHIPPED_WEIGHTS: Final = RankingWeights(
    keywords=LEG_WEIGHTS[Leg.KEYWORDS],
    text=LEG_WEIGHTS[Leg.TEXT],
    context=LEG_WEIGHTS[Leg.CONTEXT],
    agreement=AGREEMENT_WEIGHT,
    sentence=0.0,
)
# What a ticket gives way to an approved document, in the same unit: what happened once to one
# customer is no rule, however well its words fit.
TICKET_HANDICAP: Final = 1.0
# The first five places show five documents, where there are so many; the first ten hold at most
# three passages of one. A gold document was among those of the first five passages for 93% of
# the wixqa questions without the first rule, and for 95.6% with it.
SHARES: Final = ((5, 1), (10, 3))
# Below this, scores differ by rounding alone and say nothing.
_NO_SPREAD: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class LegResult:
    """What one leg returned: raw score by chunk id, at most the leg's limit of them."""

    leg: Leg
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class FusedHit:
    """A chunk in the fused ranking, with the raw scores of the legs that found it.

    `score` orders one ranking and means nothing across questions.
    """

    chunk_id: str
    score: float
    raw: Mapping[Leg, float] = field(hash=False)


def fuse(
    results: Iterable[LegResult], weights: RankingWeights = SHIPPED_WEIGHTS
) -> tuple[FusedHit, ...]:
    """Rank the chunks that any leg found, best first, ties by chunk id.

    A chunk that a leg did not return counts there as the lowest score the leg did return; in
    the keyword leg, which returns only chunks that share a term, it counts as 0.
    """
    results = tuple(results)
    by_leg = {result.leg: result.scores for result in results if result.scores}
    scaled = standardised(results)
    found = {chunk_id for scores in by_leg.values() for chunk_id in scores}
    hits = (
        FusedHit(
            chunk_id=chunk_id,
            # Exactly rounded, so that the order of the legs cannot show in the last digit.
            score=fsum(
                weights.of(leg) * scores.get(chunk_id, lowest)
                for leg, (scores, lowest) in scaled.items()
            ),
            raw=MappingProxyType(
                {leg: by_leg[leg][chunk_id] for leg in Leg if chunk_id in by_leg.get(leg, ())}
            ),
        )
        for chunk_id in found
    )
    return _ordered(hits)


def standardised(
    results: Iterable[LegResult],
) -> Mapping[Leg, tuple[Mapping[str, float], float]]:
    """Each leg's z-scores by chunk id, and the z-score of a chunk that the leg did not return."""
    by_leg = {result.leg: result.scores for result in results if result.scores}
    depth = max((len(scores) for scores in by_leg.values()), default=0)
    return {
        leg: _standardise(scores, depth if leg is Leg.KEYWORDS else len(scores))
        for leg, scores in by_leg.items()
    }


def favour_agreement(
    hits: Iterable[FusedHit],
    agreement: Mapping[str, float],
    weight: float = AGREEMENT_WEIGHT,
) -> tuple[FusedHit, ...]:
    """Move up the chunks whose heading is the question in the same words.

    `agreement` gives a number from 0 to 1 for the chunks it was computed for
    (`keywords.heading_agreement`); those it leaves out have none.
    """
    return _ordered(
        replace(hit, score=hit.score + weight * agreement.get(hit.chunk_id, 0.0)) for hit in hits
    )


def favour_nearness(
    hits: Iterable[FusedHit], nearness: Mapping[str, float], weight: float
) -> tuple[FusedHit, ...]:
    """Move up the chunks one sentence of which is nearest to the question.

    `nearness` gives the cosine of a chunk's nearest sentence, for the chunks it was looked up
    for; they are compared with each other, and a chunk without one stands in their middle.
    """
    if not nearness:
        return tuple(hits)
    scaled = scaled_nearness(nearness)
    return _ordered(
        replace(hit, score=hit.score + weight * scaled.get(hit.chunk_id, 0.0)) for hit in hits
    )


def scaled_nearness(nearness: Mapping[str, float]) -> Mapping[str, float]:
    """What `favour_nearness` adds for a weight of one."""
    return _standardise(nearness, len(nearness))[0] if nearness else {}


def give_way(hits: Iterable[FusedHit], handicap: Mapping[str, float]) -> tuple[FusedHit, ...]:
    """Move down the chunks of a kind that should not win on equal terms.

    `handicap` gives what is taken off the score of those chunks.
    """
    return _ordered(replace(hit, score=hit.score - handicap.get(hit.chunk_id, 0.0)) for hit in hits)


def spread(
    hits: Sequence[FusedHit],
    document_of: Callable[[FusedHit], Hashable],
    *,
    shares: Sequence[tuple[int, int]] = SHARES,
) -> tuple[FusedHit, ...]:
    """Keep one long document from crowding out the rest at the top.

    `shares` are pairs (first places, passages of one document among them), the narrowest first.
    A passage that is held back comes as soon as its document's share allows it, or where no
    other document has one to offer: nothing is left out.
    """
    waiting = list(hits)
    placed: list[FusedHit] = []
    taken: dict[Hashable, int] = {}
    for places, share in shares:
        held_back: list[FusedHit] = []
        for hit in waiting:
            document = document_of(hit)
            if len(placed) < places and taken.get(document, 0) < share:
                taken[document] = taken.get(document, 0) + 1
                placed.append(hit)
            else:
                held_back.append(hit)
        waiting = held_back
    return (*placed, *waiting)


def _standardise(scores: Mapping[str, float], size: int) -> tuple[dict[str, float], float]:
    """Z-scores over `size` values, of which those missing are 0; and the z of an absent chunk."""
    missing = size - len(scores)
    # Sorted, so that the result does not depend on the order in which hits arrived.
    values = sorted(scores.values())
    mean = fsum(values) / size
    spread_of_scores = sqrt(
        (fsum((value - mean) ** 2 for value in values) + missing * mean**2) / size
    )
    lowest = min(values[0], 0.0) if missing else values[0]
    if spread_of_scores < _NO_SPREAD:
        return dict.fromkeys(scores, 0.0), 0.0
    scaled = {chunk_id: (value - mean) / spread_of_scores for chunk_id, value in scores.items()}
    return scaled, (lowest - mean) / spread_of_scores


def _ordered(hits: Iterable[FusedHit]) -> tuple[FusedHit, ...]:
    return tuple(sorted(hits, key=lambda hit: (-hit.score, hit.chunk_id)))
