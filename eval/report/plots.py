"""The plots of a report, as SVG that scales, prints and follows light and dark."""

from collections.abc import Sequence
from itertools import groupby
from statistics import fmean

from eval.figures import judged_confidence
from eval.metrics import ECE_BINS, risk_coverage
from eval.report.drawing import Axis, Frame, bar, counts, curve, label, plot, shares
from eval.report.markup import Markup, joined, tag
from eval.report.schemas import CaseJson
from eval.summary import percentiles

_MARKED = (0.5, 0.7, 0.9)
_BINS = 20
_ENOUGH = 5


def risk_plot(cases: Sequence[CaseJson]) -> Markup | None:
    """How often it is wrong, the more of all questions it answers, the surest first."""
    points = risk_coverage(*judged_confidence(cases))
    if not points:
        return None
    frame = Frame(y_most=_rounded_up(max(point.risk for point in points)))
    line = [(point.coverage, point.risk) for point in points]
    marked = []
    for coverage in _MARKED:
        point = next(one for one in points if one.coverage >= coverage - 1e-12)
        x, y = frame.x(point.coverage), frame.y(point.risk)
        marked += [
            tag("circle", cx=x, cy=y, r=4, class_="dot"),
            label(x - 6, y - 9, f"{point.risk:.0%}", "end", class_="mark"),
        ]
    return plot(
        frame,
        Axis(name="coverage: share of questions answered", ticks=shares()),
        Axis(name="risk: share of those wrong", ticks=shares(frame.y_most, 4)),
        curve(frame, [(0.0, line[-1][1]), (1.0, line[-1][1])], "chance"),
        curve(frame, line, "line"),
        *marked,
        title=f"Risk by coverage; answering everything is wrong for {line[-1][1]:.0%}",
    )


def reliability_plot(cases: Sequence[CaseJson]) -> Markup | None:
    """Whether confidence means what it says: of answers at .8 eight in ten are right, or not."""
    pairs = sorted(zip(*judged_confidence(cases), strict=True))
    if not pairs:
        return None
    frame = Frame()
    bars, dots = [], []
    for at, found in groupby(pairs, key=lambda pair: min(int(pair[0] * ECE_BINS), ECE_BINS - 1)):
        group = list(found)
        confidence, right = fmean(p for p, _ in group), fmean(ok for _, ok in group)
        told = f"{len(group)} cases at {confidence:.2f}: {right:.0%} right"
        few = " few" if len(group) < _ENOUGH else ""
        bars.append(bar(frame, at / ECE_BINS, (at + 1) / ECE_BINS, 0.0, right, f"soft{few}", told))
        dots.append(
            tag(
                "g",
                tag("title", told),
                tag("circle", cx=frame.x(confidence), cy=frame.y(right),
                    r=2.5 + 6 * (len(group) / len(pairs)) ** 0.5, class_=f"dot{few}"),
            )
        )  # fmt: skip
    return plot(
        frame,
        Axis(name="confidence", ticks=shares()),
        Axis(name="share right", ticks=shares()),
        *bars,
        curve(frame, [(0.0, 0.0), (1.0, 1.0)], "chance"),
        *dots,
        title="Reliability: share right by confidence; on the diagonal it means what it says",
    )


def confidence_plot(cases: Sequence[CaseJson]) -> Markup | None:
    """How confidence is spread: what should be answered to the right, the rest to the left."""
    counted = [one for one in cases if one.answerable is not None]
    if not counted:
        return None
    bins: list[list[int]] = [[0, 0, 0] for _ in range(_BINS)]
    for one in counted:
        what = 2 if not one.answerable else int(not one.picked)
        bins[min(int(one.confidence * _BINS), _BINS - 1)][what] += 1
    frame = Frame(y_most=max(1.0, max(sum(one) for one in bins) * 1.08))
    drawn = []
    for at, numbers in enumerate(bins):
        base = 0
        for number, (class_, name) in zip(numbers, CONFIDENCE_KEY, strict=True):
            drawn.append(
                bar(frame, at / _BINS, (at + 1) / _BINS, base, base + number, class_,
                    f"{number} at {at / _BINS:.2f} to {(at + 1) / _BINS:.2f}: {name}")
            )  # fmt: skip
            base += number
    return plot(
        frame,
        Axis(name="confidence", ticks=shares()),
        Axis(name="cases", ticks=counts(frame.y_most)),
        *drawn,
        title="How confidence is spread over answerable and unanswerable questions",
    )


CONFIDENCE_KEY = (
    ("good", "an answer exists, and what was picked is right"),
    ("poor", "an answer exists, and something else was picked"),
    ("bad", "no answer exists"),
)
"""The stylesheet's classes of the confidence plot, and what they mean."""


def latency_plot(cases: Sequence[CaseJson]) -> Markup | None:
    """How long askers wait."""
    times = [one.ask_ms for one in cases if one.ask_ms is not None]
    if not times:
        return None
    median, slow = percentiles(times)
    most = _rounded_up(max(slow * 1.5, 1.0))
    bins = [0] * _BINS
    for ms in times:
        bins[min(int(ms / most * _BINS), _BINS - 1)] += 1
    frame = Frame(x_most=most, y_most=max(bins) * 1.15)
    ticks = [(most * at / 4, f"{most * at / 4:,.0f}") for at in range(4)]
    return plot(
        frame,
        Axis(name="milliseconds a question", ticks=[*ticks, (most, f"{most:,.0f} or more")][:4]),
        Axis(name="cases", ticks=counts(frame.y_most)),
        *(
            bar(frame, at * most / _BINS, (at + 1) * most / _BINS, 0, number, "soft",
                f"{number} took {at * most / _BINS:,.0f} to {(at + 1) * most / _BINS:,.0f} ms")
            for at, number in enumerate(bins)
        ),
        *(
            joined(
                tag("line", x1=frame.x(ms), x2=frame.x(ms), y1=frame.floor,
                    y2=frame.y(frame.y_most), class_="chance"),
                label(frame.x(ms) + 4, frame.y(frame.y_most) + 10, f"{name} {ms:,.0f} ms", "start",
                      class_="mark"),
            )
            for name, ms in (("p50", median), ("p95", slow))
        ),
        title=f"Latency: half of the questions took up to {median:,.0f} ms",
    )  # fmt: skip


def share_bar(value: float, *, lower_is_better: bool = False) -> Markup:
    """A share as a small bar in a table."""
    best = 1.0 - value if lower_is_better else value
    class_ = "good" if best >= 0.9 else "poor" if best >= 0.7 else "bad"  # noqa: PLR2004 - as told
    return tag(
        "svg",
        tag("rect", x=0, y=0, width=100, height=6, rx=3, class_="track"),
        tag("rect", x=0, y=0, width=max(0.0, min(value, 1.0)) * 100, height=6, rx=3, class_=class_),
        class_="mini",
        viewBox="0 0 100 6",
        preserveAspectRatio="none",
        aria_hidden="true",
    )


def _rounded_up(value: float) -> float:
    """The next of 1, 2, 2.5, 4, 5, 8 times a power of ten, so that ticks are round numbers."""
    size = 10.0**-3
    while True:
        for step in (1, 2, 4, 5, 8):
            if value <= step * size:
                return step * size
        size *= 10
