"""Whether a release got worse: a report against a baseline, beyond what chance explains.

Some things are not weighed at all. One leak, one citation of what is not approved or was
replaced, one forbidden claim, one quote that is not the stored text, a figure that is not a number
or not there, a calibration made for other signals: each of them closes the gate by itself.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from eval.bootstrap import Band, Measure, band_of, band_of_means
from eval.figures import (
    LOWER_IS_BETTER,
    PERFECT,
    RIGHT,
    SILENCE,
    ZERO_TOLERANCE,
    mean_of,
    metric_names,
    right,
)
from eval.report.schemas import CaseJson, JudgedJson, ReportError, ReportJson
from eval.score import Cause

NEGLIGIBLE = 0.005
"""Half a point. A figure that every case moves by a hair is not worse, whatever the band says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A figure that moved beyond the noise band. `band` is of the difference, after less before."""

    figure: str
    before: float
    after: float
    band: Band


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the gate says. `faults` are never weighed; `remarks` do not close it."""

    faults: tuple[str, ...]
    worse: tuple[Difference, ...]
    better: tuple[Difference, ...]
    compared: int
    remarks: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether the gate is open."""
        return not self.faults and not self.worse


def compare(report: ReportJson, baseline: ReportJson) -> Verdict:
    """Hold a report against a baseline; raises `ReportError` where the two do not compare."""
    _same_cases(report, baseline)
    faults = [
        *faults_of(report),
        *_missing(report, baseline),
        *_unchecked(report, baseline),
        *_new_crashes(report, baseline),
    ]
    differences, compared = _differences(report, baseline)
    return Verdict(
        faults=tuple(faults),
        worse=tuple(one for one in differences if _is_worse(one)),
        better=tuple(one for one in differences if not _is_worse(one)),
        compared=compared,
        remarks=tuple(_remarks(report, baseline)),
    )


def faults_of(report: ReportJson) -> list[str]:
    """What closes the gate whatever the baseline says."""
    faults = []
    if report.header.calibration.stale:
        faults.append(f"the calibration is stale: {report.header.calibration.stale}")
    if len(report.cases) != report.header.dataset.cases:
        faults.append(
            f"the report has {len(report.cases)} of {report.header.dataset.cases} cases: "
            "the run did not end"
        )
    if not any(one.scores for one in report.cases):
        faults.append("no case has a score")
    for metric in ZERO_TOLERANCE:
        faults += _beyond(report, metric, lambda value: value == 0.0)
    for metric in PERFECT:
        faults += _beyond(report, metric, lambda value: value == 1.0)
    for where, figures in (
        ("", report.figures),
        *((f" in the category {one.name}", one.figures) for one in report.categories),
    ):
        faults += [f"{name}{where} is not a number" for name, got in figures.items() if got is None]
    return faults


def _beyond(report: ReportJson, metric: str, holds: Callable[[float], bool]) -> Iterable[str]:
    scored = [one for one in report.cases if metric in one.scores]
    if not scored and metric in ZERO_TOLERANCE:
        # A check that was not made is not a check that was passed.
        return [f"{metric} is missing: no case was checked for it"]
    broken = [
        one.id for one in scored if (value := one.scores[metric]) is not None and not holds(value)
    ]
    if not broken:
        return []
    return [f"{metric}: {len(broken)} where none is tolerated ({_some(broken)})"]


def _missing(report: ReportJson, baseline: ReportJson) -> Iterable[str]:
    return [f"{name} is missing" for name in baseline.figures if name not in report.figures]


def _unchecked(report: ReportJson, baseline: ReportJson) -> Iterable[str]:
    """Zero-tolerance checks that the baseline made of every case, and the report of some only."""
    for metric in ZERO_TOLERANCE:
        if all(metric in one.scores for one in baseline.cases if one.cause != Cause.CRASHED):
            lacking = [
                one.id
                for one in report.cases
                if one.cause != Cause.CRASHED and metric not in one.scores
            ]
            if lacking:
                yield f"{metric}: {len(lacking)} cases were not checked ({_some(lacking)})"


def _new_crashes(report: ReportJson, baseline: ReportJson) -> Iterable[str]:
    before = {one.id for one in baseline.cases if one.cause == Cause.CRASHED}
    now = [one.id for one in report.cases if one.cause == Cause.CRASHED and one.id not in before]
    return [f"{len(now)} cases crash that did not ({_some(now)})"] if now else []


def _same_cases(report: ReportJson, baseline: ReportJson) -> None:
    mine, theirs = report.header.dataset, baseline.header.dataset
    ours, known = {one.id for one in report.cases}, {one.id for one in baseline.cases}
    if mine.sha256 == theirs.sha256 and ours <= known:
        return
    raise ReportError(
        f"the report is about {mine.name} ({mine.cases} cases, {mine.sha256[:12]}), the baseline "
        f"about {theirs.name} ({theirs.cases} cases, {theirs.sha256[:12]}); run the baseline's "
        "questions, or make this report the baseline with --update"
    )


def _differences(report: ReportJson, baseline: ReportJson) -> tuple[list[Difference], int]:
    known = {one.id: one for one in baseline.cases}
    pairs = [(known[one.id], one) for one in report.cases]
    before, after = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    moved: list[Difference | None] = [_of_right(RIGHT, before, after)]
    moved += [
        _of_metric(name, before, after)
        for name in metric_names(before)
        if name in report.figures
        and name not in (*ZERO_TOLERANCE, *PERFECT)
        and not _runs_overlap(report.judged.get(name), baseline.judged.get(name))
    ]
    if list(map(_confidence, before)) != list(map(_confidence, after)):
        moved += [
            _of_silence(name, measure, before, after)
            for name, measure in SILENCE.items()
            if name in baseline.figures and name in report.figures
        ]
    for what, name_of in _GROUPINGS:
        for name in dict.fromkeys(map(name_of, before)):
            of = [pair for pair in pairs if name_of(pair[0]) == name]
            moved.append(
                _of_right(
                    f"{RIGHT} in the {what} {name}",
                    [pair[0] for pair in of],
                    [pair[1] for pair in of],
                )
            )
    return [one for one in moved if one is not None], len(moved)


_GROUPINGS: tuple[tuple[str, Callable[[CaseJson], str]], ...] = (
    ("category", lambda one: one.category),
    ("kind", lambda one: one.kind),
)


def _of_right(
    name: str, before: Sequence[CaseJson], after: Sequence[CaseJson]
) -> Difference | None:
    return _moved(
        name,
        right(before),
        right(after),
        lambda: band_of_means(
            [float(not one.cause) for one in before], [float(not one.cause) for one in after]
        ),
    )


def _of_silence(
    name: str, measure: Measure, before: Sequence[CaseJson], after: Sequence[CaseJson]
) -> Difference | None:
    return _moved(name, measure(before), measure(after), lambda: band_of(measure, before, after))


def _of_metric(
    name: str, before: Sequence[CaseJson], after: Sequence[CaseJson]
) -> Difference | None:
    return _moved(
        name,
        mean_of(name, before),
        mean_of(name, after),
        lambda: band_of_means(_values(name, before), _values(name, after)),
    )


def _moved(
    name: str, before: float, after: float, band_between: Callable[[], Band]
) -> Difference | None:
    """The difference where it is one: beyond half a point, and the band is clear of nothing."""
    if not abs(after - before) >= NEGLIGIBLE:
        return None
    band = band_between()
    clear = band.low > 0.0 or band.high < 0.0
    return Difference(figure=name, before=before, after=after, band=band) if clear else None


def _runs_overlap(now: JudgedJson | None, before: JudgedJson | None) -> bool:
    """Whether a judge alone, asked again, could have made the difference."""
    if now is None or before is None or 1 in {now.runs, before.runs}:
        return False
    return now.low <= before.high and before.low <= now.high


def _is_worse(one: Difference) -> bool:
    fell = one.after < one.before
    return not fell if one.figure in LOWER_IS_BETTER else fell


def _values(name: str, cases: Sequence[CaseJson]) -> list[float]:
    found = [one.scores.get(name) for one in cases]
    return [math.nan if value is None else value for value in found]


def _confidence(one: CaseJson) -> tuple[float, bool | None, bool]:
    return (one.confidence, one.answerable, one.picked)


def _remarks(report: ReportJson, baseline: ReportJson) -> Iterable[str]:
    mine, theirs = report.header, baseline.header
    if mine.corpus != theirs.corpus:
        yield "the documents are others than the baseline's"
    if mine.day != theirs.day:
        yield f"asked on {mine.day}, the baseline on {theirs.day}: other documents may be in force"
    if mine.calibration.version != theirs.calibration.version:
        yield (
            f"calibration {mine.calibration.version}, the baseline had {theirs.calibration.version}"
        )
    for name, judged in report.judged.items():
        if judged.failed:
            yield f"{name}: the judge failed {judged.failed} times, which counts as the worst value"
    for what, ours, known in (
        ("embedder", mine.embedder, theirs.embedder),
        ("writer", mine.writer, theirs.writer),
        ("code", mine.code, theirs.code),
    ):
        if ours != known:
            yield f"{what} {ours or 'none'}, the baseline had {known or 'none'}"


def _some(ids: Sequence[str]) -> str:
    shown = ", ".join(ids[:5])
    return f"{shown} and {len(ids) - 5} more" if len(ids) > 5 else shown  # noqa: PLR2004 - as above
