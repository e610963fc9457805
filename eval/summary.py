"""Many judged cases as one page of figures: per category, overall, and every miss in a line."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, quantiles

from eval import metrics
from eval.case import Expected
from eval.judge_model import JudgeUse
from eval.score import Judged, Metric, Score

_COVERAGES = (0.5, 0.7, 0.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """The mean of one metric over the cases that have it.

    A score that failed (NaN) is in it as the worst value, and counted in `failed`: a judge that
    does not answer must not make an evaluation look better. `runs` are the means of each run where
    a model judged more than once.
    """

    value: float
    cases: int
    failed: int = 0
    runs: tuple[float, ...] = ()

    @property
    def band(self) -> tuple[float, float] | None:
        """The lowest and the highest mean of all runs; None for a single run."""
        return (min(self.runs), max(self.runs)) if len(self.runs) > 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The figures of one category, or of all cases."""

    name: str
    cases: int
    means: dict[Metric, Mean]
    right_citation_of_all: float
    """Share of all cases that expect an answer which got one with the right citation."""
    leaks: int
    ask_ms: tuple[float, float]
    """Median and 95th percentile, milliseconds a question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """How well confidence tells when to keep silent.

    `auroc`: of confidence, cases that expect an answer against those that expect an escalation.
    The rest judges confidence as the probability that what was picked is right: an answerable
    case whose cited (or, where it was handed over, nearest) document is gold. `curve` and
    `reliability` are what risk and coverage, and confidence and share right, are plotted from;
    `cases` how many cases both stand on. A figure is NaN only where it cannot exist, and `absent`
    then says why, by the figure's name.
    """

    auroc: float
    ece: float
    brier: float
    area_under_risk: float
    risk_at: dict[float, float]
    cases: int
    curve: tuple[metrics.RiskPoint, ...]
    reliability: tuple[metrics.ReliabilityBin, ...]
    absent: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A whole evaluation."""

    overall: Group
    categories: tuple[Group, ...]
    silence: Silence
    misses: tuple[Judged, ...]
    judge: JudgeUse | None = None
    failure: str = ""
    """The first score that could not be had, and why; empty where all could."""


def summarise(judged: Sequence[Judged], *, judge: JudgeUse | None = None) -> Summary:
    """Gather the figures; categories in the order in which they first appear.

    `judge` is what a judge model took, where there was one.
    """
    names = dict.fromkeys(one.case.category for one in judged)
    return Summary(
        overall=_group("all", judged),
        categories=tuple(
            _group(name, [one for one in judged if one.case.category == name]) for name in names
        ),
        silence=_silence(judged),
        misses=tuple(one for one in judged if one.cause is not None),
        failure=_first_failure(judged),
        judge=judge,
    )


def mean(scores: Sequence[Score]) -> Mean:
    """The mean of scores of one metric, at least one; a failure counts as the worst value."""
    worst = 1.0 if scores[0].metric.lower_is_better else 0.0
    repeats = max(len(one.runs) for one in scores)
    return Mean(
        value=fmean(_or_worst(one.value, worst) for one in scores),
        cases=len(scores),
        failed=sum(one.failed for one in scores),
        runs=tuple(
            fmean(_or_worst(one.runs[run] if run < len(one.runs) else one.value, worst)
                  for one in scores)
            for run in range(repeats)
        ),
    )  # fmt: skip


def _or_worst(value: float, worst: float) -> float:
    return worst if math.isnan(value) else value


def _first_failure(judged: Sequence[Judged]) -> str:
    failures = (
        f"{score.metric.value} of {one.case.id}: {score.reason}"
        for one in judged
        for score in one.scores
        if score.failed
    )
    return next(failures, "")


def percentiles(values: Sequence[float]) -> tuple[float, float]:
    """Median and 95th percentile; NaN for no values."""
    if len(values) < 2:  # noqa: PLR2004 - one value is both
        return (values[0], values[0]) if values else (math.nan, math.nan)
    cuts = quantiles(values, n=100, method="inclusive")
    return cuts[49], cuts[94]


def _group(name: str, judged: Sequence[Judged]) -> Group:
    means: dict[Metric, Mean] = {}
    for metric in Metric:
        scores = [score for one in judged if (score := one.score(metric)) is not None]
        if scores:
            means[metric] = mean(scores)
    wanted = [one for one in judged if one.case.expected is Expected.ANSWER and one.case.gold]
    return Group(
        name=name,
        cases=len(judged),
        means=means,
        right_citation_of_all=fmean(one.value(Metric.RIGHT_CITATION) or 0.0 for one in wanted)
        if wanted
        else math.nan,
        leaks=sum(one.value(Metric.LEAK) == 1.0 for one in judged),
        ask_ms=percentiles([one.seen.ask_ms for one in judged if not one.seen.error]),
    )


def _silence(judged: Sequence[Judged]) -> Silence:
    asked = [
        one
        for one in judged
        if one.case.expected in {Expected.ANSWER, Expected.ESCALATION} and not one.seen.error
    ]
    with_answer = [one.seen.confidence for one in asked if one.case.expected is Expected.ANSWER]
    without = [one.seen.confidence for one in asked if one.case.expected is Expected.ESCALATION]
    confidence = [one.seen.confidence for one in asked]
    right = [_picked_right(one) for one in asked]
    curve = metrics.risk_coverage(confidence, right)
    absent: dict[str, str] = {}
    if not asked:
        absent = dict.fromkeys(
            ("ece", "brier", "area_under_risk", "risk_at"),
            "no case that expects an answer or an escalation came through",
        )
    if not with_answer:
        absent["auroc"] = "no case that expects an answer came through"
    elif not without:
        absent["auroc"] = "no case that expects an escalation came through"
    return Silence(
        auroc=metrics.auroc(with_answer, without),
        ece=metrics.expected_calibration_error(confidence, right),
        brier=metrics.brier(confidence, right),
        area_under_risk=metrics.area_under_risk(curve),
        risk_at={coverage: metrics.risk_at(coverage, curve) for coverage in _COVERAGES},
        cases=len(asked),
        curve=curve,
        reliability=metrics.reliability(confidence, right),
        absent=absent,
    )


def _picked_right(one: Judged) -> bool:
    return bool(one.seen.cited) and one.seen.cited[0] in one.case.gold_uris
