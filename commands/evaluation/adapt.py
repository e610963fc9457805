"""`eval adapt`: a ranker trained on the owner's own documents, and its switch."""

import argparse

from commands.numbers import positive
from commands.opening import opened
from commands.usage import Commands


def add(verbs: Commands, shared: argparse.ArgumentParser) -> None:
    """Add `eval adapt`."""
    adapt = verbs.add_parser(
        "adapt",
        parents=[shared],
        help="train a ranker on the documents, measure it, switch it on or off",
    )
    adapt.add_argument(
        "dataset", metavar="DATASET", nargs="?", help="labelled cases to train and measure on too"
    )
    adapt.add_argument(
        "--questions",
        type=positive,
        default=200,
        metavar="N",
        help="how many questions to make from the documents; with more the band is narrower (200)",
    )
    adapt.add_argument("--seed", type=int, default=4, help="the same seed trains the same (4)")
    switch = adapt.add_mutually_exclusive_group()
    switch.add_argument("--use", action="store_true", help="switch the trained ranker on")
    switch.add_argument("--off", action="store_true", help="go back to the ranking that ships")
    adapt.set_defaults(command=_adapt)


def _adapt(options: argparse.Namespace) -> int:
    from eval.adapt.command import run_adapt, run_off, run_use
    from eval.adapt.training import Training

    with opened(options) as assembly:
        if options.use:
            return run_use(assembly, as_json=options.json)
        if options.off:
            return run_off(assembly, as_json=options.json)
        how = Training(most=options.questions, seed=options.seed)
        return run_adapt(assembly, options.dataset, how, as_json=options.json)
