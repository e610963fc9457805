"""`policy`: check a policy file before it is used."""

import argparse
from pathlib import Path

from commands.printing import print_json
from commands.usage import Commands


def add(commands: Commands, shared: argparse.ArgumentParser) -> None:
    """Add `policy`."""
    policy = commands.add_parser("policy", parents=[shared], help="check a policy file")
    policy.add_argument("action", choices=("check",))
    policy.add_argument("file", metavar="FILE")
    policy.set_defaults(command=_policy)


def _policy(options: argparse.Namespace) -> int:
    from governance.policy import load_policy

    load_policy(Path(options.file))
    if options.json:
        print_json({"valid": True})
    else:
        print(f"{options.file} is a valid policy")
    return 0
