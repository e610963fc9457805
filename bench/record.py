"""The record by itself: what a line costs, and what verifying and reading many lines takes."""

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.figures import Board
from foundation.database import open_database
from governance.audit import Action, AuditEvent, record
from governance.audit.reading import AuditFilter, read_page
from governance.audit.verification import verify


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; returns 0 whatever comes out."""
    parser = argparse.ArgumentParser(description="What the record costs by itself.")
    parser.add_argument("--lines", type=int, default=200_000)
    options = parser.parse_args(arguments)
    board = Board()
    with tempfile.TemporaryDirectory(prefix="bench-record-") as work:
        measure_record(Path(work), options.lines, board)
    board.close()
    return 0


def measure_record(work: Path, lines: int, board: Board) -> None:
    """The record by itself: what a line costs, and verifying and reading many."""
    database = open_database(f"sqlite:///{work / 'record.db'}", outside_key="k" * 40)
    try:
        began = datetime(2026, 1, 1, tzinfo=UTC)
        took = []
        for number in range(500):
            at = time.perf_counter()
            with database.write() as connection:
                record(connection, _event(began, number))
            took.append((time.perf_counter() - at) * 1000)
        board.add("record: one line in its own transaction, p50", statistics.median(took), "ms")
        with database.write() as connection:
            for number in range(500, lines):
                record(connection, _event(began, number))
        at = time.process_time()
        whole = verify(database).whole
        cpu = time.process_time() - at
        board.add("record: lines", lines, digits=0)
        board.add("record: verified, and whole", float(whole), digits=0, at_least=1)
        board.add("record: CPU seconds to verify a million lines", cpu * 1e6 / lines, "s", digits=1)
        for what, wanted in (
            ("the newest", AuditFilter()),
            ("of one actor", AuditFilter(actor="user-7")),
            ("of an hour long ago", AuditFilter(since=began, before=began + timedelta(hours=1))),
        ):
            at = time.perf_counter()
            read_page(database, "acme", wanted, limit=100, cursor=None)
            page = (time.perf_counter() - at) * 1000
            board.add(f"record: a page of 100 lines, {what}", page, "ms", digits=1)
    finally:
        database.close()


def _event(began: datetime, number: int) -> AuditEvent:
    return AuditEvent(
        tenant="acme",
        at=began + timedelta(seconds=20 * number),
        action=Action.QUESTION_ASKED,
        actor=f"user-{number % 300}",
        roles=("partner_consultant",),
        target=f"out_{number}",
        details={
            "conversation": f"cnv_{number}",
            "kind": "answer",
            "confidence": 0.87,
            "cited": [["0123456789abcdef0123456789abcdef", 3]] * 2,
            "question": "How fast is a first response for gold partners at a weekend?",
        },
    )


if __name__ == "__main__":
    raise SystemExit(main())
