"""The figures of a report: each a function of its cases, so that cases can be drawn again.

A figure of one metric is its mean over the cases that have it. The others say what confidence is
worth, over the cases where either an answer or an escalation is right.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from types import MappingProxyType
from typing import Final

from eval import metrics
from eval.report.schemas import CaseJson, Figure, Figures
from eval.score import Metric

RIGHT: Final = "right"
"""Share of cases without a miss."""

ZERO_TOLERANCE: Final = tuple(one.value for one in Metric if one.zero_tolerance)
"""What may happen in no case at all."""

PERFECT: Final = (Metric.EXACT_QUOTES.value,)
"""What must be 1 in every case that has it."""

_AUROC = "auroc"
_COVERAGES = (0.5, 0.7, 0.9)


def figures_of(cases: Sequence[CaseJson]) -> Figures:
    """Every figure that these cases have; null where one is not a number."""
    return {
        RIGHT: _rounded(right(cases)),
        **{name: _rounded(mean_of(name, cases)) for name in metric_names(cases)},
        **{
            name: _rounded(measure(cases))
            for name, measure in SILENCE.items()
            if _can_exist(name, cases)
        },
    }


def metric_names(cases: Sequence[CaseJson]) -> list[str]:
    """The metrics that any case has, in the order in which `Metric` lists them."""
    present = {name for case in cases for name in case.scores}
    known = [metric.value for metric in Metric]
    return [name for name in known if name in present] + sorted(present - set(known))


def mean_of(name: str, cases: Sequence[CaseJson]) -> float:
    """The mean of a metric over the cases that have it; NaN where one of them is."""
    values = [case.scores[name] for case in cases if name in case.scores]
    numbers = [value for value in values if value is not None]
    return fmean(numbers) if numbers and len(numbers) == len(values) else math.nan


def right(cases: Sequence[CaseJson]) -> float:
    """Share of cases without a miss; NaN for no cases."""
    return fmean(not case.cause for case in cases) if cases else math.nan


def _can_exist(name: str, cases: Sequence[CaseJson]) -> bool:
    """A figure that cannot exist for these cases is left out; one that failed is null."""
    present = {one.answerable for one in cases} - {None}
    return present == {True, False} if name == _AUROC else bool(present)


def _auroc(cases: Sequence[CaseJson]) -> float:
    return metrics.auroc(
        [one.confidence for one in cases if one.answerable is True],
        [one.confidence for one in cases if one.answerable is False],
    )


def judged_confidence(cases: Sequence[CaseJson]) -> tuple[list[float], list[bool]]:
    """Confidence and whether what was picked is right, of the cases where it can be judged."""
    counted = [one for one in cases if one.answerable is not None]
    return [one.confidence for one in counted], [one.picked for one in counted]


def _ece(cases: Sequence[CaseJson]) -> float:
    return metrics.expected_calibration_error(*judged_confidence(cases))


def _brier(cases: Sequence[CaseJson]) -> float:
    return metrics.brier(*judged_confidence(cases))


def _area(cases: Sequence[CaseJson]) -> float:
    return metrics.area_under_risk(metrics.risk_coverage(*judged_confidence(cases)))


def _risk_at(coverage: float) -> "Callable[[Sequence[CaseJson]], float]":
    def measure(cases: Sequence[CaseJson]) -> float:
        return metrics.risk_at(coverage, metrics.risk_coverage(*judged_confidence(cases)))

    return measure


SILENCE: Final[Mapping[str, Callable[[Sequence[CaseJson]], float]]] = MappingProxyType(
    {
        _AUROC: _auroc,
        "ece": _ece,
        "brier": _brier,
        "area_under_risk": _area,
        **{f"risk@{at:.0%}": _risk_at(at) for at in _COVERAGES},
    }
)
"""What confidence is worth: figures of all cases together, not means over them."""


LOWER_IS_BETTER: Final = frozenset(
    {one.value for one in Metric if one.lower_is_better} | (SILENCE.keys() - {_AUROC})
)
"""Figures of which 0 is the best."""


def _rounded(value: float) -> Figure:
    return None if math.isnan(value) else round(value, 6)
