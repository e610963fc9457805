"""Whether what people ask now still looks like what the calibration was fitted on.

The population stability index of each signal: sum over bins of (live - fitted) * ln(live /
fitted). By convention under .1 nothing moved, above .25 it did (Siddiqi, Credit Risk Scorecards,
2006). Chance alone gives about (bins - 1) * (1/live + 1/fitted), so few questions say nothing.
"""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select

from copilot.confidence import Calibration, SignalShares
from copilot.record_tables import outcomes
from copilot.signals import Signals
from foundation.database import Database

FEWEST = 100
"""Live questions from which on a drift can be told from chance."""

_MOVING, _MOVED = 0.1, 0.25
_BINS = 10
_MOST = 20_000
_FLOOR = 0.001


class Movement(StrEnum):
    """How far a signal has moved."""

    STEADY = "steady"
    MOVING = "moving"
    MOVED = "moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalDrift:
    """One signal: its index, and what that means."""

    signal: str
    index: float
    movement: Movement


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What the live signals say. `signals` is empty where `reason` says why nothing can be said."""

    questions: int
    signals: tuple[SignalDrift, ...]
    reason: str = ""

    @property
    def moved(self) -> tuple[str, ...]:
        """The signals that are no longer what the calibration was fitted on."""
        return tuple(one.signal for one in self.signals if one.movement is Movement.MOVED)


def shares_of(values: Sequence[float]) -> SignalShares:
    """Bins of about equal size over the values seen when fitting, and the share in each."""
    ordered = sorted(values)
    cuts = (ordered[round(at * (len(ordered) - 1) / _BINS)] for at in range(1, _BINS))
    edges = tuple(sorted({round(one, 6) for one in cuts}))
    return SignalShares(edges=edges, shares=_shares(values, edges))


def live_signals(database: Database, since: datetime | None) -> tuple[Mapping[str, float], ...]:
    """The signals of the latest questions that people asked, at most twenty thousand of them."""
    query = select(outcomes.c.signals).order_by(outcomes.c.created_at.desc()).limit(_MOST)
    if since is not None:
        query = query.where(outcomes.c.created_at >= since)
    with database.read() as connection:
        return tuple(row.signals for row in connection.execute(query) if row.signals)


def drift(calibration: Calibration, live: Sequence[Mapping[str, float]]) -> Drift:
    """Compare live signals with those of the calibration."""
    known = {field.name for field in fields(Signals)}
    complete = [one for one in live if known <= one.keys()]
    if not calibration.spread:
        reason = f"calibration {calibration.version} does not say how its signals were spread"
        return Drift(questions=len(complete), signals=(), reason=reason)
    if len(complete) < FEWEST:
        reason = f"{len(complete)} questions with signals are too few to tell; {FEWEST} are needed"
        return Drift(questions=len(complete), signals=(), reason=reason)
    found = []
    for name, fitted in calibration.spread.items():
        index = stability_index(fitted, [one[name] for one in complete if name in one])
        found.append(SignalDrift(signal=name, index=index, movement=_movement(index)))
    found.sort(key=lambda one: -one.index)
    return Drift(questions=len(complete), signals=tuple(found))


def stability_index(fitted: SignalShares, values: Sequence[float]) -> float:
    """The population stability index; an empty bin counts as a thousandth."""
    return math.fsum(
        (now - then) * math.log(now / then)
        for now, then in zip(
            (max(one, _FLOOR) for one in _shares(values, fitted.edges)),
            (max(one, _FLOOR) for one in fitted.shares),
            strict=True,
        )
    )


def _shares(values: Sequence[float], edges: tuple[float, ...]) -> tuple[float, ...]:
    counts = [0] * (len(edges) + 1)
    for one in values:
        counts[bisect_right(edges, one)] += 1
    return tuple(round(count / max(1, len(values)), 6) for count in counts)


def _movement(index: float) -> Movement:
    if index >= _MOVED:
        return Movement.MOVED
    return Movement.MOVING if index >= _MOVING else Movement.STEADY
