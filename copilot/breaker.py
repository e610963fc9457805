"""Leaves a model alone that keeps failing, so that nobody waits for what will not come."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from threading import Lock

from governance.chat_policy import BreakerPolicy


class State(StrEnum):
    """Closed: calls go through. Open: none does. Half open: one call is trying."""

    CLOSED = "closed"
    HALF_OPEN = "half_open"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A call that was admitted; `era` counts how often the breaker had moved by then."""

    era: int


class Breaker:
    """Counts failures in a row; from as many as policy says on, calls are refused for a while.

    After that one call tries: its success closes the breaker, its failure opens it again. Whoever
    was admitted tells how it went, by one of `succeeded`, `failed` and `undecided`, with the ticket
    it was given. What a call tells that was admitted before the breaker moved is not heard: it
    would end, or fail, the trial of another.
    """

    def __init__(
        self, policy: Callable[[], BreakerPolicy], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._policy = policy
        self._now = now
        self._lock = Lock()
        self._failures = 0
        self._opened_at: float | None = None
        self._trying = False
        self._era = 0

    @property
    def state(self) -> State:
        """Where it stands."""
        with self._lock:
            if self._opened_at is None:
                return State.CLOSED
            return State.HALF_OPEN if self._trying else State.OPEN

    def admits(self) -> Ticket | None:
        """A ticket where a call may be made now."""
        with self._lock:
            if self._opened_at is None:
                return Ticket(era=self._era)
            rested = self._now() - self._opened_at >= self._policy().pause_seconds
            if self._trying or not rested:
                return None
            self._trying = True
            self._era += 1
            return Ticket(era=self._era)

    def succeeded(self, ticket: Ticket) -> None:
        """The call brought a reply."""
        with self._lock:
            if ticket.era != self._era:
                return
            self._failures = 0
            self._opened_at = None
            self._trying = False

    def failed(self, ticket: Ticket) -> None:
        """The call failed, and the model is to blame."""
        with self._lock:
            if ticket.era != self._era:
                return
            self._failures += 1
            if self._trying or self._failures >= self._policy().failures:
                self._opened_at = self._now()
                self._era += 1
            self._trying = False

    def undecided(self, ticket: Ticket) -> None:
        """The call says nothing about the model: it was given up, or the prompt was to blame."""
        with self._lock:
            if ticket.era == self._era:
                self._trying = False
