"""Counters of requests in memory, for the `limits` library.

Its own storage in memory starts a thread for nearly every count that is not in a burst, which
costs milliseconds, and grows with the number of names it is asked about. This one does neither.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from math import floor

from limits.storage.base import SlidingWindowCounterSupport, Storage

MOST_COUNTERS = 100_000
"""Counters that are kept; beyond it the one that was least recently used is forgotten."""


@dataclass(slots=True)
class _Counter:
    """Counts of a window and of the one before; windows start at multiples of their length."""

    window: int
    count: int
    before: int
    ends: float


class MemoryCounters(Storage, SlidingWindowCounterSupport):
    """Counts for fixed windows and for the sliding window counter. Threads may share one."""

    STORAGE_SCHEME = None

    def __init__(self, now: Callable[[], float] = time.time, most: int = MOST_COUNTERS) -> None:
        super().__init__()
        self._now = now
        self._most = most
        self._lock = threading.Lock()
        self._counters: OrderedDict[str, _Counter] = OrderedDict()

    @property
    def base_exceptions(self) -> type[Exception]:
        """What can go wrong here: nothing of its own."""
        return MemoryError

    # -- fixed windows: from the first count on ----------------------------------------------

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count on; a window that is over starts anew."""
        now = self._now()
        with self._lock:
            counter = self._kept(key)
            if now >= counter.ends:
                counter.count = 0
                counter.ends = now + expiry
            counter.count += amount
            return counter.count

    def get(self, key: str) -> int:
        """What was counted in the window that runs."""
        with self._lock:
            counter = self._counters.get(key)
            return counter.count if counter and self._now() < counter.ends else 0

    def get_expiry(self, key: str) -> float:
        """When the window that runs is over, in seconds since 1970."""
        with self._lock:
            counter = self._counters.get(key)
            return counter.ends if counter else self._now()

    # -- sliding windows ---------------------------------------------------------------------

    def acquire_sliding_window_entry(
        self, key: str, limit: int, expiry: int, amount: int = 1
    ) -> bool:
        """Count on where the limit allows it: a part of the window before counts as well."""
        now = self._now()
        with self._lock:
            counter = self._turned(key, expiry, now)
            left = 1 - now / expiry % 1
            if floor(counter.before * left + counter.count) + amount > limit:
                return False
            counter.count += amount
            return True

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """Counts of the window before and of this one, each with the seconds it still matters."""
        now = self._now()
        with self._lock:
            counter = self._turned(key, expiry, now)
            left = (1 - now / expiry % 1) * expiry
            return (
                counter.before,
                left if counter.before else 0.0,
                counter.count,
                left + expiry,
            )

    def clear_sliding_window(self, key: str, expiry: int) -> None:  # noqa: ARG002 - the port
        """Forget a key."""
        self.clear(key)

    # -- all ---------------------------------------------------------------------------------

    def check(self) -> bool:
        """Memory is always there."""
        return True

    def reset(self) -> int:
        """Forget everything."""
        with self._lock:
            number = len(self._counters)
            self._counters.clear()
            return number

    def clear(self, key: str) -> None:
        """Forget a key."""
        with self._lock:
            self._counters.pop(key, None)

    def _turned(self, key: str, expiry: int, now: float) -> _Counter:
        counter = self._kept(key)
        window = int(now // expiry)
        if counter.window != window:
            counter.before = counter.count if counter.window == window - 1 else 0
            counter.count = 0
            counter.window = window
        return counter

    def _kept(self, key: str) -> _Counter:
        counter = self._counters.get(key)
        if counter is None:
            counter = self._counters[key] = _Counter(window=0, count=0, before=0, ends=0.0)
            if len(self._counters) > self._most:
                self._counters.popitem(last=False)
        else:
            self._counters.move_to_end(key)
        return counter
