"""The one table from error to status, and how an error is told over HTTP (RFC 9457)."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from copilot.model_reply import ModelUnavailableError
from foundation.asgi import Scope, Send
from foundation.errors import (
    ConfigurationError,
    ConflictError,
    CopilotError,
    InvalidRequestError,
    NotFoundError,
    StorageError,
)
from foundation.gate import BusyError
from foundation.ids import new_id
from foundation.patience import SlowBodyError
from foundation.problem import PROBLEM_MEDIA_TYPE, Misfit, Problem
from governance.identity import ForbiddenError, UnauthenticatedError
from governance.limiting import Exceeded, LimitedError
from governance.routes.denied import noted
from ingest.errors import (
    IngestError,
    MislabelledFileError,
    TooLargeError,
    UnsupportedFormatError,
)
from ingest.jobs import QueueFullError

_log = logging.getLogger("copilot.http")
_NOT_FOUND = "There is nothing here under this address, or nothing that you may see."


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """How a kind of error is told. Without `detail` the error's own words are."""

    status: int
    kind: str
    detail: str = ""


PROBLEMS: Mapping[type[CopilotError], Telling] = {
    UnauthenticatedError: Telling(status=401, kind="unauthenticated"),
    ForbiddenError: Telling(status=403, kind="forbidden"),
    # The same words whether it is another's or nobody's.
    NotFoundError: Telling(status=404, kind="not-found", detail=_NOT_FOUND),
    SlowBodyError: Telling(status=408, kind="request-timeout"),
    ConflictError: Telling(status=409, kind="conflict"),
    TooLargeError: Telling(status=413, kind="content-too-large"),
    UnsupportedFormatError: Telling(status=415, kind="unsupported-media-type"),
    MislabelledFileError: Telling(status=415, kind="unsupported-media-type"),
    InvalidRequestError: Telling(status=422, kind="invalid-request"),
    IngestError: Telling(status=422, kind="unreadable-document"),
    LimitedError: Telling(status=429, kind="too-many-requests"),
    ConfigurationError: Telling(
        status=500,
        kind="misconfigured",
        detail="The service is not set up as it must be; tell its operator the error_id.",
    ),
    BusyError: Telling(
        status=503,
        kind="busy",
        detail="Too many questions are being answered at the moment; ask again in a moment.",
    ),
    QueueFullError: Telling(
        status=503,
        kind="busy",
        detail="Too many uploads are waiting to be read; send it again in a while.",
    ),
    # Told nowhere today: an answer is quoted instead.
    ModelUnavailableError: Telling(
        status=503,
        kind="unavailable",
        detail="The language model does not answer at the moment; try again shortly.",
    ),
    StorageError: Telling(
        status=503,
        kind="unavailable",
        detail="A part of the service does not answer at the moment; try again shortly.",
    ),
}
"""The one table: an error is told as the first of its classes (in Python's order) that is here."""

_UNEXPECTED = Telling(
    status=500,
    kind="unexpected",
    detail="Something failed that should not have; tell the operator the error_id.",
)
_BY_STATUS: Mapping[int, Telling] = {
    404: Telling(status=404, kind="not-found", detail=_NOT_FOUND),
    405: Telling(
        status=405, kind="method-not-allowed", detail="This address takes other methods; see Allow."
    ),
    413: PROBLEMS[TooLargeError],
    414: Telling(status=414, kind="uri-too-long", detail="The address is too long; shorten it."),
    415: PROBLEMS[UnsupportedFormatError],
    421: Telling(
        status=421,
        kind="misdirected-request",
        detail="This service does not answer under the name in the Host header.",
    ),
}
_HEADERS: Mapping[int, Mapping[str, str]] = {
    401: {"WWW-Authenticate": 'Bearer realm="partner-copilot"'},
    # The rest of the body is not wanted.
    408: {"Connection": "close"},
    413: {"Connection": "close"},
    503: {"Retry-After": "2"},
}


def telling_of(error: type[Exception]) -> Telling | None:
    """The row of the table that is for this class of error."""
    return next((PROBLEMS[one] for one in error.__mro__ if one in PROBLEMS), None)


def _problem(
    path: str, told: Telling, *, detail: str = "", error_id: str | None = None,
    errors: list[Misfit] | None = None,
) -> Problem:  # fmt: skip
    return Problem(
        type=f"urn:problem-type:partner-copilot:{told.kind}",
        title=told.kind.replace("-", " ").capitalize(),
        status=told.status,
        detail=told.detail or detail,
        instance=path,
        errors=errors,
        error_id=error_id,
    )


def problem_of(request: Request, error: Exception) -> Problem:
    """What is told of an error. What it may not say is logged, under an id that it does say."""
    told = telling_of(type(error)) or _UNEXPECTED
    error_id = None
    # That there is much to do is no failure to look into.
    if told.status >= HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(error, BusyError):
        error_id = new_id("err")
        _log.error("error %s", error_id, exc_info=error)
    return _problem(request.url.path, told, detail=str(error), error_id=error_id)


def _response(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        problem.encoded(),
        status_code=problem.status,
        media_type=PROBLEM_MEDIA_TYPE,
        headers={**_HEADERS.get(problem.status, {}), **(headers or {})},
    )


async def _tell_error(request: Request, error: Exception) -> Response:
    headers = {}
    if isinstance(error, UnauthenticatedError) and "authorization" in request.headers:
        # RFC 6750, section 3.1: only who sent a token is told that it is wrong.
        headers["WWW-Authenticate"] = f'{_HEADERS[401]["WWW-Authenticate"]}, error="invalid_token"'
    if isinstance(error, LimitedError):
        headers = limit_headers(error.exceeded)
        request.app.state.telemetry.limited.labels(limit=error.exceeded.name).inc()
    return noted(request, _response(problem_of(request, error), headers), error)


def limit_headers(exceeded: Exceeded) -> dict[str, str]:
    """What a 429 says to programs (RFC 9110, 10.2.3, and the draft RateLimit header fields)."""
    headers = {"Retry-After": str(exceeded.retry_after)}
    if exceeded.amount:
        policy = f'"{exceeded.name}";q={exceeded.amount}'
        headers["RateLimit-Policy"] = policy + (f";w={exceeded.seconds}" * (exceeded.seconds > 0))
        headers["RateLimit"] = f'"{exceeded.name}";r=0;t={exceeded.retry_after}'
    return headers


async def _tell_status(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    kind = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
    told = _BY_STATUS.get(error.status_code, Telling(status=error.status_code, kind=kind))
    headers = dict(error.headers or {}) | _allowed(request, error.status_code)
    response = _response(_problem(request.url.path, told, detail=error.detail), headers)
    return noted(request, response, error)


def _allowed(request: Request, status: int) -> dict[str, str]:
    """All methods that an address takes: the framework names those of one of its routes."""
    if status != HTTPStatus.METHOD_NOT_ALLOWED:
        return {}
    template = getattr(request.scope.get("route"), "path", "")
    methods = request.app.openapi()["paths"].get(template, {})
    return {"Allow": ", ".join(sorted(one.upper() for one in methods))} if methods else {}


async def _tell_misfits(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    found = error.errors()
    if all(one["loc"][:1] == ("path",) for one in found):
        return await _tell_error(request, NotFoundError())
    told = Telling(
        status=422,
        kind="invalid-request",
        detail="The request does not fit what this address takes; see errors.",
    )
    return _response(_problem(request.url.path, told, errors=[_misfit(one) for one in found]))


def _misfit(error: Mapping[str, Any]) -> Misfit:
    if error["type"] == "extra_forbidden":
        # The key itself is the sender's text, and is not repeated.
        return Misfit(loc=list(error["loc"][:-1]), msg="holds a key that is not known here")
    return Misfit(loc=list(error["loc"]), msg=error["msg"].removeprefix("Value error, "))


async def tell_failure(scope: Scope, send: Send, error_id: str) -> None:
    """Tell of an error that no handler saw."""
    await _send(send, _problem(scope["path"], _UNEXPECTED, error_id=error_id))


async def tell_refusal(send: Send, status: HTTPStatus) -> None:
    """Tell of a request that is not looked at any further, not even at its path."""
    await _send(send, _problem("", _BY_STATUS[status]), (b"connection", b"close"))


async def _send(send: Send, problem: Problem, *more: tuple[bytes, bytes]) -> None:
    body = problem.encoded()
    headers = [
        (b"content-type", PROBLEM_MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        *more,
    ]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def tell_problems(app: FastAPI) -> None:
    """Have the application tell of every error as a problem, inside a stream as well."""
    app.state.problem_of = problem_of
    app.add_exception_handler(CopilotError, _tell_error)
    app.add_exception_handler(HTTPException, _tell_status)
    app.add_exception_handler(RequestValidationError, _tell_misfits)
