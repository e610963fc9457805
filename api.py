"""The HTTP interface: where routes, parts and problems meet.

`uvicorn api:create_app --factory` serves it; so does `partner-copilot serve`, with `serve`.
"""

import logging
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio.to_thread
import uvicorn
from anyio import CapacityLimiter
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

import copilot.routes
import governance.routes.documents
import governance.routes.operations
import retrieval.routes
from assembly import Assembly
from copilot.escalate import PersonRequest
from foundation.asgi import REQUEST_ID_HEADER, RequestShell
from foundation.clock import Clock, system_clock
from foundation.gate import Gate
from foundation.listening import address_of, listen
from foundation.settings import Settings, load_settings
from foundation.telemetry import Telemetry
from governance.listing import Listing
from governance.principal import Principal
from openapi import document_of
from problems import tell_failure, tell_problems
from retrieval.query import Query
from retrieval.readiness import Readiness

THREADS = 40
"""Threads that work for requests; each may hold a connection to the database."""
PROBES = 2
"""Threads of their own for /readyz, which must answer while all others are busy."""
MOST_QUESTIONS = 32
"""Questions and searches at once; beyond it the asker is told to come back.

Twice the sixteen clients that the service is made for, and eight threads fewer than there are, so
that conversations and documents can be read while questions wait for the model.
"""


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
    app.state.gate = Gate(MOST_QUESTIONS)
    app.state.probing = CapacityLimiter(PROBES)
    app.include_router(copilot.routes.router)
    app.include_router(retrieval.routes.router)
    app.include_router(governance.routes.documents.router)
    app.include_router(retrieval.routes.probes)
    app.include_router(governance.routes.operations.router)
    tell_problems(app)
    app.add_middleware(RequestShell, telemetry=telemetry, on_failure=tell_failure)
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", REQUEST_ID_HEADER],
            expose_headers=[REQUEST_ID_HEADER],
        )
    app.openapi = lambda: document_of(app)  # type: ignore[method-assign]
    return app


def _opened(settings: Settings, clock: Clock) -> Assembly:
    """All parts, opened and warm: a search goes once through every one of them."""
    assembly = Assembly(settings, clock)
    try:
        nobody = Principal(subject="", tenant="", roles=frozenset())
        assembly.retriever.search(Query(text="warm-up", principal=nobody, limit=1))
        assembly.copilot  # noqa: B018 - made here, so that a bad policy is told at the start
        assembly.tokens  # noqa: B018
        assembly.redactor.load()
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
    state.retriever = assembly.recorded_search
    state.copilot = assembly.copilot
    state.records = assembly.records
    state.person_request = PersonRequest(
        records=assembly.records, policy=assembly.policy.current, clock=assembly.clock
    )
    state.readiness = Readiness(
        catalog=assembly.catalog, index=assembly.index, embedder=assembly.question_embedder
    )


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
