"""Knowing when not to answer, on halves of real questions that no fit has seen.

    python -m bench.abstention --work FOLDER

Every question is asked with its gold documents and without. The shipped calibration is judged on
the halves that it was not fitted on; one calibrated on one half of the questions on the other
half, both ways round; and one made from the corpus' headings on all of them.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from bench.figures import Board
from bench.labelled import QUESTIONS, Sets, is_fitted_on, labelled
from bench.worlds import sample_day, shared_data
from copilot.confidence import Calibration
from eval import metrics
from eval.calibration.command import calibrated
from eval.calibration.observing import Observed, Seen
from eval.calibration.thresholds import lowest_threshold

PRECISION = 0.95
_POINT_ESTIMATE = 0.5

Judged = list[tuple[float, Seen]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; returns 0 whether the targets hold or not."""
    parser = argparse.ArgumentParser(description="Abstention on held-out halves.")
    parser.add_argument("--work", type=Path, required=True, help="folder for indexes; re-used")
    options = parser.parse_args(arguments)
    data = shared_data()
    if data is None:
        print("no real documents: set COPILOT_SHARED_DATA")
        return 1
    board = Board()
    report(labelled(data, options.work), board)
    board.close()
    return 0


def report(sets: Sets, board: Board) -> None:
    """Every figure, per set and for both sets of real questions together."""
    shipped = Calibration.load()
    both = tuple(one for name in QUESTIONS for one in sets[name])
    for name, seen in ((QUESTIONS[0], sets[QUESTIONS[0]]), (QUESTIONS[1], sets[QUESTIONS[1]]),
        ("both", both)):  # fmt: skip
        judged = [(shipped.probability(one.signals), one) for one in seen if not is_fitted_on(one)]
        _add(f"{name}, shipped", judged, board, at_least=0.88)
        crossed, thresholds = _crossed(seen)
        _add(f"{name}, other half", crossed, board, at_least=0.92, ece_at_most=0.05)
        _add_precise(f"{name}, other half", crossed, thresholds, board)
    headings = _calibrated(sets["headings"], toward=shipped)
    for name in QUESTIONS:
        judged = [(headings.probability(one.signals), one) for one in sets[name]]
        _add(f"{name}, from its corpus' headings", judged, board)
    for name, wanted in (("sample", None), ("sufficiency", 0.80)):
        judged = [
            (shipped.probability(one.signals), one) for one in sets[name] if not is_fitted_on(one)
        ]
        _add(f"{name}, shipped", judged, board, held_out=False, at_least=wanted)


def _crossed(seen: Sequence[Seen]) -> tuple[Judged, dict[bool, float | None]]:
    """Each half judged by a calibration of the other, and the threshold found on that other."""
    judged: Judged = []
    thresholds: dict[bool, float | None] = {}
    for fitted in (True, False):
        own = [one for one in seen if is_fitted_on(one) is fitted]
        made = _calibrated(own)
        thresholds[not fitted] = lowest_threshold(
            [(made.probability(one.signals), one.right) for one in own],
            PRECISION,
            _POINT_ESTIMATE,
        )
        judged += [(made.probability(one.signals), one) for one in seen if one not in own]
    return judged, thresholds


def _calibrated(seen: Sequence[Seen], toward: Calibration | None = None) -> Calibration:
    return calibrated(
        Observed(seen=tuple(seen), skipped={}),
        precision=PRECISION,
        certainty=_POINT_ESTIMATE,
        now=sample_day(),
        toward=toward,
    ).calibration


def _add(  # noqa: PLR0913 - what is judged, and what is asked of it
    what: str,
    judged: Judged,
    board: Board,
    *,
    held_out: bool = True,
    at_least: float | None = None,
    ece_at_most: float | None = None,
) -> None:
    """AUROC of answerable against held out, or else of right picks against wrong ones; and ECE."""
    wanted = [(p, not one.held_out if held_out else one.right) for p, one in judged]
    answerable, others = [p for p, ok in wanted if ok], [p for p, ok in wanted if not ok]
    board.add(f"{what}: AUROC", metrics.auroc(answerable, others), at_least=at_least)
    confidence, right = [p for p, _ in judged], [one.right for _, one in judged]
    board.add(
        f"{what}: ECE", metrics.expected_calibration_error(confidence, right), at_most=ece_at_most
    )


def _add_precise(
    what: str, judged: Judged, thresholds: dict[bool, float | None], board: Board
) -> None:
    """Precision and coverage where the threshold for 95% was found on the other half."""
    answered = [
        one
        for p, one in judged
        if (threshold := thresholds[is_fitted_on(one)]) is not None and p >= threshold
    ]
    asked = sum(not one.held_out for _, one in judged)
    board.add(
        f"{what}: right, of what reaches the other half's threshold for {PRECISION:.0%}",
        sum(one.right for one in answered) / max(1, len(answered)),
    )
    board.add(
        f"{what}: answered there, of the answerable",
        sum(not one.held_out for one in answered) / max(1, asked),
        at_least=0.60,
    )


if __name__ == "__main__":
    raise SystemExit(main())
