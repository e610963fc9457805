"""The figures of a report in words and tables."""

from collections.abc import Sequence

from eval.figures import RIGHT, ZERO_TOLERANCE
from eval.report.markup import Markup, joined, tag
from eval.report.plots import share_bar
from eval.report.schemas import Figure, GroupJson, ReportJson
from eval.score import Metric
from eval.summary import percentiles

_COLUMNS = (
    (RIGHT, "right"),
    (Metric.RIGHT_KIND.value, "kind of outcome"),
    (Metric.HIT_1.value, "hit@1"),
    (Metric.NDCG_10.value, "nDCG@10"),
    (Metric.RIGHT_CITATION.value, "right citation"),
    (Metric.QUOTE_HIT.value, "right quote"),
    (Metric.HALF_THE_WORDS.value, "half the words"),
)
_TILES = (
    (RIGHT, "cases without a miss"),
    (Metric.RIGHT_KIND.value, "right kind of outcome"),
    (Metric.HIT_1.value, "right document found first"),
    (Metric.RIGHT_CITATION.value, "of the answers cite the right document"),
    (Metric.HALF_THE_WORDS.value, "of the answers say at least half of what was expected"),
    (Metric.EXACT_QUOTES.value, "of the quotes are exact"),
)


def tiles(report: ReportJson) -> Markup:
    """What counts, at a glance."""
    figures = report.figures
    shown = [_tile(share(figures[name]), told) for name, told in _TILES if name in figures]
    unsafe = broken_promises(report)
    shown.append(
        _tile(
            str(unsafe),
            "leaks, unapproved or superseded citations and forbidden claims",
            "bad" if unsafe else "good",
        )
    )
    if "auroc" in figures:
        shown.append(_tile(number(figures["auroc"]), "AUROC: tells what it can answer"))
    if "ece" in figures:
        shown.append(_tile(number(figures["ece"]), "ECE: how far confidence is off"))
    times = [one.ask_ms for one in report.cases if one.ask_ms is not None]
    if times:
        median, slow = percentiles(times)
        shown.append(_tile(f"{median:,.0f} ms", f"for half of the questions, p95 {slow:,.0f} ms"))
    return tag("div", *shown, class_="tiles")


def broken_promises(report: ReportJson) -> int:
    """How many cases broke what is never weighed."""
    return sum(
        any(one.scores.get(metric) not in (None, 0.0) for metric in ZERO_TOLERANCE)
        for one in report.cases
    )


def groups_table(what: str, groups: Sequence[GroupJson], report: ReportJson) -> Markup:
    """Scores of each group of cases and of all."""
    columns = [(name, told) for name, told in _COLUMNS if name in report.figures]
    everything = GroupJson(
        name="all",
        cases=len(report.cases),
        misses=len([one for one in report.cases if one.cause]),
        figures=report.figures,
    )
    head = tag(
        "tr",
        tag("th", what, scope="col"),
        tag("th", "cases", scope="col", class_="number"),
        *(tag("th", told, scope="col") for _, told in columns),
    )
    rows = [
        tag(
            "tr",
            tag("th", group.name.replace("_", " "), scope="row"),
            tag("td", str(group.cases), class_="number"),
            *(_cell(group, name) for name, _ in columns),
            class_="all" if group is everything else None,
        )
        for group in (*groups, everything)
    ]
    return tag("div", tag("table", tag("thead", head), tag("tbody", *rows)), class_="wide")


def figures_table(report: ReportJson) -> Markup:
    """Every figure there is."""
    rows = [
        tag("tr", tag("th", name.replace("_", " "), scope="row"),
            tag("td", number(value), class_="number"),
            tag("td", _basis(name, report)))
        for name, value in report.figures.items()
    ]  # fmt: skip
    head = tag("tr", tag("th", "figure", scope="col"), tag("th", "value", class_="number"),
               tag("th", "over", scope="col"))  # fmt: skip
    return tag("div", tag("table", tag("thead", head), tag("tbody", *rows)), class_="wide")


def share(value: Figure) -> str:
    """A share in percent, one digit."""
    return "not a number" if value is None else f"{value:.1%}".replace(".0%", "%")


def number(value: Figure) -> str:
    """A figure with three digits."""
    return "not a number" if value is None else f"{value:.3f}"


def _basis(name: str, report: ReportJson) -> str:
    scored = sum(name in one.scores for one in report.cases)
    judged = report.judged.get(name)
    if judged:
        failed = f", {judged.failed} of them failed" if judged.failed else ""
        return (
            f"mean of {scored:,} cases{failed}, by a model in {judged.runs} runs: "
            f"{judged.low:.3f} to {judged.high:.3f}"
        )
    if scored:
        return f"mean of {scored:,} cases"
    if name == RIGHT:
        return f"share of {len(report.cases):,} cases"
    counted = sum(one.answerable is not None for one in report.cases)
    return f"{counted:,} cases where an answer or an escalation is right"


def _tile(figure: str, told: str, class_: str = "") -> Markup:
    return tag("div", tag("strong", figure), tag("span", told), class_=f"tile {class_}".strip())


def _cell(group: GroupJson, name: str) -> Markup:
    if name not in group.figures:
        return tag("td", "-", class_="cell quiet")
    value = group.figures[name]
    if value is None:
        return tag("td", "not a number", class_="cell")
    return tag("td", joined(share(value), share_bar(value)), class_="cell")
