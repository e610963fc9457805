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
    from governance.policy import PolicyError, load_policy

    try:
        load_policy(Path(options.file))
    except PolicyError as error:
        if options.json:
            errors = [
                {"line": one.line, "place": one.place, "message": one.message}
                for one in error.findings
            ]
            print_json({"valid": False, "errors": errors or [{"message": str(error)}]})
        elif len(error.findings) > 1:
            for one in error.findings:
                print(f"{options.file} {one}")
            raise PolicyError(
                f"{options.file} {error.findings[0]}; "
                f"and {len(error.findings) - 1} more, all listed above"
            ) from None
        raise
    if options.json:
        print_json({"valid": True})
    else:
        print(f"{options.file} is a valid policy")
    return 0
