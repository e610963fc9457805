"""Connections to a chat model that end with their time, whatever bytes still come.

A read timeout bounds silence only: a server that sends a comment now and then, to keep the
connection alive, would hold a call for ever.
"""

import ssl
import time
from collections.abc import Callable, Iterator
from functools import lru_cache

import httpx

_MOST_CONNECTIONS = 1000


class BoundedClient(httpx.Client):
    """Reads no reply for longer than so many seconds; closes its connections when dropped."""

    def __init__(self, *, whole_seconds: float) -> None:
        super().__init__(
            event_hooks={"response": [ends_after(whole_seconds)]},
            limits=httpx.Limits(max_connections=_MOST_CONNECTIONS),
            follow_redirects=False,
            verify=_trust(),
        )

    def __del__(self) -> None:
        self.close()


def ends_after(whole_seconds: float) -> Callable[[httpx.Response], None]:
    """A hook for responses: reading on raises `httpx.ReadTimeout` once the time is over."""

    def bounded(response: httpx.Response) -> None:
        stream = response.stream
        if isinstance(stream, httpx.SyncByteStream):
            response.stream = _Bounded(stream, time.monotonic() + whole_seconds, response.request)

    return bounded


@lru_cache(maxsize=1)
def _trust() -> ssl.SSLContext:
    """The certificates that are trusted, which take long to read."""
    return httpx.create_ssl_context()


class _Bounded(httpx.SyncByteStream):
    def __init__(self, stream: httpx.SyncByteStream, until: float, request: httpx.Request) -> None:
        self._stream = stream
        self._until = until
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        for part in self._stream:
            yield part
            if time.monotonic() >= self._until:
                raise httpx.ReadTimeout("the reply took too long", request=self._request)

    def close(self) -> None:
        self._stream.close()
