"""Small things that are done after the answer: one thread, a bounded queue, and a proper end.

What is done here can fail or wait without anybody noticing but the log.
"""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable

_log = logging.getLogger("copilot.afterwards")
MOST_WAITING = 2_000


class Afterwards:
    """Does one thing after another in a thread of its own, which starts with the first one."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[tuple[float, int, Callable[[], None], threading.Event]] = []
        self._numbers = itertools.count()
        self._thread: threading.Thread | None = None
        self._closed = False

    def do(self, task: Callable[[], None], *, in_seconds: float = 0.0) -> threading.Event | None:
        """Have a thing done soon, or after some seconds; the event is set when it was tried.

        None: too much is waiting, or it is over, and the thing will not be done.
        """
        with self._changed:
            if self._closed or len(self._waiting) >= MOST_WAITING:
                _log.error("not done, because %d things are waiting", len(self._waiting))
                return None
            done = threading.Event()
            due = time.monotonic() + in_seconds
            heapq.heappush(self._waiting, (due, next(self._numbers), task, done))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="afterwards", daemon=True)
                self._thread.start()
            self._changed.notify()
            return done

    def close(self, *, timeout_seconds: float = 10.0) -> None:
        """Do at once whatever is waiting, due or not, and end."""
        with self._changed:
            self._closed = True
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join(timeout_seconds)

    def _work(self) -> None:
        while (found := self._next()) is not None:
            task, done = found
            try:
                task()
            except Exception:  # noqa: BLE001 - whatever it is, the next thing is done too
                # There is nobody left to tell but whoever reads the log.
                _log.exception("a thing that was to be done after an answer failed")
            finally:
                done.set()

    def _next(self) -> tuple[Callable[[], None], threading.Event] | None:
        with self._changed:
            while True:
                if self._waiting:
                    wait = self._waiting[0][0] - time.monotonic()
                    if wait <= 0 or self._closed:
                        _, _, task, done = heapq.heappop(self._waiting)
                        return (task, done)
                    self._changed.wait(wait)
                elif self._closed:
                    return None
                else:
                    self._changed.wait()
