"""What governance costs: measured by `bench.governance`, and bounded here."""

import sys
from contextlib import redirect_stdout

from attack.check import Check, Scale
from bench.figures import Board
from bench.governance import measure, sampled_questions
from bench.worlds import SAMPLE

_SHARE = "share that governance adds"


def run(scale: Scale) -> list[Check]:
    """Ask and search with all of governance and with none, turn about in one process."""
    questions = sampled_questions(SAMPLE / "cases.jsonl", scale.pick(full=150, quick=30))
    board = Board()
    # The table alone goes to stdout.
    with redirect_stdout(sys.stderr):
        measure(board, questions, scale.pick(full=5, quick=3))
    return [
        Check(
            name=f"cost: {one.name.partition(', p50')[0]}",
            attempts=len(questions),
            asked=f"<= {one.at_most:.0%}",
            seen=f"{one.value:.1%}",
            passed=one.holds,
        )
        for one in board.figures
        if _SHARE in one.name and one.at_most is not None
    ]
