"""How much a difference between two runs could be chance: cases drawn again, in pairs.

The paired bootstrap (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 16):
cases are drawn with replacement, the same ones for both runs, and the figure's difference is
measured anew. What lies between the 2.5th and the 97.5th percentile is the noise band.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eval.report.schemas import CaseJson

if TYPE_CHECKING:
    import numpy as np

DRAWS = 2000
_DRAWS_OF_CURVES = 400
_SEED = 20261123
_LOW, _HIGH = 2.5, 97.5

Measure = Callable[[Sequence[CaseJson]], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Between which differences (after less before) chance alone could have moved a figure."""

    low: float
    high: float


NO_BAND = Band(low=math.nan, high=math.nan)


def band_of_means(before: Sequence[float], after: Sequence[float]) -> Band:
    """The band of a mean's difference; paired, NaN where a case has no such score.

    A case may have the score in one run only: an answer is scored where one was given.
    """
    import numpy as np

    if list(map(_told, before)) == list(map(_told, after)):
        return Band(low=0.0, high=0.0)
    drawn = _drawn(len(before), DRAWS)
    return _band(_means(np.asarray(after)[drawn]) - _means(np.asarray(before)[drawn]))


def band_of(measure: Measure, before: Sequence[CaseJson], after: Sequence[CaseJson]) -> Band:
    """The band of any figure's difference; `before` and `after` are the same cases in order."""
    import numpy as np

    differences = [
        measure([after[at] for at in draw]) - measure([before[at] for at in draw])
        for draw in _drawn(len(before), _DRAWS_OF_CURVES)
    ]
    return _band(np.asarray(differences))


def _drawn(cases: int, draws: int) -> "np.ndarray":
    import numpy as np

    return np.random.default_rng(_SEED).integers(0, cases, size=(draws, cases))


def _means(drawn: "np.ndarray") -> "np.ndarray":
    import numpy as np

    present = ~np.isnan(drawn)
    counts = present.sum(axis=1)
    sums = np.where(present, drawn, 0.0).sum(axis=1)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _band(differences: "np.ndarray") -> Band:
    import numpy as np

    known = differences[~np.isnan(differences)]
    if not len(known):
        return NO_BAND
    low, high = np.percentile(known, [_LOW, _HIGH])
    return Band(low=float(low), high=float(high))


def _told(value: float) -> float | None:
    return None if math.isnan(value) else value
