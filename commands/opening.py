"""From the options of a command to the settings and the running parts that it needs."""

import argparse
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assembly import Assembly
    from foundation.settings import Settings


def opened(options: argparse.Namespace) -> "closing[Assembly]":
    """All parts over the data folder that the options name; closed at the end of the block."""
    from assembly import Assembly

    return closing(Assembly(settings(options)))


def settings(options: argparse.Namespace) -> "Settings":
    """The settings, with the data folder of the options; raises `ConfigurationError`."""
    from foundation.settings import load_settings

    return load_settings(Path(options.data_dir) if options.data_dir else None)
