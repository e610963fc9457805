"""A bound on how much is worked on at once: who comes beyond it is told to come back."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from foundation.errors import CopilotError


class BusyError(CopilotError):
    """As much as may be is being worked on; the same again will do in a moment."""


class Gate:
    """Lets at most `places` in at once, and nobody wait: a queue without end helps no one."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._lock = Lock()

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place for as long as the block lasts. Raises `BusyError` where none is free."""
        with self._lock:
            if self._free < 1:
                raise BusyError("too many questions are being answered; ask again in a moment")
            self._free -= 1
        try:
            yield
        finally:
            with self._lock:
                self._free += 1
