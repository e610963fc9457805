"""The figures of a summary for people: a table, a few lines, a line a miss."""
# ruff: noqa: T201 - printing is what this module is for

import math

from eval.judge_model import JudgeUse
from eval.score import Judged, Metric
from eval.summary import Group, Mean, Summary

_COLUMNS = (
    (Metric.HIT_1, "hit@1"),
    (Metric.HIT_5, "hit@5"),
    (Metric.MRR, "MRR"),
    (Metric.NDCG_10, "nDCG"),
    (Metric.RIGHT_KIND, "kind"),
    (Metric.RIGHT_CITATION, "cited"),
    (Metric.QUOTE_HIT, "quote"),
    (Metric.HALF_THE_WORDS, "words"),
    (Metric.EXACT_QUOTES, "exact"),
)
_QUESTION_SHOWN = 90


def print_summary(summary: Summary) -> None:
    """The table, what confidence is worth, and the misses."""
    width = max(len(group.name) for group in (*summary.categories, summary.overall))
    names = " ".join(f"{name:>6}" for _, name in _COLUMNS)
    print(f"{'category':<{width}} {'cases':>5} {names} {'leaks':>6} {'p50 ms':>7} {'p95 ms':>7}")
    for group in (*summary.categories, summary.overall):
        print(_row(group, width))
    silence = summary.silence
    print(
        "\nquote: the gold quote is cited; words: at least half of the reference's content words "
        "are in the answer;\ncited, quote and words count cases that were answered: "
        f"{_share(summary.overall.right_citation_of_all)} of all answerable cases got an answer "
        "with the right citation"
    )
    print(_answers_line(summary.overall))
    if summary.judge is not None:
        print(_judge_lines(summary.overall, summary.judge))
    if summary.failure:
        print(f"the first score that could not be had: {summary.failure}")
    risks = ", ".join(f"{_share(risk)} at {cover:.0%}" for cover, risk in silence.risk_at.items())
    print(
        f"confidence: AUROC {_share(silence.auroc)}, ECE {_share(silence.ece)}, "
        f"Brier {_share(silence.brier)}; risk by coverage: {risks}"
    )
    if not summary.misses:
        print("\nno misses")
        return
    print(f"\n{len(summary.misses)} misses")
    for one in summary.misses:
        print(miss_line(one))


_ANSWER_COLUMNS = (
    (Metric.CITATION_PRECISION, "citation precision"),
    (Metric.CITATION_RECALL, "recall"),
    (Metric.EXACT_FACTS, "exact facts"),
    (Metric.CONTRADICTED_FACTS, "contradicted"),
    (Metric.SEMANTIC_SIMILARITY, "similarity"),
    (Metric.ROUGE_L_RECALL, "ROUGE-L recall"),
    (Metric.CRAG, "CRAG"),
)


def _answers_line(group: Group) -> str:
    shown = [
        f"{name} {_mean(group.means[metric])}"
        for metric, name in _ANSWER_COLUMNS
        if metric in group.means
    ]
    return f"answers: {', '.join(shown) or 'none'}"


def _judge_lines(group: Group, use: JudgeUse) -> str:
    shown = [
        f"{metric.value.removeprefix('judged_').replace('_', ' ')} {_mean(mean)}"
        for metric, mean in group.means.items()
        if metric.judged
    ]
    cost = "" if use.cost is None else f", cost {use.cost:.4f}"
    return (
        f"judge {use.model}: {', '.join(shown) or 'nothing to judge'}\n"
        f"  {use.calls} calls ({use.failed} without a reply, {use.unusable} replies unusable), "
        f"{use.cached} replies from before, {use.input_tokens} tokens in, "
        f"{use.output_tokens} out{cost}"
    )


def _mean(mean: Mean) -> str:
    band = f" ({mean.band[0]:.3f} to {mean.band[1]:.3f})" if mean.band else ""
    failed = f" [{mean.failed} of {mean.cases} failed]" if mean.failed else ""
    return f"{mean.value:.3f}{band}{failed}"


def miss_line(one: Judged) -> str:
    """A miss in one line: where, likely why, what was asked and what came."""
    question = " ".join(one.case.question.split())
    if len(question) > _QUESTION_SHOWN:
        question = question[: _QUESTION_SHOWN - 1] + "…"
    return f"{one.case.id} [{one.cause}] “{question}”: {got(one)}"


def got(one: Judged) -> str:
    """What came, beside what was wanted."""
    if one.seen.error:
        return one.seen.error
    by_metric = {score.metric: score for score in one.scores}
    parts = [by_metric[Metric.RIGHT_KIND].reason]
    if one.value(Metric.LEAK):
        parts.append(f"leak: {by_metric[Metric.LEAK].reason}")
    if Metric.HIT_1 in by_metric and one.value(Metric.HIT_1) == 0.0:
        parts.append(by_metric[Metric.HIT_1].reason)
    if Metric.RIGHT_CITATION in by_metric:
        parts.append(by_metric[Metric.RIGHT_CITATION].reason)
    if one.case.gold:
        parts.append(f"gold {', '.join(sorted(one.case.gold_uris))}")
    return "; ".join(parts)


def _row(group: Group, width: int) -> str:
    values = " ".join(
        f"{group.means[metric].value:6.3f}" if metric in group.means else f"{'-':>6}"
        for metric, _ in _COLUMNS
    )
    p50, p95 = group.ask_ms
    return f"{group.name:<{width}} {group.cases:>5} {values} {group.leaks:>6} {p50:7.1f} {p95:7.1f}"


def _share(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"
