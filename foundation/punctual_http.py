"""HTTP/1.1 as uvicorn speaks it, with an end to every wait for a caller.

uvicorn waits for ever for the first request of a connection, for the rest of a head, for the rest
of a body that nobody wants any more, and for a caller who does not read what was asked for.
"""

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 15.0
"""From connecting, or from the first byte after an answer, until the next head is complete."""
UNREAD_SECONDS = 60.0
"""So long an answer may wait for its reader to take the next part."""
LARGEST_HEAD = 32 * 1024
"""Bytes of request line and headers together; a token has at most 8 KiB."""
MOST_CONNECTIONS = 4_000
"""Connections at once; beyond it a request is told to come back."""


class PunctualHttp(H11Protocol):
    """Closes a connection whose caller neither sends nor reads in time."""

    head_seconds = HEAD_SECONDS
    unread_seconds = UNREAD_SECONDS
    _for_head: asyncio.TimerHandle | None = None
    _for_reader: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A caller is there; its request has to follow."""
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        """Something came: a head, a part of one, a body."""
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._expect_head()
        elif self._for_head is not None:
            self._for_head.cancel()
            self._for_head = None

    def pause_writing(self) -> None:
        """The caller reads more slowly than it is written to."""
        super().pause_writing()
        if self._for_reader is None:
            self._for_reader = self.loop.call_later(self.unread_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """The caller has caught up."""
        if self._for_reader is not None:
            self._for_reader.cancel()
            self._for_reader = None
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """The caller has gone."""
        for waiting in (self._for_head, self._for_reader):
            if waiting is not None:
                waiting.cancel()
        super().connection_lost(exc)

    def _expect_head(self) -> None:
        # Once set it stays: a byte now and then does not put it off.
        if self._for_head is None:
            self._for_head = self.loop.call_later(self.head_seconds, self.transport.abort)


def server_config(app: Any) -> Config:  # noqa: ANN401 - uvicorn's own type is not public
    """How the application is served, with every bound that uvicorn itself knows."""
    return Config(
        app,
        http=PunctualHttp,
        # Nothing here speaks it.
        ws="none",
        h11_max_incomplete_event_size=LARGEST_HEAD,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=10,
        log_config=None,
        access_log=False,
        server_header=False,
    )
