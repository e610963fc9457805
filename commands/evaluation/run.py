"""`eval run`: the owner's own questions, asked and judged."""

import argparse

from commands.opening import opened
from commands.usage import Commands, UsageError

_MOST_RUNS = 20


def add(verbs: Commands, shared: argparse.ArgumentParser) -> None:
    """Add `eval run`."""
    run = verbs.add_parser("run", parents=[shared], help="ask every case and judge what comes")
    run.add_argument("dataset", metavar="DATASET", help="a file of cases, one JSON object a line")
    run.add_argument(
        "--report", metavar="DIR", help="write report.json and report.html into this folder"
    )
    run.add_argument(
        "--judge", action="store_true", help="let the model of COPILOT_JUDGE_MODEL judge, too"
    )
    run.add_argument(
        "--repeat",
        type=_runs,
        metavar="N",
        help="how often the judge judges each case (1); more than once gives a band",
    )
    run.set_defaults(command=_run)


def _runs(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= number <= _MOST_RUNS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {_MOST_RUNS}")
    return number


def _run(options: argparse.Namespace) -> int:
    if options.repeat is not None and not options.judge:
        raise UsageError("--repeat is how often the judge judges, so it needs --judge")
    options.repeat = options.repeat or 1
    from eval.command import run_eval

    with opened(options) as assembly:
        return run_eval(assembly, options)
