"""The page: one file that asks the network for nothing and runs no script.

A policy in the page itself allows its one style sheet, by its digest, and nothing else.
"""

import base64
import hashlib
from functools import lru_cache
from importlib.resources import files

from eval.judge_model import JudgeUse
from eval.report.markup import Markup, joined, tag
from eval.report.misses import misses
from eval.report.plots import (
    CONFIDENCE_KEY,
    confidence_plot,
    latency_plot,
    reliability_plot,
    risk_plot,
)
from eval.report.schemas import CalibrationJson, ReportJson
from eval.report.tables import broken_promises, figures_table, groups_table, share, tiles


def page(report: ReportJson) -> str:
    """The report as HTML."""
    name = report.header.dataset.name
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", f"Evaluation of {name}"),
        Markup(f"<style>{_style()}</style>"),
    )
    body = tag("body", tag("main", *_sections(report)))
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _sections(report: ReportJson) -> list[Markup]:
    wrong = [one for one in report.cases if one.cause]
    return [
        _opening(report),
        tiles(report),
        tag("h2", "When it is sure, is it right?"),
        tag("div", *_plots(report), class_="plots"),
        tag("h2", "Scores per category"),
        groups_table("category", report.categories, report),
        tag("h2", "Scores per kind of document"),
        groups_table("kind of document", report.kinds, report),
        tag("h2", f"Misses ({len(wrong)} of {len(report.cases)})"),
        misses(report),
        tag("h2", "Every figure"),
        tag("details", tag("summary", "Show all figures"), figures_table(report)),
        _about(report),
    ]


def _opening(report: ReportJson) -> Markup:
    header = report.header
    unsafe = broken_promises(report)
    stale = header.calibration.stale
    facts = [
        f"{header.dataset.cases:,} cases",
        f"{header.corpus.documents:,} documents",
        f"asked as of {header.day}",
        f"made {header.made_at:%Y-%m-%d %H:%M} UTC",
        f"version {header.code}",
        f"writer {header.writer}",
    ]
    return joined(
        tag("h1", "What the copilot gets right, and where it should have kept silent"),
        tag("p", *(tag("span", one) for one in [header.dataset.name, *facts]), class_="facts"),
        tag(
            "p",
            f"{unsafe} cases show what must never be shown"
            if unsafe
            else "Nothing was shown that must not be: no leak, no unapproved or superseded source",
            class_=f"verdict {'bad' if unsafe else 'good'}",
        ),
        tag("p", f"The calibration is stale: {stale}", class_="verdict bad") if stale else None,
        tag(
            "p",
            f"{share(report.figures.get('right'))} of the cases went well. Each miss stands below "
            "with the question, what was expected, what came, and a likely cause.",
        ),
    )


def _plots(report: ReportJson) -> list[Markup]:
    cases = report.cases
    key = tag(
        "ul",
        *(tag("li", _swatch(class_), meaning) for class_, meaning in CONFIDENCE_KEY),
        class_="key",
    )
    drawn = (
        (
            "Risk and coverage",
            "The surest questions first: how often it is wrong, the more it answers.",
            risk_plot(cases),
            None,
        ),
        (
            "Reliability",
            "On the dashed line, confidence means what it says. Pale: fewer than five cases.",
            reliability_plot(cases),
            None,
        ),
        (
            "Confidence",
            "What it can answer should lie to the right, what it cannot to the left.",
            confidence_plot(cases),
            key,
        ),
        (
            "Latency",
            "From question to outcome, on the machine that ran this evaluation.",
            latency_plot(cases),
            None,
        ),
    )
    return [
        tag("figure", tag("h3", name), tag("figcaption", told), plot, legend)
        for name, told, plot, legend in drawn
        if plot is not None
    ]


def _swatch(class_: str) -> Markup:
    square = tag("rect", width=10, height=10, rx=2, class_=class_)
    return tag("svg", square, viewBox="0 0 10 10", aria_hidden="true")


def _about(report: ReportJson) -> Markup:
    header = report.header
    calibration = header.calibration
    return joined(
        tag("h2", "About this report"),
        tag(
            "p",
            "A case is right where the kind of outcome is the expected one and, for an answer, the "
            "right document is cited with the right passage, word for word. Confidence is judged "
            "as the probability that what was picked is right. What each figure means is said in "
            "docs/evaluation.md.",
            class_="about",
        ),
        tag(
            "p",
            f"Cases {header.dataset.sha256[:12]}, documents {header.corpus.sha256[:12]}, embedder "
            f"{header.embedder}, calibration {calibration.version} of {calibration.fitted_at} "
            f"({calibration.cases:,} cases). Fitted on: {calibration.fitted_on}"
            + _drift(calibration),
            class_="about",
        ),
        tag("p", _judging(header.judge), class_="about") if header.judge else None,
    )


def _judging(use: JudgeUse) -> str:
    cost = f", at a cost of {use.cost:.2f}" if use.cost is not None else ""
    return (
        f"Judged by {use.model} in {use.runs} runs: {use.calls:,} calls, {use.cached:,} replies "
        f"kept from before, {use.failed:,} without a reply, {use.unusable:,} unusable; "
        f"{use.input_tokens:,} tokens in and {use.output_tokens:,} out{cost}."
    )


def _drift(calibration: CalibrationJson) -> str:
    if not calibration.drifted:
        return ""
    return (
        f" The latest {calibration.live_questions:,} questions that people asked are otherwise in "
        f"{', '.join(calibration.drifted)} (`partner-copilot eval drift`)."
    )


@lru_cache(maxsize=1)
def _style() -> str:
    return files("eval.report").joinpath("page.css").read_text("utf-8")
