"""From pools to weights, and what weights are worth on pools that they were not fitted on.

Few numbers, tried in few steps: a fit with more freedom (trees, a logistic fit over sixteen
signals) learned the set of questions and lost on the next one (docs/decisions/0026-ranker.md).
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import fsum, sqrt
from statistics import fmean, pvariance
from typing import Final

from eval.adapt.pools import Pool
from retrieval.fusion import SHIPPED_WEIGHTS, RankingWeights

EXPECTED_WEIGHTS: Final = replace(SHIPPED_WEIGHTS, sentence=0.8)
"""The first guess: best on each two of three sets of questions, and good on the third."""

_SENTENCE: Final = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_KEYWORDS: Final = (0.5, 0.6)
_RESAMPLES: Final = 1_000
_FIRST: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How a ranking did: shares of the questions, and the mean reciprocal rank."""

    questions: int
    hit_1: float
    hit_5: float
    mrr: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Before and after on the same questions; the gain of MRR with its 95% band."""

    before: Figures
    after: Figures
    gain_low: float
    gain_high: float

    @property
    def gain(self) -> float:
        """How much the mean reciprocal rank moved."""
        return self.after.mrr - self.before.mrr


def fit(groups: Sequence[Sequence[Pool]]) -> RankingWeights:
    """The weights with the best mean reciprocal rank, each group of pools counting alike.

    The first guess stays unless others are better by more than a standard error: a few hundred
    questions cannot tell neighbouring weights apart.
    """
    filled = [group for group in groups if group]
    guessed = [_reciprocals(group, EXPECTED_WEIGHTS) for group in filled]

    def gain(weights: RankingWeights) -> tuple[float, float]:
        gains = [
            [new - old for new, old in zip(_reciprocals(group, weights), known, strict=True)]
            for group, known in zip(filled, guessed, strict=True)
        ]
        error = sqrt(fsum(pvariance(one) / len(one) for one in gains)) / len(gains)
        return fmean(fmean(one) for one in gains), error

    best, (gained, error) = max(
        ((weights, gain(weights)) for weights in _choices()), key=lambda tried: tried[1][0]
    )
    return best if gained > error else EXPECTED_WEIGHTS


def cross_fitted(
    pairs: Sequence[Pool], cases: Sequence[Pool], *, folds: int, seed: int
) -> tuple[int, ...]:
    """The cases' ranks, each by weights that were fitted without its fold."""
    order = list(range(len(cases)))
    random.Random(seed).shuffle(order)
    found = [0] * len(cases)
    for fold in range(folds):
        held_out = order[fold::folds]
        kept = [cases[at] for at in order if at not in held_out]
        weights = fit([pairs, kept])
        for at, rank in zip(held_out, ranks([cases[at] for at in held_out], weights), strict=True):
            found[at] = rank
    return tuple(found)


def ranks(pools: Sequence[Pool], weights: RankingWeights) -> tuple[int, ...]:
    """At which place of each ranking the first right document stands; 0: at none."""
    return tuple(_rank(pool, weights) for pool in pools)


def compare(before: Sequence[int], after: Sequence[int], *, seed: int) -> Compared:
    """Two rankings of the same questions; the band comes from resampling the questions."""
    gains = [_reciprocal(new) - _reciprocal(old) for old, new in zip(before, after, strict=True)]
    rng = random.Random(seed)
    means = sorted(fmean(rng.choices(gains, k=len(gains))) for _ in range(_RESAMPLES))
    return Compared(
        before=figures(before),
        after=figures(after),
        gain_low=means[round(0.025 * (_RESAMPLES - 1))],
        gain_high=means[round(0.975 * (_RESAMPLES - 1))],
    )


def figures(places: Sequence[int]) -> Figures:
    """The shares of questions whose right document stands first, or among the first five."""
    return Figures(
        questions=len(places),
        hit_1=fmean(place == 1 for place in places),
        hit_5=fmean(1 <= place <= _FIRST for place in places),
        mrr=fmean(_reciprocal(place) for place in places),
    )


def _rank(pool: Pool, weights: RankingWeights) -> int:
    import numpy as np

    scores: np.ndarray = pool.signals @ np.array(
        [weights.keywords, weights.text, weights.context, weights.agreement, weights.sentence]
    )
    seen: dict[str, None] = {}
    for at in np.argsort(-(scores - pool.handicap), kind="stable"):
        seen[pool.documents[at]] = None
        if pool.documents[at] in pool.right:
            return len(seen)
    return 0


def _reciprocals(pools: Sequence[Pool], weights: RankingWeights) -> list[float]:
    return [_reciprocal(place) for place in ranks(pools, weights)]


def _reciprocal(place: int) -> float:
    return 1.0 / place if place else 0.0


def _choices() -> Iterator[RankingWeights]:
    for keywords, sentence in product(_KEYWORDS, _SENTENCE):
        rest = (1.0 - keywords) / 2
        yield replace(
            SHIPPED_WEIGHTS, keywords=keywords, text=rest, context=rest, sentence=sentence
        )
