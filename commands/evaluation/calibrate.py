"""`eval calibrate`: confidence that means what it says on the owner's own documents."""

import argparse
from pathlib import Path

from commands.numbers import positive
from commands.opening import opened
from commands.usage import Commands, UsageError


def add(verbs: Commands, shared: argparse.ArgumentParser) -> None:
    """Add `eval calibrate`."""
    calibrate = verbs.add_parser(
        "calibrate", parents=[shared], help="fit confidence on labelled questions"
    )
    source = calibrate.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "dataset", metavar="DATASET", nargs="?", help="a file of cases, one JSON object a line"
    )
    source.add_argument(
        "--from-corpus", action="store_true", help="make the cases from the documents' headings"
    )
    calibrate.add_argument(
        "--questions",
        type=positive,
        default=400,
        metavar="N",
        help="with --from-corpus: at most so many",
    )
    calibrate.add_argument(
        "--output", metavar="FILE", help="where to write; without it the data folder, to be used"
    )
    calibrate.add_argument(
        "--precision", type=float, default=0.9, help="share of right answers thresholds aim at"
    )
    calibrate.add_argument(
        "--certainty", type=float, default=0.9, help="how sure that share must be"
    )
    calibrate.add_argument(
        "--as-labelled",
        action="store_true",
        help="ask each case once; without it answerable ones again with their documents held out",
    )
    calibrate.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> int:
    for name in ("precision", "certainty"):
        if not 0.0 < getattr(options, name) < 1.0:
            raise UsageError(f"--{name} takes a number between 0 and 1")
    if options.output and not _is_file_name(Path(options.output)):
        raise UsageError("--output takes a file such as calibration.json; its page goes beside it")
    from eval.calibration.command import run_calibrate

    with opened(options) as assembly:
        return run_calibrate(assembly, options)


def _is_file_name(path: Path) -> bool:
    return bool(path.name) and not path.is_dir() and path.suffix != ".html"
