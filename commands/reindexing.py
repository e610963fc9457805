"""`reindex`: build the index again from the catalog."""

import argparse

from commands.opening import opened
from commands.printing import print_json
from commands.usage import Commands


def add(commands: Commands, shared: argparse.ArgumentParser) -> None:
    """Add `reindex`."""
    reindex = commands.add_parser("reindex", parents=[shared], help="build the index again")
    reindex.set_defaults(command=_reindex)


def _reindex(options: argparse.Namespace) -> int:
    from terminal import ingest_progress

    with opened(options) as assembly, ingest_progress(visible=not options.json) as on_progress:
        done = assembly.reindex(on_progress)
    if options.json:
        print_json({"documents": done.total, "chunks": done.chunks})
    else:
        print(f"rebuilt the index: {done.chunks} chunks of {done.total} document versions")
    return 0
