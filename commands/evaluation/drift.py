"""`eval drift`: whether live questions still look like those of the calibration."""

import argparse

from commands.numbers import day
from commands.opening import opened
from commands.usage import Commands


def add(verbs: Commands, shared: argparse.ArgumentParser) -> None:
    """Add `eval drift`."""
    drift = verbs.add_parser(
        "drift", parents=[shared], help="compare live questions with those of the calibration"
    )
    drift.add_argument("--since", type=day, metavar="DATE", help="only questions from this day on")
    drift.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> int:
    from eval.calibration.drift_command import run_drift

    with opened(options) as assembly:
        return run_drift(assembly, options)
