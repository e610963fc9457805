"""Connections to a chat model that end with their time, whatever bytes still come.

A read timeout bounds silence only: a server that sends a comment now and then, to keep the
connection alive, would hold a call for ever.
"""

import atexit
import time
from collections.abc import Callable, Iterator
from functools import cache

import httpx

_MOST_CONNECTIONS = 1000


@cache
def bounded_client(whole_seconds: float) -> httpx.Client:
    """A client that reads no reply for longer than so many seconds; one for each such limit.

    It is shared and stays open, because nobody knows when the last model that has it is gone.
    """
    client = httpx.Client(
        event_hooks={"response": [ends_after(whole_seconds)]},
        limits=httpx.Limits(max_connections=_MOST_CONNECTIONS),
        follow_redirects=False,
    )
    atexit.register(client.close)
    return client


def ends_after(whole_seconds: float) -> Callable[[httpx.Response], None]:
    """A hook for responses: reading on raises `httpx.ReadTimeout` once the time is over."""

    def bounded(response: httpx.Response) -> None:
        stream = response.stream
        if isinstance(stream, httpx.SyncByteStream):
            response.stream = _Bounded(stream, time.monotonic() + whole_seconds, response.request)

    return bounded


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
