"""`partner-copilot eval run DATASET`: the owner's own questions, judged, on one page."""
# ruff: noqa: T201 - printing is what this module is for

import argparse
import json
import math
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import asdict
from itertools import count
from pathlib import Path

from eval.dataset import read_dataset
from eval.evaluation import Parts, evaluate
from eval.judge_model import JudgeUse
from eval.judging import WITHOUT_RAGAS, Judging, text_scorers
from eval.ragas_library import has_ragas
from eval.report.page import page
from eval.report.schemas import ReportJson, written
from eval.score import Judged, Metric
from eval.summary import Group, Mean, Summary, summarise
from foundation.errors import StorageError
from governance.audit import CONSOLE, HOUSE, Action, AuditEvent, record

REPORT, PAGE = "report.json", "report.html"
"""What the halves of a report are called."""

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
_PROGRESS_EVERY = 25
_QUESTION_SHOWN = 90


def run_eval(assembly: Parts, options: argparse.Namespace) -> int:
    """Ask every case of a dataset and print what came of it; 0 when it ran.

    The house's audit says that there was an evaluation.
    """
    path = Path(options.dataset)
    cases = read_dataset(path)
    folder = Path(options.report) if options.report else None
    if folder:
        # Now, and not after minutes of asking.
        _make(folder)
    scorers = text_scorers(assembly.embedder)
    if not has_ragas():
        print(WITHOUT_RAGAS, file=sys.stderr)
    began = time.perf_counter()
    with ExitStack() as opened:
        # Made before a single case is asked: it finds out what is missing.
        judging = (
            opened.enter_context(
                closing(
                    Judging(
                        assembly.settings,
                        assembly.embedder,
                        runs=options.repeat,
                        on_progress=_telling(options, len(cases), "judged"),
                    )
                )
            )
            if options.judge
            else None
        )
        found = evaluate(
            assembly,
            cases,
            path.name,
            scorers=scorers,
            judging=judging,
            on_progress=_telling(options, len(cases), "asked"),
        )
    summary = summarise(found.judged, judge=judging.use if judging else None)
    _put_on_record(assembly, path.name, summary)
    if options.json:
        report = summary_json(summary, dataset=path.name, seconds=time.perf_counter() - began)
        print(json.dumps(report, ensure_ascii=False))
    else:
        print_summary(summary)
    if folder:
        write_report(found.report, folder)
        if not options.json:
            print(f"\n{folder / REPORT} for machines, {folder / PAGE} for people")
    return 0


def _telling(options: argparse.Namespace, cases: int, what: str) -> Callable[[Judged], None]:
    """Tells who waits at a terminal how far it is."""
    counted = count(1)

    def on_progress(_: Judged) -> None:
        done = next(counted)
        if not options.json and done % _PROGRESS_EVERY == 0 and sys.stderr.isatty():
            print(f"{done} of {cases} cases {what}", file=sys.stderr)

    return on_progress


def write_report(report: ReportJson, folder: Path) -> None:
    """Write both halves of a report into a folder."""
    try:
        (folder / REPORT).write_text(written(report), "utf-8")
        (folder / PAGE).write_text(page(report), "utf-8")
    except OSError as error:
        raise StorageError(f"the report cannot be written to {folder}: {error.strerror}") from None


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"the folder {folder} cannot be made: {error.strerror}") from None


def _put_on_record(assembly: Parts, dataset: str, summary: Summary) -> None:
    with assembly.database.write() as connection:
        record(
            connection,
            AuditEvent(
                tenant=HOUSE,
                at=assembly.clock(),
                action=Action.EVALUATED,
                actor=CONSOLE,
                target=dataset,
                details={"cases": summary.overall.cases, "leaks": summary.overall.leaks},
            ),
        )


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


def summary_json(summary: Summary, *, dataset: str, seconds: float) -> dict[str, object]:
    """The same for machines.

    A figure that does not exist is null, and `absent` says why; a score that could not be had is
    null and `failed`.
    """
    silence = summary.silence
    return {
        "dataset": dataset,
        "cases": summary.overall.cases,
        "seconds": round(seconds, 3),
        "overall": _group_json(summary.overall),
        "categories": {group.name: _group_json(group) for group in summary.categories},
        "silence": {
            "auroc": _figure(silence.auroc),
            "ece": _figure(silence.ece),
            "brier": _figure(silence.brier),
            "area_under_risk": _figure(silence.area_under_risk),
            "risk_at": {f"{at:.2f}": _figure(risk) for at, risk in silence.risk_at.items()},
            "absent": silence.absent,
        },
        "judge": asdict(summary.judge) if summary.judge else None,
        "misses": [_miss_json(one) for one in summary.misses],
    }


def _miss_json(one: Judged) -> dict[str, object]:
    return {
        "id": one.case.id,
        "category": one.case.category,
        "question": one.case.question,
        "expected": one.case.expected.value,
        "got": one.seen.kind,
        "cause": one.cause.value if one.cause else None,
        "confidence": _figure(one.seen.confidence),
        "gold": sorted(one.case.gold_uris),
        "cited": list(one.seen.cited),
        "ranking": list(one.seen.ranking),
        "text": one.seen.text,
        "error": one.seen.error or None,
        "scores": {
            score.metric.value: {
                "value": _figure(score.value),
                "reason": score.reason,
                **({"failed": True} if score.failed else {}),
            }
            for score in one.scores
        },
    }


def _group_json(group: Group) -> dict[str, object]:
    return {
        "cases": group.cases,
        **{metric.value: _figure(mean.value) for metric, mean in group.means.items()},
        # A failure is told apart: it counts as the worst value and must be seen.
        "failed": {
            metric.value: mean.failed for metric, mean in group.means.items() if mean.failed
        },
        "bands": {
            metric.value: [_figure(one) for one in mean.band]
            for metric, mean in group.means.items()
            if mean.band
        },
        "right_citation_of_all": _figure(group.right_citation_of_all),
        "leaks": group.leaks,
        "ask_ms_p50": _figure(group.ask_ms[0]),
        "ask_ms_p95": _figure(group.ask_ms[1]),
    }


def _row(group: Group, width: int) -> str:
    values = " ".join(
        f"{group.means[metric].value:6.3f}" if metric in group.means else f"{'-':>6}"
        for metric, _ in _COLUMNS
    )
    p50, p95 = group.ask_ms
    return f"{group.name:<{width}} {group.cases:>5} {values} {group.leaks:>6} {p50:7.1f} {p95:7.1f}"


def _share(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"


def _figure(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)
