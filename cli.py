"""partner-copilot: one command runs, and errors end in one line. Nothing heavy is imported here."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from commands import (
    asking,
    audit,
    documents,
    evaluation,
    housekeeping,
    ingesting,
    keys,
    policy,
    reindexing,
    retention,
    serving,
)
from commands.usage import UsageError

# In the order in which `--help` shows them.
_NOUNS = (
    ingesting,
    asking,
    serving,
    keys,
    documents,
    reindexing,
    housekeeping,
    policy,
    audit,
    retention,
    evaluation,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns 0 on success, 1 on a failure told in one line, 2 on bad usage."""
    _quieten()
    parser = build_parser()
    try:
        given = list(sys.argv[1:] if arguments is None else arguments)
        _refuse_broken_text(given)
        options = parser.parse_args(given)
        return _run(options)
    except UsageError as error:
        print(f"partner-copilot: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("partner-copilot: stopped; the same command again goes on", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever read our output has gone; a traceback would go nowhere either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _run(options: argparse.Namespace) -> int:
    from foundation.errors import CopilotError

    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except CopilotError as error:
        line = " ".join(str(error).split())
        print(f"partner-copilot: {line}", file=sys.stderr)
        return 1


def _refuse_broken_text(arguments: Sequence[str]) -> None:
    # Bytes that are not UTF-8 come as lone surrogates, which no file, database or terminal takes.
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            broken = argument.encode(errors="replace").decode()
            raise UsageError(f"the argument {broken!r} is not UTF-8; write it in that") from None


def _quieten() -> None:
    # Neither library may report home, and neither may write between our lines.
    for name, value in (
        ("DO_NOT_TRACK", "1"),
        ("UNSTRUCTURED_DISABLE_NOTICE", "1"),
        ("RAGAS_DO_NOT_TRACK", "true"),
        ("TOKENIZERS_PARALLELISM", "false"),
        ("TRANSFORMERS_VERBOSITY", "error"),
    ):
        os.environ.setdefault(name, value)


def build_parser() -> argparse.ArgumentParser:
    """Return the command line, without running anything."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--json", action="store_true", help="print JSON for machines")
    shared.add_argument("--data-dir", metavar="DIR", help="where state lives (COPILOT_DATA_DIR)")
    parser = argparse.ArgumentParser(
        prog="partner-copilot",
        description="Answers partners from approved documents they may read.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for noun in _NOUNS:
        noun.add(commands, shared)
    return parser


if __name__ == "__main__":
    sys.exit(main())
