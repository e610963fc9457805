"""Every miss with what helps to see why."""

from collections import Counter

from eval.report.markup import Markup, joined, tag
from eval.report.schemas import CaseJson, CitedJson, MissJson, PassageJson, ReportJson
from eval.score import Cause

_GRAVE = frozenset({Cause.CRASHED.value, Cause.LEAKED.value, Cause.NOT_IN_FORCE.value})
_MEANINGS = {
    Cause.CRASHED: "asking raised an error",
    Cause.LEAKED: "it showed what this asker must not get",
    Cause.NOT_IN_FORCE: "it cites what is not approved, not valid or replaced",
    Cause.NOT_RETRIEVED: "no right document is among the first ten that search found",
    Cause.RANKED_LOW: "a right document was found, another one came first",
    Cause.WRONG_SPAN: "the right document was at hand, and the wrong part of it was picked",
    Cause.WRONG_VERDICT: "the right text was at hand; answering or keeping silent was wrong",
}


def misses(report: ReportJson) -> Markup:
    """What went wrong, by likely cause and one by one."""
    if not report.misses:
        return tag("p", "Every case went well.")
    by_id = {one.id: one for one in report.cases}
    often = Counter(one.cause for one in report.misses)
    rows = [
        tag("tr", tag("th", cause, scope="row"), tag("td", str(count), class_="number"),
            tag("td", _MEANINGS.get(Cause(cause), "")))
        for cause, count in often.most_common()
    ]  # fmt: skip
    head = tag("tr", tag("th", "likely cause", scope="col"),
               tag("th", "cases", scope="col", class_="number"),
               tag("th", "what it means", scope="col"))  # fmt: skip
    ordered = sorted(
        report.misses, key=lambda one: (one.cause not in _GRAVE, -often[one.cause], one.cause)
    )
    return joined(
        tag("div", tag("table", tag("thead", head), tag("tbody", *rows)), class_="wide"),
        *(_miss(one, by_id[one.id]) for one in ordered),
    )


def _miss(miss: MissJson, case: CaseJson) -> Markup:
    grave = " grave" if miss.cause in _GRAVE else ""
    return tag(
        "details",
        tag("summary", tag("code", miss.id), tag("span", miss.cause, class_=f"cause{grave}"),
            miss.question),
        tag("div", tag("dl", *_facts(miss, case)), class_="body"),
        class_="miss",
        id=f"miss-{miss.id}",
    )  # fmt: skip


def _facts(miss: MissJson, case: CaseJson) -> list[Markup]:
    asker = miss.asker + (f"; only {miss.filters}" if miss.filters else "")
    told: list[tuple[str, Markup | str | None]] = [
        ("earlier", " / ".join(miss.history)),
        ("question", tag("span", miss.question, class_="text")),
        ("understood as", miss.standalone),
        ("asked by", asker),
        ("expected", _expected(miss, case)),
        ("got", _got(miss, case)),
        ("cited", joined(*(_cited(one) for one in miss.cited))),
        ("found", _found(miss)),
        ("scores", _scores(miss)),
    ]
    return [joined(tag("dt", name), tag("dd", what)) for name, what in told if what]


def _expected(miss: MissJson, case: CaseJson) -> Markup:
    return joined(
        tag("strong", case.expected),
        tag("div", miss.reference, class_="text") if miss.reference else None,
        *(
            tag("div", tag("code", gold.uri), tag("blockquote", gold.quote) if gold.quote else None)
            for gold in miss.gold
        ),
        tag("div", "never: ", tag("code", ", ".join(miss.must_not_cite)), class_="quiet")
        if miss.must_not_cite
        else None,
    )


def _got(miss: MissJson, case: CaseJson) -> Markup:
    if miss.error:
        return tag("code", miss.error)
    return joined(
        tag("strong", case.got),
        f" at confidence {case.confidence:.2f}",
        tag("div", miss.text, class_="text"),
    )


def _cited(cited: CitedJson) -> Markup:
    wrong = [] if cited.exact else ["not the stored text"]
    wrong += [] if cited.readable else ["unreadable for the asker"]
    wrong += [cited.standing] if cited.standing != "in force" else []
    note = tag("span", ", ".join(wrong), class_="cause grave") if wrong else None
    quote = tag("blockquote", cited.quote, class_="broken" if wrong else None)
    return tag("div", tag("code", cited.uri), note, quote)


def _found(miss: MissJson) -> Markup:
    gold = {one.uri for one in miss.gold}
    return tag("ol", *(_passage(one, one.uri in gold) for one in miss.passages), class_="passages")


def _passage(passage: PassageJson, is_gold: bool) -> Markup:  # noqa: FBT001 - a fact, not a switch
    told = f" {passage.heading}" if passage.heading else ""
    return tag(
        "li",
        tag(
            "details",
            tag("summary", f"{passage.rank}. ", tag("code", passage.uri), told,
                tag("span", f" cosine {passage.cosine:.3f}, keywords {passage.keywords:.2f}",
                    class_="quiet"),
                " (gold)" if is_gold else None),
            tag("blockquote", passage.text),
            class_="gold" if is_gold else None,
        ),
    )  # fmt: skip


def _scores(miss: MissJson) -> Markup:
    rows = [
        tag("tr", tag("th", one.metric.replace("_", " "), scope="row"),
            tag("td", "not a number" if one.value is None else f"{one.value:.3g}", class_="number"),
            tag("td", one.reason))
        for one in miss.scores
    ]  # fmt: skip
    return tag("details", tag("summary", f"{len(rows)} scores, each with its reason"),
               tag("table", tag("tbody", *rows)))  # fmt: skip
