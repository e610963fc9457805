"""How likely it is that the answer is right: raw signals through a model fitted on labelled cases.

The model is logistic, no coefficient may contradict reason (more coverage never lowers
confidence), and where it pays its score is bent once more by a monotone line. It ships in
`calibration.json` with what it was fitted on and how it held up; an owner's own comes from
`partner-copilot eval calibrate`.
"""

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from copilot.signals import SIGNALS_VERSION, Signals, signals_of

__all__ = ["Calibration", "Scarce", "SignalShares", "Signals", "Thresholds", "signals_of"]

_FARTHEST = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """From which confidence on answers were right often enough, by kind of document.

    `precision` is the share of right answers that is meant to hold, with `certainty` that it does
    (the lower end of a one-sided Wilson interval). `pooled` holds for kinds with too few cases of
    their own; None, there or for a kind, says that no threshold reaches it.
    """

    precision: float
    certainty: float
    pooled: float | None
    kinds: Mapping[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalShares:
    """How one signal was spread among the cases of a calibration.

    `edges` part its values into bins, ascending; `shares` of the cases fell into each of the
    `len(edges) + 1` bins.
    """

    edges: tuple[float, ...]
    shares: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scarce:
    """The model where a search found next to nothing, `below` this share of the ten looked at.

    There being ahead of the rest tells little, and what the passage itself says tells more.
    """

    below: float
    intercept: float
    coefficients: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """A fitted logistic model: probability = 1 / (1 + exp(-(intercept + sum of w * signal))).

    `line`, where it is not empty, has points (score, probability), ascending in both: the score
    is looked up there instead, straight between two points.

    Looking up a code is a case of its own, which too few cases of a corpus have for a coefficient:
    where codes that the picked spans define carry at least `lookup_from` of the question's weight,
    the probability is at least `lookup_reliability`, the share that was right among such cases
    (Laplace's rule of succession).

    `fitted_on` says on which cases and when, `reliability` what the model reached on cases it had
    not seen; both are for people and for the report. `corpus` is a sketch of the documents behind
    it, `dataset` the hash of its cases, `embedder` the model whose cosines it saw; all three are
    empty in the shipped one, which is for any corpus. `spread` is kept to notice drift.
    """

    version: str
    signals_version: int
    intercept: float
    coefficients: Mapping[str, float]
    lookup_from: float
    lookup_reliability: float
    fitted_on: str
    fitted_at: str
    cases: int
    reliability: Mapping[str, float]
    line: tuple[tuple[float, float], ...] = ()
    scarce: Scarce | None = None
    thresholds: Thresholds | None = None
    dataset: str = ""
    corpus: tuple[str, ...] = ()
    embedder: str = ""
    spread: Mapping[str, SignalShares] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path | None = None) -> Self:
        """Read a calibration file, the shipped one by default.

        `ConfigurationError` where the file is not one, or names a signal that does not exist.
        """
        from copilot.calibration_file import read_calibration

        return read_calibration(cls, path)

    @property
    def fits_the_signals(self) -> bool:
        """Whether it was fitted on the signals as they are read now."""
        return self.signals_version == SIGNALS_VERSION

    def score(self, signals: Signals) -> float:
        """The log odds before the line, bounded."""
        return _score(self.intercept, self.coefficients, signals)

    def probability(self, signals: Signals | None) -> float:
        """The probability that the answer is right; 0 where there is nothing to judge."""
        if signals is None:
            return 0.0
        scarce = self.scarce
        if scarce is not None and signals.found < scarce.below:
            fitted = _logistic(_score(scarce.intercept, scarce.coefficients, signals))
        else:
            score = self.score(signals)
            fitted = _on_line(self.line, score) if self.line else _logistic(score)
        if self.is_lookup(signals):
            return max(fitted, self.lookup_reliability)
        return fitted

    def is_lookup(self, signals: Signals) -> bool:
        """Whether a code is looked up that the picked spans define."""
        return signals.defined >= self.lookup_from and not signals.stray


def _score(intercept: float, coefficients: Mapping[str, float], signals: Signals) -> float:
    values: dict[str, float] = asdict(signals)
    score = intercept + sum(weight * values[name] for name, weight in coefficients.items())
    return max(-_FARTHEST, min(_FARTHEST, score))


def _logistic(score: float) -> float:
    return 1.0 / (1.0 + math.exp(-score))


def _on_line(line: tuple[tuple[float, float], ...], score: float) -> float:
    at = bisect_right(line, (score, math.inf))
    if at == 0:
        return line[0][1]
    if at == len(line):
        return line[-1][1]
    (x0, y0), (x1, y1) = line[at - 1], line[at]
    return y0 + (y1 - y0) * (score - x0) / (x1 - x0)
