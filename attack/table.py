"""The one table that `make attack` prints, and after it what has to be mended."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from attack.check import Check

_WIDTH = 160


def show(checks: Sequence[Check], console: Console | None = None) -> None:
    """Print the table, one line a check, and the details of what did not hold."""
    printer = console or Console()
    if printer.width < _WIDTH and not printer.is_terminal:
        printer = Console(file=printer.file, width=_WIDTH)
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("attacked", overflow="fold")
    table.add_column("attempts", justify="right", no_wrap=True)
    table.add_column("asked", overflow="fold")
    table.add_column("seen", overflow="fold")
    table.add_column("", no_wrap=True)
    for one in checks:
        verdict = Text("pass", style="green") if one.passed else Text("FAIL", style="bold red")
        table.add_row(
            Text(one.name), Text(f"{one.attempts:,}"), Text(one.asked), Text(one.seen), verdict
        )
    printer.print(table)
    for one in checks:
        if one.detail and not one.passed:
            printer.print(Text(f"\n{one.name}:\n{one.detail}"))
    failed = sum(not one.passed for one in checks)
    printer.print(Text(f"{len(checks) - failed} of {len(checks)} hold"))
