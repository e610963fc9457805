"""`eval harvest` and `eval propose`: candidate cases, each of which a person approves."""

import argparse

from commands.numbers import positive
from commands.opening import opened
from commands.usage import Commands

_MOST = 50


def add(verbs: Commands, shared: argparse.ArgumentParser) -> None:
    """Add `eval harvest` and `eval propose`."""
    harvest = verbs.add_parser(
        "harvest", parents=[shared], help="propose cases from feedback and escalations"
    )
    _review(harvest)
    harvest.set_defaults(command=_harvest)
    propose = verbs.add_parser(
        "propose", parents=[shared], help="propose cases from headings and FAQ entries"
    )
    _review(propose)
    propose.add_argument("--tenant", metavar="ID", help="who asks (the owner of the documents)")
    propose.add_argument("--role", action="append", metavar="R", help="the asker's role")
    propose.add_argument("--attribute", action="append", metavar="k=v", help="such as tier=gold")
    propose.add_argument(
        "--most", type=positive, default=_MOST, metavar="N", help=f"headings to take ({_MOST})"
    )
    propose.set_defaults(command=_propose)


def _review(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "proposals", metavar="FILE", help="the proposals; what a person changed in it stays"
    )
    parser.add_argument("--approve", nargs="+", metavar="ID", help="approve these proposals")
    parser.add_argument("--reject", nargs="+", metavar="ID", help="reject these proposals")
    parser.add_argument("--by", metavar="NAME", help="who decides (the user of this machine)")
    parser.add_argument("--into", metavar="DATASET", help="take the approved ones over into this")


def _harvest(options: argparse.Namespace) -> int:
    from eval.proposals_command import run_harvest

    with opened(options) as assembly:
        return run_harvest(assembly, options)


def _propose(options: argparse.Namespace) -> int:
    from commands.who import asker, check_tenant
    from eval.proposals_command import run_propose

    check_tenant(options)
    with opened(options) as assembly:
        return run_propose(assembly, options, asker(options, assembly))
