"""`partner-copilot eval calibrate`: from labelled questions to a calibration file and its page."""
# ruff: noqa: T201 - printing is what this module is for

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from copilot.calibration_file import calibration_json
from copilot.confidence import Calibration, SignalShares, Thresholds
from eval.calibration.corpus_cases import corpus_cases
from eval.calibration.drift import shares_of
from eval.calibration.fitting import CalibrationError, Fitted, calibration_of, fit
from eval.calibration.observing import Observed, Observer, Seen
from eval.calibration.page import page, threshold_text
from eval.calibration.reliability import Reliability, reliability
from eval.calibration.thresholds import thresholds
from eval.case import Case
from eval.dataset import read_dataset
from foundation.clock import Clock
from foundation.database import Database
from foundation.errors import StorageError
from foundation.private_file import write_private
from foundation.settings import Settings
from governance.audit import CONSOLE, HOUSE, Action, AuditEvent, record
from governance.catalog import Catalog
from governance.policy_source import PolicySource
from governance.principal import EVERY_PARTNER
from governance.thinned_catalog import ThinnedCatalog
from governance.visible_catalog import VisibleCatalog
from retrieval.retriever import Retriever

_PROGRESS_EVERY = 25


class Parts(Protocol):
    """What calibrating needs of the running parts."""

    @property
    def settings(self) -> Settings:
        """Which embedder runs."""

    @property
    def database(self) -> Database:
        """Where the record of the house is."""

    @property
    def clock(self) -> Clock:
        """What time it is."""

    @property
    def catalog(self) -> Catalog:
        """The truth about documents."""

    @property
    def policy(self) -> PolicySource:
        """How many passages an answer is picked from."""

    @property
    def own_calibration_file(self) -> Path:
        """Where the copilot looks for a calibration."""

    def retriever_through(self, catalog: VisibleCatalog) -> Retriever:
        """Search through a view of the catalog."""

    def corpus_sketch(self) -> tuple[str, ...]:
        """What the documents of now are told apart by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """A calibration, and what it is worth."""

    calibration: Calibration
    judged: Reliability
    log_loss: dict[str, float]


def run_calibrate(parts: Parts, options: argparse.Namespace) -> int:
    """Ask, fit, write, and print what the calibration is worth; 0 when it is written."""
    output = Path(options.output) if options.output else parts.own_calibration_file
    visible = ThinnedCatalog(parts.catalog, parts.clock, parts.database)
    cases, told = _cases(parts, visible, options)
    observed = _observed(parts, visible, cases, options)
    made = calibrated(
        observed,
        precision=options.precision,
        certainty=options.certainty,
        now=parts.clock(),
        # Headings are easier than questions, so they may move what is known, not replace it.
        toward=Calibration.load() if options.from_corpus else None,
    )
    calibration = replace(
        made.calibration,
        fitted_on=f"{len({one.question for one in observed.seen})} {told}.",
        dataset=dataset_hash(cases),
        corpus=parts.corpus_sketch(),
        embedder=parts.settings.embedder,
    )
    calibration = replace(calibration, version=_version(calibration))
    beside = output.with_suffix(".html")
    _write(output, calibration_json(calibration))
    _put(beside, page(calibration, made.judged))
    _put_on_record(parts, calibration)
    takes_force = output.resolve() == parts.own_calibration_file.resolve()
    if options.json:
        print(json.dumps(_result(calibration, made, observed, output, beside)))
    else:
        _print(
            calibration,
            made,
            observed,
            output,
            beside,
            made_from_corpus=options.from_corpus,
            takes_force=takes_force,
        )
    return 0


def calibrated(
    observed: Observed,
    *,
    precision: float,
    certainty: float,
    now: datetime,
    toward: Calibration | None = None,
) -> Calibrated:
    """Fit what was seen; raises `CalibrationError` where that is too little."""
    seen, shipped = observed.seen, Calibration.load()
    fitted = fit(seen, toward)
    made = calibration_of(fitted, shipped, seen)
    unseen = _as_the_copilot_sees_it(made, fitted, seen)
    judged = reliability(unseen, [one.right for one in seen])
    return Calibrated(
        calibration=replace(
            made,
            fitted_at=now.isoformat(timespec="seconds"),
            reliability=judged.figures,
            thresholds=thresholds(seen, unseen, precision=precision, certainty=certainty),
            spread=_spread(seen),
        ),
        judged=judged,
        log_loss=fitted.log_loss,
    )


def dataset_hash(cases: Sequence[Case]) -> str:
    """A name for exactly these questions and their sources."""
    told = [[one.id, one.question, one.expected, sorted(one.gold_uris)] for one in cases]
    return sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()[:16]


def _cases(
    parts: Parts, visible: VisibleCatalog, options: argparse.Namespace
) -> tuple[tuple[Case, ...], str]:
    if not options.from_corpus:
        path = Path(options.dataset)
        return read_dataset(path), f"questions of {path.name}"
    cases = corpus_cases(parts.catalog, visible, options.questions)
    if not cases:
        raise CalibrationError(
            "what all partners may read has no headings to ask for: nothing approved for them, or "
            "no sections; write cases of your own and give their file"
        )
    return cases, "headings of the corpus"


def _observed(
    parts: Parts, visible: ThinnedCatalog, cases: Sequence[Case], options: argparse.Namespace
) -> Observed:
    documents: dict[str, frozenset[str]] = {}
    # Another tenant's document of the same URI is no gold of a heading's.
    from_corpus = visible.documents(visible.visibility(EVERY_PARTNER))
    for version in from_corpus if options.from_corpus else parts.catalog.newest():
        documents[version.uri] = documents.get(version.uri, frozenset()) | {version.document_id}

    def on_progress(done: int) -> None:
        if not options.json and done % _PROGRESS_EVERY == 0 and sys.stderr.isatty():
            print(f"{done} of {len(cases)} questions", file=sys.stderr)

    observer = Observer(
        parts.retriever_through(visible), visible, parts.policy.current().answers.passages
    )
    return observer.observe(
        cases, documents, holding_out=not options.as_labelled, on_progress=on_progress
    )


def _as_the_copilot_sees_it(
    made: Calibration, fitted: Fitted, seen: Sequence[Seen]
) -> tuple[float, ...]:
    """Predictions out of fold, looked-up codes as they are answered."""
    return tuple(
        max(p, made.lookup_reliability) if made.is_lookup(one.signals) else p
        for p, one in zip(fitted.unseen, seen, strict=True)
    )


def _spread(seen: Sequence[Seen]) -> dict[str, SignalShares]:
    asked = [asdict(one.signals) for one in seen if not one.held_out]
    return {name: shares_of([one[name] for one in asked]) for name in asked[0]} if asked else {}


def _version(calibration: Calibration) -> str:
    """Day and content: two calibrations of one day differ in their names where they differ."""
    content = json.dumps(calibration_json(calibration), sort_keys=True)
    return f"{calibration.fitted_at[:10]}-{sha256(content.encode()).hexdigest()[:8]}"


def _write(path: Path, content: dict[str, object]) -> None:
    _put(path, json.dumps(content, indent=2) + "\n")


def _put(path: Path, text: str) -> None:
    """Whole or not at all: a copilot that starts meanwhile reads the old file or the new one."""
    try:
        write_private(path, text)
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror}") from None


def _put_on_record(parts: Parts, calibration: Calibration) -> None:
    with parts.database.write() as connection:
        record(
            connection,
            AuditEvent(
                tenant=HOUSE,
                at=parts.clock(),
                action=Action.CALIBRATED,
                actor=CONSOLE,
                target=calibration.version,
                details={"cases": calibration.cases, "dataset": calibration.dataset},
            ),
        )


def _result(
    calibration: Calibration, made: Calibrated, observed: Observed, output: Path, beside: Path
) -> dict[str, object]:
    return {
        "output": str(output),
        "page": str(beside),
        "version": calibration.version,
        "cases": calibration.cases,
        "right": observed.right,
        "skipped": dict(observed.skipped),
        "log_loss": {name: round(loss, 4) for name, loss in made.log_loss.items()},
        "line": bool(calibration.line),
        "reliability": dict(calibration.reliability),
        "thresholds": asdict(calibration.thresholds) if calibration.thresholds else None,
    }


def _print(  # noqa: PLR0913 - everything there is to tell
    calibration: Calibration,
    made: Calibrated,
    observed: Observed,
    output: Path,
    beside: Path,
    *,
    made_from_corpus: bool,
    takes_force: bool,
) -> None:
    print(
        f"calibration {calibration.version}: {calibration.cases} cases, "
        f"{observed.right} of them right picks"
    )
    for reason, number in observed.skipped.items():
        print(f"  {number} left out: {reason}")
    losses = ", ".join(f"{name} {loss:.3f}" for name, loss in made.log_loss.items())
    print(f"log loss on cases not seen: {losses}; kept the better one")
    print("  ".join(f"{name} {value:.3f}" for name, value in calibration.reliability.items()))
    if calibration.thresholds:
        _print_thresholds(calibration.thresholds)
    print(f"written: {output} and {beside}")
    if made_from_corpus:
        print(
            "headings use the documents' own words: confidence is too high for people who do not; "
            "calibrate on real questions as soon as there are some"
        )
    if takes_force:
        print("it takes force with the next start of the copilot")


def _print_thresholds(found: Thresholds) -> None:
    print(
        f"thresholds for {found.precision:.0%} right with {found.certainty:.0%} certainty, for "
        "`answers` in policy.yaml:"
    )
    print(f"  threshold: {threshold_text(found.pooled)}")
    for kind, one in sorted(found.kinds.items()):
        print(f"    {kind}: {threshold_text(one)}")
