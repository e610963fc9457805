"""How the command line looks to a person: the progress bar and a printed answer."""

import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from copilot.schemas import CitationJson, OutcomeJson
    from ingest.pipeline import Progress

_WIDTH = 88
_QUOTE_LENGTH = 300


@contextmanager
def ingest_progress(*, visible: bool) -> "Iterator[Callable[[Progress], None]]":
    """A bar with rate and remaining time on stderr, for as long as the block runs."""
    if not visible:
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bar

    console = Console(file=sys.stderr)
    with Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        # A log file gets no bar, only what is printed at the end.
        disable=not console.is_terminal,
    ) as bar:
        task = bar.add_task("documents", total=None, rate="")

        def show(progress: "Progress") -> None:
            elapsed = bar.tasks[0].elapsed or 0.0
            rate = f"{progress.chunks / elapsed:.0f} chunks/s" if elapsed > 1 else ""
            bar.update(task, completed=progress.done, total=progress.total, rate=rate)

        yield show


def print_outcome(outcome: "OutcomeJson") -> None:
    """An outcome as a person reads it."""
    if outcome.standalone_question != outcome.question:
        print(textwrap.fill(f"(read as: {outcome.standalone_question})", _WIDTH) + "\n")
    for line in outcome.text.splitlines():
        indent = " " * (len(line) - len(line.lstrip()))
        hanging = indent + ("   " if line.lstrip()[:1].isdigit() else "")
        print(textwrap.fill(line, _WIDTH, subsequent_indent=hanging) if line.strip() else "")
    if outcome.notice:
        print(textwrap.fill(f"({outcome.notice})", _WIDTH))
    if outcome.options:
        print("\n".join(f"  - {option}" for option in outcome.options))
    if outcome.citations:
        print("\nSources:" if outcome.kind == "answer" else "\nNearest passages:")
    for citation in outcome.citations:
        _print_citation(citation)
    if outcome.kind != "courtesy":
        review = ", for a person's review" if outcome.review_required else ""
        print(f"\n{outcome.kind}, confidence {outcome.confidence:.2f} ({outcome.band}){review}")


def _print_citation(citation: "CitationJson") -> None:
    place = " > ".join(citation.heading_path)
    page = f", page {citation.page}" if citation.page else ""
    approved = f", approved by {citation.approved_by}" if citation.approved_by else ""
    print(f"[{citation.key}] {citation.title} (version {citation.version}{page}{approved})")
    print(f"    {citation.uri}{' - ' + place if place else ''}")
    quote = " ".join(citation.quote.split())
    if len(quote) > _QUOTE_LENGTH:
        quote = quote[: _QUOTE_LENGTH - 1].rstrip() + "…"
    print(textwrap.fill(f"“{quote}”", _WIDTH, initial_indent="    ", subsequent_indent="    "))
