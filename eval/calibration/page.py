"""The reliability page: one self-contained file that says what a confidence is worth here."""

from collections.abc import Sequence
from html import escape

from copilot.confidence import Calibration, Thresholds
from eval.calibration.reliability import Reliability

_SIDE = 300
_MARGIN = 36
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:46rem;padding:0 1rem;"
    "color:#1b1f24;background:#fff}table{border-collapse:collapse}td,th{padding:.2rem .8rem .2rem"
    " 0;text-align:left;border-bottom:1px solid #d0d7de}svg{max-width:100%}figure{display:"
    "inline-block;margin:0 1rem 1rem 0}figcaption{font-size:13px;color:#57606a;max-width:20rem}"
)


def page(calibration: Calibration, judged: Reliability) -> str:
    """The page as HTML, with nothing to load from elsewhere."""
    figures = "".join(
        f"<tr><th>{escape(name.replace('_', ' '))}</th><td>{value:.3f}</td></tr>"
        for name, value in judged.figures.items()
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f"<title>Calibration {escape(calibration.version)}</title><style>{_STYLE}</style>"
        f"<h1>Calibration {escape(calibration.version)}</h1>"
        f"<p>{escape(calibration.fitted_on)} Fitted at {escape(calibration.fitted_at)} on "
        f"{calibration.cases} cases. Every figure is of cases that the model had not seen.</p>"
        f"{_diagram(judged)}{_risk(judged)}<h2>Figures</h2><table>{figures}</table>"
        f"{_thresholds(calibration.thresholds)}</html>\n"
    )


def _diagram(judged: Reliability) -> str:
    most = max((one.cases for one in judged.bins), default=1)
    dots = "".join(
        f'<circle cx="{_x(one.confidence):.1f}" cy="{_y(one.right):.1f}" '
        f'r="{3 + 7 * (one.cases / most) ** 0.5:.1f}" fill="#0969da" fill-opacity=".7">'
        f"<title>{one.cases} cases: claimed {one.confidence:.2f}, right {one.right:.2f}</title>"
        "</circle>"
        for one in judged.bins
    )
    ideal = f'<path d="M{_x(0)} {_y(0)}L{_x(1)} {_y(1)}" stroke="#8c959f" stroke-dasharray="4"/>'
    return _figure(
        "Reliability: dots on the line keep their word; larger dots have more cases.",
        "claimed confidence",
        "share right",
        ideal + dots,
    )


def _risk(judged: Reliability) -> str:
    points: Sequence[tuple[float, float]] = [(one.coverage, one.risk) for one in judged.curve]
    line = " ".join(f"{_x(cover):.1f},{_y(risk):.1f}" for cover, risk in points)
    return _figure(
        "Risk and coverage: how often what is answered is wrong, the surest answered first.",
        "share answered",
        "share wrong of those",
        f'<polyline points="{line}" fill="none" stroke="#cf222e" stroke-width="2"/>',
    )


def _figure(caption: str, below: str, beside: str, drawing: str) -> str:
    size = _SIDE + 2 * _MARGIN
    ticks = "".join(
        f'<text x="{_x(at / 4):.0f}" y="{_y(0) + 14}" text-anchor="middle">{at / 4:g}</text>'
        f'<text x="{_x(0) - 6}" y="{_y(at / 4) + 4:.0f}" text-anchor="end">{at / 4:g}</text>'
        for at in range(5)
    )
    return (
        f'<figure><svg viewBox="0 0 {size} {size}" width="{size}" font-size="11" fill="#57606a" '
        f'role="img" aria-label="{escape(caption)}">'
        f'<rect x="{_x(0)}" y="{_y(1)}" width="{_SIDE}" height="{_SIDE}" fill="none" '
        f'stroke="#d0d7de"/>{ticks}'
        f'<text x="{_x(0.5):.0f}" y="{_y(0) + 30}" text-anchor="middle">{below}</text>'
        f'<text transform="translate(10 {_y(0.5):.0f}) rotate(-90)" text-anchor="middle">{beside}'
        f"</text>{drawing}</svg><figcaption>{escape(caption)}</figcaption></figure>"
    )


def _thresholds(found: Thresholds | None) -> str:
    if found is None:
        return ""
    rows = "".join(
        f"<tr><td>{escape(kind.replace('_', ' '))}</td><td>{threshold_text(one)}</td></tr>"
        for kind, one in [("every other kind", found.pooled), *sorted(found.kinds.items())]
    )
    return (
        f"<h2>Thresholds</h2><p>From these on, at least {found.precision:.0%} of what is answered "
        f"is right, with {found.certainty:.0%} certainty.</p>"
        f"<table><tr><th>kind of document</th><th>threshold</th></tr>{rows}</table>"
    )


def threshold_text(value: float | None) -> str:
    """A threshold in words."""
    return "none reaches it" if value is None else f"{value:.2f}"


def _x(value: float) -> float:
    return _MARGIN + value * _SIDE


def _y(value: float) -> float:
    return _MARGIN + (1.0 - value) * _SIDE
