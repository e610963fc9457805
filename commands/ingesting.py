"""`ingest`: read folders and files into the catalog and the index."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from commands.numbers import positive
from commands.opening import opened
from commands.printing import print_json
from commands.usage import Commands, UsageError

if TYPE_CHECKING:
    from ingest.pipeline import IngestReport

# Written out, because importing the enum would cost every `--help` the price of the floors below;
# a test compares them.
_DOC_TYPES = (
    "playbook", "policy", "integration_guide", "release_note", "pricing", "best_practice", "faq",
    "ticket", "reference",
)  # fmt: skip


def add(commands: Commands, shared: argparse.ArgumentParser) -> None:
    """Add `ingest`."""
    ingest = commands.add_parser("ingest", parents=[shared], help="read folders and files")
    ingest.add_argument("paths", nargs="+", metavar="PATH")
    ingest.add_argument("--tenant", metavar="ID", help="who owns the documents")
    ingest.add_argument("--audience", action="append", metavar="A", help="who may read them")
    ingest.add_argument("--doc-type", metavar="T", choices=_DOC_TYPES)
    ingest.add_argument("--approval", choices=("draft", "approved"))
    ingest.add_argument(
        "--prune", nargs="?", const="careful", metavar="all",
        help="withdraw documents whose file has vanished; =all: however many",
    )  # fmt: skip
    ingest.add_argument("--dry-run", action="store_true", help="say what would change")
    ingest.add_argument("--workers", type=positive, default=2, metavar="N")
    ingest.set_defaults(command=_ingest)


def _ingest(options: argparse.Namespace) -> int:
    from foundation.errors import DataFolderBusyError
    from governance.document import ApprovalState, DocType
    from ingest.manifest import IngestOptions
    from ingest.pipeline import IngestRun, Prune
    from ingest.source import discover

    if options.prune not in (None, "careful", "all"):
        raise UsageError(f"--prune takes nothing or 'all', not {options.prune!r}")
    if not all(path.strip() for path in options.paths):
        raise UsageError("a PATH is empty; for the folder you are in, write .")
    paths = [Path(path) for path in options.paths]
    if options.prune and any(path.is_file() for path in paths):
        raise UsageError(
            "--prune compares a whole folder with its owner's documents, and would withdraw all "
            "but the files that are named; name their folder, or leave --prune out"
        )
    corpus = discover(
        paths,
        IngestOptions(
            tenant=options.tenant,
            audience=tuple(options.audience or ()),
            doc_type=DocType(options.doc_type) if options.doc_type else None,
            approval=ApprovalState(options.approval) if options.approval else None,
        ),
    )
    how = IngestRun(
        prune=Prune(options.prune) if options.prune else Prune.NO,
        dry_run=options.dry_run,
        workers=options.workers,
    )
    with opened(options) as assembly:
        from terminal import ingest_progress

        try:
            pipeline = assembly.pipeline
        except DataFolderBusyError as error:
            raise DataFolderBusyError(
                f"{error}; a service that runs takes documents at POST /v1/documents"
            ) from None
        with ingest_progress(visible=not options.json) as on_progress:
            report = pipeline.run(corpus, how, on_progress)
    if options.json:
        print_json(_report_json(report))
    else:
        _print_report(report, dry_run=options.dry_run)
    worked = report.added + report.updated + report.unchanged + report.removed
    if worked == 0:
        reason = "every file failed" if report.failed else "no documents found"
        print(f"partner-copilot: nothing was ingested: {reason}", file=sys.stderr)
        return 1
    return 0


def _report_json(report: "IngestReport") -> dict[str, object]:
    return {
        "added": report.added,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "removed": report.removed,
        "failed": [{"path": one.path, "error": one.error} for one in report.failed],
        "chunks": report.chunks,
        "seconds": round(report.seconds, 3),
    }


def _print_report(report: "IngestReport", *, dry_run: bool) -> None:
    for line in report.warnings:
        print(f"note: {line}")
    for failure in report.failed:
        print(f"failed: {failure.path}: {failure.error}")
    would = "would be " if dry_run else ""
    print(
        f"{report.added} {would}added, {report.updated} {would}updated, "
        f"{report.unchanged} unchanged, {report.removed} {would}removed, "
        f"{len(report.failed)} failed, {report.skipped} skipped; "
        f"{report.chunks} chunks in {report.seconds:.1f} s"
    )
    if report.drafts:
        print(
            f"{report.drafts} of them are not approved, so nobody can search them yet\n"
            "(readers keep the approved version before, if there is one):\n"
            "`partner-copilot documents approve ID`, or ingest with --approval approved"
        )
