"""`eval`: the owner's own questions, judged."""

import argparse

from commands.opening import opened
from commands.usage import Commands


def add(commands: Commands, shared: argparse.ArgumentParser) -> None:
    """Add `eval`."""
    evaluate = commands.add_parser("eval", parents=[shared], help="measure answers")
    evaluate.add_argument("action", choices=("run",))
    evaluate.add_argument("dataset", metavar="DATASET")
    evaluate.set_defaults(command=_eval)


def _eval(options: argparse.Namespace) -> int:
    from eval.command import run_eval

    with opened(options) as assembly:
        return run_eval(assembly, options)
