"""`partner-copilot eval adapt`: what training came to, told in a table."""
# ruff: noqa: T201 - printing is what this module is for

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from eval.adapt.training import Training, TrainingParts, train
from eval.dataset import read_dataset
from retrieval.ranker import RankerManifest, write_manifest
from retrieval.ranker_switch import RankerSwitch

_TELL_EVERY = 2_048


class Parts(TrainingParts, Protocol):
    """What the command needs of the running parts."""

    @property
    def ranker_folder(self) -> Path:
        """Where the trained ranker is kept."""

    @property
    def ranker_switch(self) -> RankerSwitch:
        """What switches it on and off."""


def run_adapt(parts: Parts, dataset: str | None, how: Training, *, as_json: bool) -> int:
    """Train, measure and keep a ranker; nothing is switched on."""
    cases = () if dataset is None else read_dataset(Path(dataset))

    def on_step(step: str) -> None:
        if not as_json:
            print(step, file=sys.stderr)

    manifest = train(parts, [case for case in cases if case.gold], how, on_step)
    write_manifest(parts.ranker_folder, manifest)
    if as_json:
        print(json.dumps(manifest.model_dump(mode="json")))
    else:
        _print(manifest)
    return 0


def run_use(parts: Parts, *, as_json: bool) -> int:
    """Switch the trained ranker on, once the sentences of all documents are read."""
    parts.ranker_switch.ready()
    # First, so that a ranker that is on knows every chunk, also where this is stopped half-way.
    read = _read(parts.sentence_vectors.fill(), told=not as_json)
    manifest = parts.ranker_switch.use()
    if as_json:
        print(json.dumps({"ranker": "on", "weights": manifest.weights.model_dump(), "read": read}))
    else:
        print(f"read the sentences of {read} more chunks; the trained ranker is on")
    return 0


def run_off(parts: Parts, *, as_json: bool) -> int:
    """Go back to the ranking that ships."""
    parts.ranker_switch.turn_off()
    print(json.dumps({"ranker": "off"}) if as_json else "the trained ranker is off")
    return 0


def _read(progress: Iterable[int], *, told: bool) -> int:
    done = 0
    for done in progress:
        if told and done % _TELL_EVERY == 0:
            print(f"read the sentences of {done} chunks", file=sys.stderr)
    return done


def _print(manifest: RankerManifest) -> None:
    on = manifest.trained_on
    left_out = f" ({on.cases_left_out} left out)" if on.cases_left_out else ""
    print(
        f"trained on {on.documents} documents that all partners may read: {on.headings} headings, "
        f"{on.sentences} sentences, {on.cases} labelled cases{left_out}\n"
    )
    print(f"{'':<28} {'n':>5} {'hit@1':>13} {'hit@5':>13} {'MRR':>13}")
    for one in manifest.compared:
        shown = " ".join(
            f"{old:.3f} → {new:.3f}"
            for old, new in (
                (one.before.hit_1, one.after.hit_1),
                (one.before.hit_5, one.after.hit_5),
                (one.before.mrr, one.after.mrr),
            )
        )
        print(
            f"{one.questions:<28} {one.before.questions:>5} {shown}   "
            f"gain of MRR {one.gain_low:+.3f} to {one.gain_high:+.3f}"
        )
    weights = ", ".join(
        f"{name} {value:g}" for name, value in manifest.weights.model_dump().items()
    )
    print(f"\nweights: {weights}; it adds {manifest.cost_ms:.1f} ms to a question")
    if manifest.helps:
        print("it helps here; `partner-copilot eval adapt --use` switches it on")
    else:
        print("it does not help here: nothing to switch on, search stays as it is")
