"""`partner-copilot eval run DATASET`: the owner's own questions, judged, on one page."""
# ruff: noqa: T201 - printing is what this module is for

import argparse
import json
import sys
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

from eval.dataset import read_dataset
from eval.evaluation import Parts, evaluate
from eval.judging import WITHOUT_RAGAS, Judging, text_scorers
from eval.printing import print_summary
from eval.ragas_library import has_ragas
from eval.report.page import page
from eval.report.schemas import ReportJson, written
from eval.score import Judged
from eval.summary import Summary, summarise
from eval.summary_json import summary_json
from foundation.errors import StorageError
from foundation.private_file import write_private
from governance.audit import CONSOLE, HOUSE, Action, AuditEvent, record
from governance.derived_texts import DerivedTexts

REPORT, PAGE = "report.json", "report.html"
"""What the halves of a report are called."""

_PROGRESS_EVERY = 25


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
    # Made before a single case is asked: it finds out what is missing.
    judging = (
        Judging(
            assembly.settings,
            assembly.embedder,
            DerivedTexts(assembly.database, assembly.clock),
            runs=options.repeat,
            on_progress=_telling(options, len(cases), "judged"),
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
    """Write both halves of a report into a folder, for its owner: they hold what was asked."""
    try:
        write_private(folder / REPORT, written(report))
        write_private(folder / PAGE, page(report))
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
