"""The HTTP interface: where routes, parts and problems meet.

`uvicorn api:create_app --factory` serves it; so does `partner-copilot serve`, with `serve`.
"""

import logging
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import anyio.to_thread
import uvicorn
from anyio import CapacityLimiter
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException

import copilot.routes
import governance.routes.documents
import governance.routes.operations
import retrieval.routes
from assembly import Assembly
from copilot.escalate import PersonRequest
from foundation.asgi import REQUEST_ID_HEADER, RequestShell, Scope, Send
from foundation.clock import Clock, system_clock
from foundation.errors import (
    ConfigurationError,
    ConflictError,
    CopilotError,
    InvalidRequestError,
    NotFoundError,
    StorageError,
)
from foundation.gate import BusyError, Gate
from foundation.ids import new_id
from foundation.listening import address_of, listen
from foundation.problem import PROBLEM_MEDIA_TYPE, Misfit, Problem
from foundation.settings import Settings, load_settings
from foundation.telemetry import Telemetry
from governance.identity import ForbiddenError, UnauthenticatedError
from governance.listing import Listing
from governance.principal import Principal
from ingest.errors import IngestError, TooLargeError, UnsupportedFormatError
from retrieval.query import Query
from retrieval.readiness import Readiness

_log = logging.getLogger("copilot.http")
THREADS = 40
"""Threads that work for requests; each may hold a connection to the database."""
PROBES = 2
"""Threads of their own for /readyz, which must answer while all others are busy."""
MOST_QUESTIONS = 32
"""Questions and searches at once; beyond it the asker is told to come back.

Twice the sixteen clients that the service is made for, and eight threads fewer than there are, so
that conversations and documents can be read while questions wait for the model.
"""
_NOT_FOUND = "There is nothing here under this address, or nothing that you may see."


# -- from error to status ----------------------------------------------------------------------


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
    ConflictError: Telling(status=409, kind="conflict"),
    TooLargeError: Telling(status=413, kind="content-too-large"),
    UnsupportedFormatError: Telling(status=415, kind="unsupported-media-type"),
    InvalidRequestError: Telling(status=422, kind="invalid-request"),
    IngestError: Telling(status=422, kind="unreadable-document"),
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
    415: PROBLEMS[UnsupportedFormatError],
}
_HEADERS: Mapping[int, Mapping[str, str]] = {
    401: {"WWW-Authenticate": 'Bearer realm="partner-copilot"'},
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
    return _response(problem_of(request, error), headers)


async def _tell_status(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    kind = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
    told = _BY_STATUS.get(error.status_code, Telling(status=error.status_code, kind=kind))
    return _response(_problem(request.url.path, told, detail=error.detail), error.headers)


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


async def _tell_failure(scope: Scope, send: Send, error_id: str) -> None:
    body = _problem(scope["path"], _UNEXPECTED, error_id=error_id).encoded()
    headers = [
        (b"content-type", PROBLEM_MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": 500, "headers": headers})
    await send({"type": "http.response.body", "body": body})


# -- putting it together -----------------------------------------------------------------------


def create_app(settings: Settings | None = None, clock: Clock = system_clock) -> FastAPI:
    """The application. Its parts are opened when it starts and closed when it stops."""
    chosen = settings or load_settings()
    return application(chosen, lambda: _opened(chosen, clock))


def serve(*, host: str, port: int, settings: Settings) -> int:
    """Serve until interrupted; returns 0. Raises `CopilotError` where it cannot begin."""
    with listen(host, port) as listener:
        _log_to_stderr()
        assembly = _opened(settings, system_clock)
        try:
            sys.stderr.write(_welcome(address_of(listener), settings))
            sys.stderr.flush()
            config = uvicorn.Config(
                application(settings, lambda: assembly),
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=10,
            )
            uvicorn.Server(config).run(sockets=[listener])
        except KeyboardInterrupt:
            pass
        finally:
            assembly.close()
    return 0


def application(settings: Settings, open_parts: Callable[[], Assembly]) -> FastAPI:
    """The application over parts that somebody else makes; it closes them when it stops."""
    telemetry = Telemetry()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        assembly = await anyio.to_thread.run_sync(open_parts)
        try:
            _hand_out(app, assembly)
            yield
        finally:
            await anyio.to_thread.run_sync(assembly.close)

    app = FastAPI(
        title="Partner Copilot",
        version="1.0",
        summary="Answers partners from approved documents they may read.",
        lifespan=lifespan,
        # A redirect would name a host, and what is not there is not found.
        redirect_slashes=False,
        # Both pages would load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.telemetry = telemetry
    app.state.problem_of = problem_of
    app.state.gate = Gate(MOST_QUESTIONS)
    app.state.probing = CapacityLimiter(PROBES)
    app.include_router(copilot.routes.router)
    app.include_router(retrieval.routes.router)
    app.include_router(governance.routes.documents.router)
    app.include_router(retrieval.routes.probes)
    app.include_router(governance.routes.operations.router)
    app.add_exception_handler(CopilotError, _tell_error)
    app.add_exception_handler(HTTPException, _tell_status)
    app.add_exception_handler(RequestValidationError, _tell_misfits)
    app.add_middleware(RequestShell, telemetry=telemetry, on_failure=_tell_failure)
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", REQUEST_ID_HEADER],
            expose_headers=[REQUEST_ID_HEADER],
        )
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def _opened(settings: Settings, clock: Clock) -> Assembly:
    """All parts, opened and warm: a search goes once through every one of them."""
    assembly = Assembly(settings, clock)
    try:
        nobody = Principal(subject="", tenant="", roles=frozenset())
        assembly.retriever.search(Query(text="warm-up", principal=nobody, limit=1))
        assembly.copilot  # noqa: B018 - made here, so that a bad policy is told at the start
        assembly.tokens  # noqa: B018
    except BaseException:
        assembly.close()
        raise
    return assembly


def _hand_out(app: FastAPI, assembly: Assembly) -> None:
    state = app.state
    state.clock = assembly.clock
    state.tokens = assembly.tokens
    state.visible_catalog = assembly.visible_catalog
    state.listing = Listing(assembly.catalog, assembly.visible_catalog)
    state.retriever = assembly.retriever
    state.copilot = assembly.copilot
    state.records = assembly.records
    state.person_request = PersonRequest(
        records=assembly.records, policy=assembly.policy.current, clock=assembly.clock
    )
    state.readiness = Readiness(
        catalog=assembly.catalog, index=assembly.index, embedder=assembly.question_embedder
    )


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The document, with problems in place of the framework's own validation errors."""
    if app.openapi_schema is not None:
        return app.openapi_schema
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=(
            "Errors are `application/problem+json` (RFC 9457). Every answer carries "
            f"`{REQUEST_ID_HEADER}`. Send a token as `Authorization: Bearer TOKEN`."
        ),
        routes=app.routes,
        tags=[
            {"name": "ask", "description": "Questions and their outcomes."},
            {"name": "search", "description": "Passages, without an answer."},
            {"name": "outcomes", "description": "What comes after an answer."},
            {"name": "documents", "description": "What there is to read."},
            {"name": "operations", "description": "Is it well?"},
        ],
    )
    schemas = document["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas["Problem"] = problem
    for operations in document["paths"].values():
        for operation in operations.values():
            invalid = operation["responses"].get("422", {"content": {}})
            if "application/json" in invalid["content"]:
                # Only path parameters could fail, and those are not found.
                del operation["responses"]["422"]
    app.openapi_schema = document
    return document


def _log_to_stderr() -> None:
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s"
    )
    logging.getLogger("copilot").setLevel(logging.INFO)


def _welcome(address: str, settings: Settings) -> str:
    data = f"--data-dir {settings.data_dir}"
    return (
        f"Partner Copilot listens on {address} (Ctrl+C stops it). Ask it something:\n"
        f"  TOKEN=$(partner-copilot token {data} --tenant acme --role partner_consultant)\n"
        '  curl -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\\n'
        f'    -d \'{{"question": "What does ERR-6301 mean?"}}\' {address}/v1/ask\n'
    )
