"""`retention`: what is too old by policy, and taking it out."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from commands.opening import opened
from commands.printing import print_json
from commands.usage import Commands

if TYPE_CHECKING:
    from governance.retention import Due


def add(commands: Commands, shared: argparse.ArgumentParser) -> None:
    """Add `retention`."""
    retention = commands.add_parser(
        "retention", parents=[shared], help="show what is too old by policy, or take it out"
    )
    retention.add_argument("--apply", action="store_true", help="take it out, for good")
    retention.set_defaults(command=_retention)


def _retention(options: argparse.Namespace) -> int:
    from governance.audit import CONSOLE

    with opened(options) as assembly:
        now = assembly.clock()
        retention = assembly.retention
        found = retention.apply(now, CONSOLE) if options.apply else retention.due(now)
    if options.json:
        print_json({"applied": options.apply, "due": [_due_json(one) for one in found]})
    else:
        _print(found, applied=options.apply)
    return 0


def _due_json(due: "Due") -> dict[str, object]:
    return {
        "class": due.kind.value,
        "tenant": due.tenant,
        "count": due.count,
        "oldest": due.oldest.isoformat(),
        "before": due.before.isoformat(),
        "held": due.held,
    }


def _print(found: "Sequence[Due]", *, applied: bool) -> None:
    from governance.audit.findings import name_of

    for one in found:
        what = "stays: legal hold" if one.held else "gone" if applied else "would go"
        print(
            f"{one.kind.value:<14} {name_of(one.tenant):<24} {one.count:>9}  "
            f"oldest {one.oldest:%Y-%m-%d}, older than {one.before:%Y-%m-%d}: {what}"
        )
    if not found:
        print("nothing is too old")
    elif not applied:
        print("Nothing was changed. `partner-copilot retention --apply` takes it out, for good.")
