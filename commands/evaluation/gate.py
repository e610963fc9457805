"""`eval gate`: whether a release got worse."""

import argparse

from commands.usage import Commands


def add(verbs: Commands, shared: argparse.ArgumentParser) -> None:
    """Add `eval gate`."""
    gate = verbs.add_parser(
        "gate", parents=[shared], help="hold a report against the baseline; 1 where it got worse"
    )
    gate.add_argument("report", metavar="REPORT", help="a report.json of `eval run --report`")
    gate.add_argument(
        "--baseline",
        metavar="FILE",
        help="what to hold it against (corpora/sample/baseline.json)",
    )
    gate.add_argument("--update", action="store_true", help="make this report the baseline")
    gate.add_argument("--by", metavar="NAME", help="who promotes it (the user of this machine)")
    gate.add_argument("--note", metavar="TEXT", default="", help="why it is promoted")
    gate.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> int:
    from eval.gate_command import run_gate

    return run_gate(options)
