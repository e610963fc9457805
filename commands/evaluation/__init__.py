"""`eval`: what the copilot is worth, measured. A module a verb, each with `add(verbs, shared)`."""

import argparse

from commands.evaluation import adapt, calibrate, drift, gate, proposing, run
from commands.usage import Commands

_VERBS = (run, gate, proposing, calibrate, drift, adapt)


def add(commands: Commands, shared: argparse.ArgumentParser) -> None:
    """Add `eval` and its verbs."""
    evaluate = commands.add_parser("eval", help="measure answers")
    verbs = evaluate.add_subparsers(dest="action", metavar="VERB", required=True)
    for verb in _VERBS:
        verb.add(verbs, shared)
