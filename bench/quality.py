"""Finding, citing and keeping silent, on real documents and on the sample corpus.

    python -m bench.quality --work FOLDER [--every 10] [--skip sample,sufficiency] [--misses 20]

Real documents: business_central's pages with the wixqa articles among them, one index, one
configuration for both sets of questions. Each question is asked as it is, and again with its gold
documents taken out of what the asker may read (see `worlds.ThinnedCatalog`).
"""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from bench.figures import Board
from bench.sufficiency import measure_sufficiency
from bench.worlds import (
    SAMPLE,
    BenchAssembly,
    QuestionSet,
    RealWorld,
    business_central,
    shared_data,
    wixqa,
)
from copilot.ask import Asked, Copilot
from copilot.records import Records
from copilot.schemas import kind_of
from eval.case import Case
from eval.dataset import read_dataset
from eval.metrics import auroc, content_word_recall
from eval.printing import miss_line, print_summary
from eval.runner import CatalogCheck, Runner
from eval.scoring import Judged, Metric
from eval.standing import Standings
from eval.summary import percentiles, summarise
from foundation.database import open_database
from ingest.pipeline import IngestReport

SEARCH_TARGETS = {"business_central": (0.93, 0.99), "wixqa": (0.81, 0.945)}
HALF = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """What a question got when its gold documents were gone."""

    case: Case
    kind: str
    confidence: float
    cited: tuple[str, ...]
    recall: float
    """Share of the reference's content words in its text: another document may answer too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One set of questions, asked with and without their gold documents."""

    name: str
    judged: tuple[Judged, ...]
    silent: tuple[Silent, ...]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; returns 0 whether the targets hold or not."""
    parser = argparse.ArgumentParser(description="Quality on real documents.")
    parser.add_argument("--work", type=Path, required=True, help="folder for indexes; re-used")
    parser.add_argument("--every", type=int, default=1, help="only every so-many-th question")
    parser.add_argument("--skip", default="", help="real, sample, sufficiency; by commas")
    parser.add_argument("--misses", type=int, default=15, help="how many misses to print a set")
    parser.add_argument("--fresh", action="store_true", help="ingest again from nothing")
    options = parser.parse_args(arguments)
    skipped = set(options.skip.split(","))
    board = Board()
    data = shared_data()
    if data is None:
        print("no real documents: set COPILOT_SHARED_DATA; only the sample corpus is measured")
    if data is not None and "real" not in skipped:
        measure_real(data, options, board)
    if "sample" not in skipped:
        measure_sample(options, board)
    if data is not None and "sufficiency" not in skipped:
        measure_sufficiency(data, board)
    board.close()
    return 0


def measure_real(data: Path, options: argparse.Namespace, board: Board) -> None:
    """Items 1 to 3: finding, citing and keeping silent among real documents."""
    _made(options, "real")
    assembly = RealWorld(data, options.work)
    try:
        _told(assembly.ingest_real().report)
        sets = [business_central(data).every(options.every), wixqa(data).every(options.every)]
        measured = [_measure(assembly, one, options.work) for one in sets]
        for one in measured:
            _report_set(one, board)
        _report_pooled(measured, board)
        _keep(measured, options.work / "quality.json")
        for one in measured:
            _print_misses(one, options.misses)
    finally:
        assembly.close()


def measure_sample(options: argparse.Namespace, board: Board) -> None:
    """Item 4: the sample corpus and its cases."""
    assembly = BenchAssembly(_made(options, "sample"))
    try:
        _told(assembly.ingest_managed(SAMPLE))
        cases = read_dataset(SAMPLE / "cases.jsonl")[:: options.every]
        summary = summarise(_runner(assembly, options.work).run(cases))
    finally:
        assembly.close()
    print_summary(summary)
    means = summary.overall.means
    board.add("sample: right kind", means[Metric.RIGHT_KIND].value, at_least=0.95)
    board.add(
        "sample: right citation, of the answered",
        means[Metric.RIGHT_CITATION].value,
        at_least=0.90,
    )
    board.add(
        "sample: right citation, of all that have an answer", summary.overall.right_citation_of_all
    )
    board.add("sample: gold quote cited, of the answered", means[Metric.QUOTE_HIT].value)
    board.add("sample: quotes exact", means[Metric.EXACT_QUOTES].value, at_least=1.0)
    board.add("sample: leaks", summary.overall.leaks, at_most=0, digits=0)


def _made(options: argparse.Namespace, name: str) -> Path:
    folder: Path = options.work / name
    if options.fresh:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _copilot(assembly: BenchAssembly, work: Path) -> Copilot:
    return assembly.copilot_recording_to(
        Records(open_database(f"sqlite:///{work / 'records.db'}"), str)
    )


def _runner(assembly: BenchAssembly, work: Path) -> Runner:
    return Runner(
        copilot=_copilot(assembly, work),
        retriever=assembly.retriever,
        check=CatalogCheck(assembly.visible_catalog, Standings(assembly.catalog, assembly.clock)),
    )


def _measure(assembly: BenchAssembly, questions: QuestionSet, work: Path) -> Measured:
    progress = _Progress(questions)
    _runner(assembly, work).run(questions.cases[:1])  # the first question loads the model
    judged = _runner(assembly, work).run(questions.cases, lambda _: progress.step())
    crashed = [one.seen.error for one in judged if one.seen.error]
    if crashed:
        print(f"{len(crashed)} questions crashed, the first: {crashed[0]}")
    copilot = _copilot(assembly, work)
    known = assembly.catalog.known(tenant=_owner(assembly))
    silent = []
    for case in questions.cases:
        gone = frozenset(known[uri].document_id for uri in case.gold_uris if uri in known)
        with assembly.visible_catalog.without(gone):
            outcome = copilot.ask(Asked(text=case.question, principal=case.principal)).outcome
        silent.append(
            Silent(
                case=case,
                kind=kind_of(outcome),
                confidence=outcome.confidence,
                cited=tuple(one.uri for one in getattr(outcome, "citations", ())),
                recall=content_word_recall(case.reference, outcome.text),
            )
        )
        progress.step()
    progress.end()
    return Measured(name=questions.name, judged=judged, silent=tuple(silent))


def _owner(assembly: BenchAssembly) -> str:
    return assembly.catalog.newest()[0].tenant


def _report_set(measured: Measured, board: Board) -> None:
    name, overall = measured.name, summarise(measured.judged).overall
    means = overall.means
    hit_1, hit_5 = SEARCH_TARGETS[name]
    board.add(f"{name}: document hit@1", means[Metric.HIT_1].value, at_least=hit_1)
    board.add(f"{name}: document hit@5", means[Metric.HIT_5].value, at_least=hit_5)
    board.add(f"{name}: MRR", means[Metric.MRR].value)
    board.add(f"{name}: nDCG@10", means[Metric.NDCG_10].value)
    is_main = name == "business_central"
    answered = [one for one in measured.judged if one.seen.kind == "answer"]
    if answered:
        board.add(
            f"{name}: first citation from gold, of the answered",
            means[Metric.FIRST_CITATION].value,
            at_least=0.93 if is_main else None,
        )
        board.add(
            f"{name}: half of the reference's words, of the answered",
            means[Metric.HALF_THE_WORDS].value,
            at_least=0.75 if is_main else None,
        )
        board.add(f"{name}: mean content-word recall", means[Metric.WORD_RECALL].value)
    board.add(f"{name}: quotes exact", means[Metric.EXACT_QUOTES].value, at_least=1.0)
    _report_silence(name, [measured], board)
    for what, values in (
        ("search", [one.seen.search_ms for one in measured.judged]),
        ("ask", [one.seen.ask_ms for one in measured.judged]),
    ):
        p50, p95 = percentiles(values)
        board.add(f"{name}: {what} p50", p50, "ms", digits=1)
        board.add(f"{name}: {what} p95", p95, "ms", digits=1)


def _report_pooled(measured: Sequence[Measured], board: Board) -> None:
    _report_silence("both sets", measured, board)


def _report_silence(name: str, measured: Sequence[Measured], board: Board) -> None:
    judged = [one for group in measured for one in group.judged]
    silent = [one for group in measured for one in group.silent]
    board.add(
        f"{name}: AUROC of confidence, with gold against without",
        auroc([one.seen.confidence for one in judged], [one.confidence for one in silent]),
        at_least=0.88,
    )
    board.add(
        f"{name}: answered with gold",
        fmean(one.seen.kind == "answer" for one in judged),
        at_least=0.70,
    )
    board.add(
        f"{name}: answered without gold",
        fmean(one.kind == "answer" for one in silent),
        at_most=0.15,
    )
    board.add(
        f"{name}: answered without gold by a twin (half of the reference's words)",
        fmean(one.kind == "answer" and one.recall >= HALF for one in silent),
    )


def _print_misses(measured: Measured, most: int) -> None:
    misses = [one for one in measured.judged if one.cause is not None]
    print(f"\n{measured.name}: {len(misses)} misses, the first {most}")
    for one in misses[:most]:
        print(f"  {miss_line(one)}")
    wrong = sorted(
        (one for one in measured.silent if one.kind == "answer"),
        key=lambda one: -one.confidence,
    )
    print(f"{measured.name}: {len(wrong)} answered without their gold document, the surest {most}")
    for silent in wrong[:most]:
        print(
            f"  {silent.case.id} {silent.confidence:.2f} “{silent.case.question[:90]}” "
            f"cites {silent.cited[0]}; gold {min(silent.case.gold_uris)}"
        )


def _keep(measured: Sequence[Measured], path: Path) -> None:
    """Every question's figures, for whoever wants to look closer."""
    rows = [
        {
            "set": group.name,
            "id": one.case.id,
            "question": one.case.question,
            "gold": sorted(one.case.gold_uris),
            "reference": one.case.reference,
            "kind": one.seen.kind,
            "confidence": round(one.seen.confidence, 4),
            "cause": one.cause,
            "ranking": one.seen.ranking,
            "cited": one.seen.cited,
            "quotes": [quote.quote for quote in one.seen.citations],
            "text": one.seen.text,
            "scores": {score.metric.value: score.value for score in one.scores},
            "without_gold": {
                "kind": silent.kind,
                "confidence": round(silent.confidence, 4),
                "cited": silent.cited,
                "recall": round(silent.recall, 4),
            },
        }
        for group in measured
        for one, silent in zip(group.judged, group.silent, strict=True)
    ]
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    print(f"every question's figures: {path}")


def _told(report: IngestReport) -> None:
    print(
        f"ingest: {report.added} added, {report.updated} updated, {report.unchanged} unchanged, "
        f"{len(report.failed)} failed, {report.chunks} chunks, {report.seconds:.1f} s",
        flush=True,
    )


class _Progress:
    """A line on stderr now and then: a full run takes minutes."""

    def __init__(self, questions: QuestionSet) -> None:
        self._name, self._total = questions.name, 2 * len(questions.cases)
        self._done, self._began = 0, time.monotonic()

    def step(self) -> None:
        self._done += 1
        if self._done % 100 == 0:
            print(f"{self._name}: {self._done} of {self._total}", file=sys.stderr, flush=True)

    def end(self) -> None:
        seconds = time.monotonic() - self._began
        print(f"{self._name}: asked {self._total} times in {seconds:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    raise SystemExit(main())
