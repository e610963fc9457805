"""What every module of the command line shares with `cli`, where bad usage ends the program."""

import argparse
from typing import TypeAlias

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - as below
"""Where a module adds its commands; argparse gives the type no public name."""


class UsageError(Exception):
    """The command line makes no sense; the message says why."""
