"""What every HTTP request gets, whatever answers it: an id, headers, a count and a log line.

Plain ASGI, so that a streamed answer passes through untouched and no framework is needed here.
"""

import logging
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

from foundation.ids import ID_PATTERN, new_id
from foundation.telemetry import Telemetry

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

REQUEST_ID_HEADER = "x-request-id"
UNMATCHED = "unmatched"

_log = logging.getLogger("copilot.http")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_GONE = 499
LONGEST_TARGET = 8 * 1024
"""Bytes of path and query together."""
_PROBES = frozenset({"/healthz", "/readyz"})


class RequestShell:
    """Goes around the application, once a request.

    A log line names the route, never the path, the query, the question or the token. `on_failure`
    answers for an exception that nobody handled: it gets scope, send and an id that the log has
    too, so that the asker can name the failure and learns nothing else about it. `on_refusal`
    answers for what is not even looked at: an address that is too long, or, where `hosts` names
    any, another host's. `on_answer` is told the status of each answer after it was sent.
    """

    def __init__(  # noqa: PLR0913 - one keyword a part
        self,
        app: Application,
        *,
        telemetry: Telemetry,
        on_failure: Callable[[Scope, Send, str], Awaitable[None]],
        on_refusal: Callable[[Send, HTTPStatus], Awaitable[None]],
        on_answer: Callable[[Scope, int], None],
        hosts: frozenset[str] = frozenset(),
    ) -> None:
        self._app = app
        self._telemetry = telemetry
        self._on_failure = on_failure
        self._on_refusal = on_refusal
        self._on_answer = on_answer
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        # A caller that went away before it was answered.
        status = _GONE
        named = (REQUEST_ID_HEADER.encode(), request_id.encode())

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), named]
            await send(message)

        try:
            refused = self._refused(scope)
            if refused:
                await self._on_refusal(send_with_headers, refused)
            else:
                await self._app(scope, receive, send_with_headers)
        except Exception:
            error_id = new_id("err")
            _log.exception("request %s failed: error %s", request_id, error_id)
            if status != _GONE:
                # The answer has begun: closing the connection is all that is left to do.
                raise
            await self._on_failure(scope, send_with_headers, error_id)
        finally:
            self._note(scope, request_id, status, time.perf_counter() - started)
            self._tell_answer(scope, status)

    def _tell_answer(self, scope: Scope, status: int) -> None:
        try:
            self._on_answer(scope, status)
        except Exception:  # noqa: BLE001 - whatever it is, it is logged
            # The answer is out, and whoever asked has nothing to do with it.
            _log.exception("what follows from an answer failed")

    def _refused(self, scope: Scope) -> HTTPStatus | None:
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > LONGEST_TARGET:
            return HTTPStatus.REQUEST_URI_TOO_LONG
        # Probes come by address, and what they get is the same for every host.
        if not self._hosts or scope["path"] in _PROBES:
            return None
        return None if _host(scope) in self._hosts else HTTPStatus.MISDIRECTED_REQUEST

    def _note(self, scope: Scope, request_id: str, status: int, seconds: float) -> None:
        route = str(getattr(scope.get("route"), "path", UNMATCHED))
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        self._telemetry.requests.labels(route=route, method=method, status=str(status)).inc()
        self._telemetry.latency_seconds.labels(route=route).observe(seconds)
        _log.info(
            "request_id=%s method=%s route=%s status=%d ms=%.1f",
            request_id, method, route, status, seconds * 1000,
        )  # fmt: skip


def _request_id(scope: Scope) -> str:
    """The caller's own id where it is a decent one, so that its log and ours can be joined."""
    for name, value in scope["headers"]:
        if name == REQUEST_ID_HEADER.encode():
            given = str(value.decode("latin-1"))
            return given if re.fullmatch(ID_PATTERN, given) else new_id("req")
    return new_id("req")


def _host(scope: Scope) -> str:
    given = [value for name, value in scope["headers"] if name == b"host"]
    if len(given) != 1:
        return ""
    name = str(given[0].decode("latin-1")).casefold()
    # Without the port, which an address in brackets has colons before.
    return re.sub(r":[0-9]*$", "", name)
