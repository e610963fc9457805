"""Fits the calibration that ships, on one half of every set of questions.

    python -m bench.shipping --work FOLDER --version shipped-3 --output copilot/calibration.json

Each set has the same weight, whatever its size: the calibration is for corpora not yet seen.
Headings count whole, since nothing is reported on them. The other halves are for judging
(`bench.abstention`).
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.labelled import Sets, is_fitted_on, labelled
from bench.worlds import sample_day, shared_data
from copilot.calibration_file import calibration_json
from copilot.confidence import Calibration, Scarce, SignalShares
from copilot.signals import SIGNALS_VERSION
from eval.calibration.drift import shares_of
from eval.calibration.fitting import FEWEST, Model, logistic
from eval.calibration.observing import Seen
from eval.calibration.reliability import reliability

SETS = ("business_central", "wixqa", "sample", "headings")
WEIGHT = 600.0
"""What a set counts for, in cases."""
HELD_OUT = 0.5
"""What a question without its documents counts for beside the same question with them: of three
questions that people ask, two have an answer. So it is among the sample's cases."""
SCARCE_BELOW = 0.6
_SAYS_ITSELF = ("cosine", "passage_cover", "answer_cover", "exact", "form", "stray", "length",
    "unseen", "pairs")  # fmt: skip
# What helped on every set while that set was left out of the fit, or on most and hurt none much.
_TRAVELS = ("keyword_lead", "cover_lead", "cosine", "spread", "heading", "pairs", "stray", "length")
_DIGITS = 4
_SPREAD_SETS = ("business_central", "wixqa", "sample")


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit and write; 0 when it is written."""
    parser = argparse.ArgumentParser(description="Fit the calibration that ships.")
    parser.add_argument("--work", type=Path, required=True, help="folder for indexes; re-used")
    parser.add_argument("--version", required=True, help="what the calibration is called")
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args(arguments)
    data = shared_data()
    if data is None:
        print("no real documents: set COPILOT_SHARED_DATA")
        return 1
    made = shipping(labelled(data, options.work), options.version)
    options.output.write_text(json.dumps(calibration_json(made), indent=2) + "\n", "utf-8")
    print(json.dumps(dict(made.reliability), indent=2))
    return 0


def shipping(sets: Sets, version: str) -> Calibration:
    """The calibration, with its figures on the halves that it has not seen."""
    half = {
        name: [one for one in sets[name] if name == "headings" or is_fitted_on(one)]
        for name in SETS
    }
    scarce = [one for one in sets["sufficiency"] if is_fitted_on(one)]
    model = logistic(*_evenly(half), _TRAVELS)
    alone = logistic(scarce, [1.0] * len(scarce), _SAYS_ITSELF)
    before = Calibration.load()
    lookups = [one for part in half.values() for one in part if before.is_lookup(one.signals)]
    share = (sum(one.right for one in lookups) + 1) / (len(lookups) + 2)
    cases = sum(map(len, half.values())) + len(scarce)
    made = Calibration(
        version=version,
        signals_version=SIGNALS_VERSION,
        intercept=round(model.intercept, _DIGITS),
        coefficients=_rounded(model),
        scarce=Scarce(
            below=SCARCE_BELOW,
            intercept=round(alone.intercept, _DIGITS),
            coefficients=_rounded(alone),
        ),
        lookup_from=before.lookup_from,
        lookup_reliability=round(share, 3) if len(lookups) >= FEWEST else before.lookup_reliability,
        fitted_on="One half each of 451 questions of a product FAQ, 114 of a help centre, the "
        "sample cases, and 1,085 questions with a few given contexts (for searches that find "
        f"next to nothing), and {len({one.question for one in half['headings']})} headings; each "
        "set with the same weight, each answerable question asked with its document and, counting "
        "half, without it. Figures are of the other halves, where both count the same.",
        fitted_at=sample_day().date().isoformat(),
        cases=cases,
        reliability={},
        spread=_spread(sets),
    )
    return replace(made, reliability=_figures(made, sets))


def _evenly(half: dict[str, list[Seen]]) -> tuple[list[Seen], list[float]]:
    seen = [one for part in half.values() for one in part]
    weights = []
    for part in half.values():
        whole = sum(map(_counts, part))
        weights += [WEIGHT * _counts(one) / whole for one in part]
    return seen, weights


def _counts(one: Seen) -> float:
    return HELD_OUT if one.held_out else 1.0


def _rounded(model: Model) -> dict[str, float]:
    found = {name: round(one, _DIGITS) for name, one in model.coefficients.items()}
    return {name: one for name, one in found.items() if one}


def _spread(sets: Sets) -> dict[str, SignalShares]:
    asked = [one for name in _SPREAD_SETS for one in sets[name] if not one.held_out]
    return {
        name: shares_of([getattr(one.signals, name) for one in asked])
        for name in asked[0].signals.__dataclass_fields__
    }


def _figures(made: Calibration, sets: Sets) -> dict[str, float]:
    figures = {}
    for name in (*SETS[:-1], "sufficiency"):
        other = [one for one in sets[name] if not is_fitted_on(one)]
        judged = reliability(
            [made.probability(one.signals) for one in other], [one.right for one in other]
        )
        for figure in ("auroc", "ece", "brier"):
            figures[f"{figure}_{name}"] = judged.figures[figure]
    return figures


if __name__ == "__main__":
    raise SystemExit(main())
