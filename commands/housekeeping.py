"""`housekeeping`: what `serve` does by itself now and then, once and now."""

import argparse

from commands.opening import opened
from commands.printing import print_json
from commands.usage import Commands


def add(commands: Commands, shared: argparse.ArgumentParser) -> None:
    """Add `housekeeping`."""
    housekeeping = commands.add_parser(
        "housekeeping",
        parents=[shared],
        help="send notices, remind of reviews, apply retention: once, now",
    )
    housekeeping.set_defaults(command=_housekeeping)


def _housekeeping(options: argparse.Namespace) -> int:
    from foundation.errors import CopilotError
    from foundation.telemetry import Telemetry
    from upkeep import housekeeping

    with opened(options) as assembly:
        ran = housekeeping(assembly, Telemetry()).run_all()
    failed = [one.job for one in ran if one.failure]
    if options.json:
        print_json(
            {
                "jobs": [
                    {"job": one.job, "did": one.did, "failure": one.failure or None} for one in ran
                ]
            }
        )
    else:
        for one in ran:
            print(f"{one.job}: {one.failure or one.did}")
    if failed:
        raise CopilotError(f"failed: {', '.join(failed)}; the log says why")
    return 0
