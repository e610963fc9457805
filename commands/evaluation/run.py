"""`eval run`: the owner's own questions, asked and judged."""

import argparse

from commands.opening import opened
from commands.usage import Commands


def add(verbs: Commands, shared: argparse.ArgumentParser) -> None:
    """Add `eval run`."""
    run = verbs.add_parser("run", parents=[shared], help="ask every case and judge what comes")
    run.add_argument("dataset", metavar="DATASET", help="a file of cases, one JSON object a line")
    run.add_argument(
        "--report", metavar="DIR", help="write report.json and report.html into this folder"
    )
    run.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> int:
    from eval.command import run_eval

    with opened(options) as assembly:
        return run_eval(assembly, options)
