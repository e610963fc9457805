"""How a calibration held up on cases it had not seen, in figures and bins."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from eval import metrics

COVERAGES = (0.5, 0.7, 0.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Cases of about the same confidence: what was claimed, and what was so."""

    cases: int
    confidence: float
    right: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """The report. `figures` are shares from 0 to 1; one that does not exist is left out."""

    figures: dict[str, float]
    bins: tuple[Bin, ...]
    curve: tuple[metrics.RiskPoint, ...]


def reliability(confidence: Sequence[float], right: Sequence[bool]) -> Reliability:
    """Judge probabilities by what was right."""
    curve = metrics.risk_coverage(confidence, right)
    pairs = list(zip(confidence, right, strict=True))
    figures = {
        "auroc": metrics.auroc([p for p, ok in pairs if ok], [p for p, ok in pairs if not ok]),
        "ece": metrics.expected_calibration_error(confidence, right),
        "brier": metrics.brier(confidence, right),
        "area_under_risk": metrics.area_under_risk(curve),
        **{f"risk_at_{share:.0%}": metrics.risk_at(share, curve) for share in COVERAGES},
    }
    return Reliability(
        figures={name: round(one, 4) for name, one in figures.items() if math.isfinite(one)},
        bins=_bins(pairs),
        curve=curve,
    )


def _bins(pairs: Sequence[tuple[float, bool]]) -> tuple[Bin, ...]:
    count = metrics.ECE_BINS
    binned: dict[int, list[tuple[float, bool]]] = {}
    for p, ok in pairs:
        binned.setdefault(min(int(p * count), count - 1), []).append((p, ok))
    return tuple(
        Bin(
            cases=len(group),
            confidence=sum(p for p, _ in group) / len(group),
            right=sum(ok for _, ok in group) / len(group),
        )
        for _, group in sorted(binned.items())
    )
