"""Which calibration holds: the owner's own where it fits this house, else the shipped one."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from copilot.confidence import Calibration
from foundation.errors import ConfigurationError
from governance.corpus_sketch import likeness

STILL_THE_SAME = 0.5
"""Share of the documents that must still be as they were when a calibration was fitted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationInForce:
    """The calibration that answers are judged by.

    `own` says whether an owner fitted it. `notice` says why the owner's is passed over, or that
    the shipped one itself no longer fits; empty where all is well.
    """

    calibration: Calibration
    own: bool
    notice: str = ""

    @property
    def stale(self) -> bool:
        """Whether what was fitted for this house, or ships, no longer fits it."""
        return bool(self.notice)


def calibration_in_force(
    path: Path, *, embedder: str, corpus: Callable[[], tuple[str, ...]]
) -> CalibrationInForce:
    """Take the owner's file at `path` if there is one and it was fitted for what runs here.

    `corpus` gives the sketch of the documents of now; it is asked only where there is a file.
    """
    shipped = Calibration.load()
    if not path.exists():
        outdated = "" if shipped.fits_the_signals else "the shipped calibration fits other signals"
        return CalibrationInForce(calibration=shipped, own=False, notice=outdated)
    try:
        own = Calibration.load(path)
    except ConfigurationError as error:
        return CalibrationInForce(
            calibration=shipped, own=False, notice=f"{error}; until then the shipped one is used"
        )
    reason = _unfit(own, embedder, corpus)
    if reason:
        notice = (
            f"the calibration {path.name} (version {own.version}) {reason}; the shipped one is "
            "used until you run `partner-copilot eval calibrate` again"
        )
        return CalibrationInForce(calibration=shipped, own=False, notice=notice)
    return CalibrationInForce(calibration=own, own=True)


def _unfit(own: Calibration, embedder: str, corpus: Callable[[], tuple[str, ...]]) -> str:
    if not own.fits_the_signals:
        return "was fitted on signals as an earlier release read them"
    if own.embedder and own.embedder != embedder:
        return f"was fitted with the embedder {own.embedder!r}, not {embedder!r}"
    same = likeness(own.corpus, corpus())
    if own.corpus and same < STILL_THE_SAME:
        return f"was fitted on other documents ({same:.0%} of them are here as they were)"
    return ""
