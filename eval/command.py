"""`partner-copilot eval run DATASET`: the owner's own questions, judged, on one page."""
# ruff: noqa: T201 - printing is what this module is for

import argparse
import json
import math
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from copilot.ask import Copilot
from copilot.records import Records
from eval.dataset import read_dataset
from eval.runner import CatalogCheck, Runner
from eval.score import Judged, Metric
from eval.standing import Standings
from eval.summary import Group, Summary, summarise
from foundation.clock import Clock
from foundation.database import Database, open_database
from governance.audit import CONSOLE, HOUSE, Action, AuditEvent, record
from governance.catalog import Catalog
from governance.visible_catalog import VisibleCatalog
from retrieval.retriever import Retriever

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


class Parts(Protocol):
    """What an evaluation needs of the running parts."""

    @property
    def database(self) -> Database:
        """Where the record of the house is."""

    @property
    def clock(self) -> Clock:
        """What time it is."""

    @property
    def catalog(self) -> Catalog:
        """The truth about documents."""

    @property
    def visible_catalog(self) -> VisibleCatalog:
        """The catalog through an asker's eyes."""

    @property
    def retriever(self) -> Retriever:
        """Search."""

    def copilot_recording_to(self, records: Records) -> Copilot:
        """The copilot as it is configured, with another place for its records."""


def run_eval(assembly: Parts, options: argparse.Namespace) -> int:
    """Ask every case of a dataset and print what came of it; 0 when it ran.

    Asking leaves a record and may open an escalation. In an evaluation those go to a database of
    their own that is thrown away: made-up questions must not wait in a person's queue, nor move
    the insights that are read from what partners really asked, nor fill their audit. The house's
    audit says that there was an evaluation.
    """
    path = Path(options.dataset)
    cases = read_dataset(path)
    began = time.perf_counter()
    done = 0

    def on_progress(_: Judged) -> None:
        nonlocal done
        done += 1
        if not options.json and done % _PROGRESS_EVERY == 0 and sys.stderr.isatty():
            print(f"{done} of {len(cases)} cases", file=sys.stderr)

    with TemporaryDirectory(prefix="evaluation-") as folder:
        database = open_database(f"sqlite:///{Path(folder) / 'records.db'}")
        try:
            runner = Runner(
                # Thrown away with the folder, so there is nothing to take out.
                copilot=assembly.copilot_recording_to(Records(database, str)),
                retriever=assembly.retriever,
                check=CatalogCheck(
                    assembly.visible_catalog, Standings(assembly.catalog, assembly.clock)
                ),
            )
            judged = runner.run(cases, on_progress)
        finally:
            database.close()
    summary = summarise(judged)
    _put_on_record(assembly, path.name, summary)
    if options.json:
        report = summary_json(summary, dataset=path.name, seconds=time.perf_counter() - began)
        print(json.dumps(report, ensure_ascii=False))
    else:
        print_summary(summary)
    return 0


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
