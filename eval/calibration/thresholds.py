"""From which confidence on answers are right often enough, and how sure that is."""

from collections.abc import Sequence
from math import sqrt
from statistics import NormalDist

from copilot.confidence import Thresholds
from eval.calibration.observing import Seen

FEWEST_OF_A_KIND = 40


def thresholds(
    seen: Sequence[Seen], confidence: Sequence[float], *, precision: float, certainty: float
) -> Thresholds:
    """The lowest confidence that holds, over all cases and for each kind with enough of its own.

    A case counts for each kind that it cites. A kind with fewer than `FEWEST_OF_A_KIND` cases
    inherits the pooled threshold, that is, it is left out.
    """
    pairs = list(zip(confidence, seen, strict=True))
    kinds = sorted({kind for one in seen for kind in one.kinds})
    found: dict[str, float | None] = {}
    for kind in kinds:
        own = [(p, one.right) for p, one in pairs if kind in one.kinds]
        if len(own) >= FEWEST_OF_A_KIND:
            found[kind] = lowest_threshold(own, precision, certainty)
    pooled = lowest_threshold([(p, one.right) for p, one in pairs], precision, certainty)
    return Thresholds(precision=precision, certainty=certainty, pooled=pooled, kinds=found)


def lowest_threshold(
    pairs: Sequence[tuple[float, bool]], precision: float, certainty: float
) -> float | None:
    """The lowest confidence from which on the Wilson bound reaches `precision`; None without one.

    Cases of equal confidence stand or fall together.
    """
    ordered = sorted(pairs, key=lambda pair: -pair[0])
    best, right = None, 0
    for number, (confidence, ok) in enumerate(ordered, start=1):
        right += ok
        last_of_its_kind = number == len(ordered) or ordered[number][0] < confidence
        if last_of_its_kind and wilson_lower(right, number, certainty) >= precision:
            best = confidence
    return best


def wilson_lower(right: int, cases: int, certainty: float) -> float:
    """The lower end of a one-sided interval for a share (Wilson, 1927); 0 for no cases."""
    if not cases:
        return 0.0
    z = NormalDist().inv_cdf(certainty)
    share = right / cases
    middle = share + z * z / (2 * cases)
    reach = z * sqrt(share * (1 - share) / cases + z * z / (4 * cases * cases))
    return (middle - reach) / (1 + z * z / cases)
