"""Attack the whole house, and print what held.

    python -m attack [--quick] [--only NAME]...

Exits with 1 where something did not hold. The figures are for whoever has to sign for it:
docs/security.md says what each line means.
"""

import argparse
import importlib
import logging
import os
import sys
import time
import traceback
from collections.abc import Sequence

from attack.check import Check, Scale
from attack.table import show
from foundation.settings import Settings

ATTACKS: tuple[str, ...] = (
    "isolation",
    "paired_worlds",
    "response_times",
    "approvals",
    "injections",
    "fuzz",
    "tokens",
    "redaction",
    "record",
    "crash",
    "cost",
)
"""One module each, in the order in which they run; each has `run(scale) -> list[Check]`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; returns the process's exit status."""
    parser = argparse.ArgumentParser(prog="python -m attack", description="Attack the house.")
    parser.add_argument("--quick", action="store_true", help="a minute instead of an hour")
    parser.add_argument("--only", action="append", choices=ATTACKS, help="this one; repeatable")
    options = parser.parse_args(arguments)
    scale = Scale.QUICK if options.quick else Scale.FULL
    _prepare()
    checks: list[Check] = []
    for name in options.only or ATTACKS:
        began = time.monotonic()
        checks += _run(name, scale)
        sys.stderr.write(f"{name}: {time.monotonic() - began:.0f} s\n")
    show(checks)
    return 0 if all(one.passed for one in checks) else 1


def _run(name: str, scale: Scale) -> list[Check]:
    try:
        found: list[Check] = importlib.import_module(f"attack.{name}").run(scale)
    except Exception:  # noqa: BLE001 - an attack that breaks must not hide what the others find
        broke = traceback.format_exc()
        return [
            Check(name=name, attempts=0, asked="runs to its end", seen="broke", passed=False,
                  detail=broke)
        ]  # fmt: skip
    return found


def _prepare() -> None:
    # An operator's configuration is never what is attacked.
    for name in [one for one in os.environ if one.startswith("COPILOT_")]:
        if name != "COPILOT_SHARED_DATA":
            del os.environ[name]
    Settings.model_config["env_file"] = None
    # Refused requests are what this is about; one log line each would bury the table.
    logging.disable(logging.CRITICAL)


if __name__ == "__main__":
    raise SystemExit(main())
