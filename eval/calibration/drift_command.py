"""`partner-copilot eval drift`: whether live questions still look like the calibration's."""
# ruff: noqa: T201 - printing is what this module is for

import argparse
import json
from datetime import UTC, date, datetime, time
from typing import Protocol

from copilot.calibration_in_force import CalibrationInForce
from eval.calibration.drift import Drift, drift, live_signals
from foundation.database import Database


class Parts(Protocol):
    """What looking for drift needs of the running parts."""

    @property
    def database(self) -> Database:
        """Where the record of the house is."""

    @property
    def calibration(self) -> CalibrationInForce:
        """What turns signals into confidence."""


def run_drift(parts: Parts, options: argparse.Namespace) -> int:
    """Print how far each signal has moved; 0 whether any has or not."""
    since = _start_of(options.since) if options.since else None
    found = drift(parts.calibration.calibration, live_signals(parts.database, since))
    if options.json:
        print(json.dumps(drift_json(parts.calibration, found)))
    else:
        _print(parts.calibration, found)
    return 0


def drift_json(chosen: CalibrationInForce, found: Drift) -> dict[str, object]:
    """The same for machines."""
    calibration = chosen.calibration
    return {
        "version": calibration.version,
        "signals_version": calibration.signals_version,
        "own": chosen.own,
        "stale": chosen.stale,
        "notice": chosen.notice or None,
        "fitted_at": calibration.fitted_at,
        "cases": calibration.cases,
        "drift": {
            "questions": found.questions,
            "reason": found.reason or None,
            "moved": list(found.moved),
            "signals": {one.signal: round(one.index, 4) for one in found.signals},
        },
    }


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def _print(chosen: CalibrationInForce, found: Drift) -> None:
    calibration = chosen.calibration
    whose = "your own" if chosen.own else "the shipped one"
    print(f"calibration {calibration.version} ({whose}), fitted at {calibration.fitted_at}")
    if found.reason:
        print(found.reason)
        return
    print(f"{found.questions} questions, stability index of each signal (above 0.25: moved)")
    for one in found.signals:
        print(f"  {one.signal:<14} {one.index:6.3f} {one.movement.value}")
    if found.moved:
        print(
            "people ask otherwise than the questions it was fitted on; "
            "run `partner-copilot eval calibrate` on questions of now"
        )
