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
from starlette.datastructures import State

import copilot.routes
import governance.routes.access
import governance.routes.approval
import governance.routes.audit
import governance.routes.documents
import governance.routes.operations
import ingest.routes
import retrieval.routes
from assembly import Assembly
from copilot.escalate import PersonRequest
from copilot.model_metrics import ModelMetrics
from foundation.asgi import REQUEST_ID_HEADER, RequestShell, Scope
from foundation.clock import Clock, system_clock
from foundation.gate import Gate
from foundation.lingering import LingeringClose
from foundation.listening import address_of, listen
from foundation.patience import Patience
from foundation.punctual_http import server_config
from foundation.security_headers import SecurityHeaders
from foundation.settings import Settings, load_settings
from foundation.telemetry import Telemetry
from governance.abuse import AbuseWatch, SecurityEvents
from governance.housekeeping import Housekeeping
from governance.limiting import Limits
from governance.principal import Principal
from governance.vigilance import Vigilance
from openapi import document_of
from problems import tell_failure, tell_problems, tell_refusal
from retrieval.query import Query
from retrieval.readiness import Readiness
from upkeep import housekeeping

_log = logging.getLogger("copilot.http")
THREADS = 40
"""Threads that work for requests; each may hold a connection to the database."""
PROBES = 2
"""Threads of their own for /readyz, which must answer while all others are busy."""
IDENTIFYING = 8
"""Threads that only find out who is asking, so that nobody waits for questions to be told."""
RECEIVING = 4
"""Threads that write uploads to the disk."""
COUNTERS = 8
"""Threads of their own for counting requests where that is done on another machine."""
MOST_QUESTIONS = 32
"""Questions and searches at once; beyond it the asker is told to come back.

Twice the sixteen clients that the service is made for, and eight threads fewer than there are, so
that conversations and documents can be read while questions wait for the model.
"""


def create_app(settings: Settings | None = None, clock: Clock = system_clock) -> FastAPI:
    """The application. Its parts are opened when it starts and closed when it stops."""
    chosen = settings or load_settings()
    return application(chosen, lambda: _opened(chosen, clock), beside=housekeeping)


def serve(*, host: str, port: int, settings: Settings) -> int:
    """Serve until interrupted; returns 0. Raises `CopilotError` where it cannot begin."""
    with listen(host, port) as listener:
        _log_to_stderr()
        assembly = _opened(settings, system_clock)
        try:
            sys.stderr.write(_welcome(address_of(listener), settings))
            sys.stderr.flush()
            app = application(settings, lambda: assembly, beside=housekeeping)
            config = server_config(app)
            uvicorn.Server(config).run(sockets=[listener])
        except KeyboardInterrupt:
            pass
        finally:
            assembly.close()
    return 0


def application(
    settings: Settings,
    open_parts: Callable[[], Assembly],
    *,
    beside: Callable[[Assembly, Telemetry], Housekeeping] | None = None,
) -> FastAPI:
    """The application over parts that somebody else makes; it closes them when it stops.

    `beside` makes what is to be done now and then while it runs.
    """
    telemetry = Telemetry()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        assembly = await anyio.to_thread.run_sync(open_parts)
        try:
            _hand_out(app, assembly)
            assembly.job_worker.start()
            keeper = beside(assembly, telemetry) if beside else None
            if keeper is not None:
                keeper.start()
            try:
                yield
            finally:
                if keeper is not None:
                    await anyio.to_thread.run_sync(keeper.stop)
        finally:
            await anyio.to_thread.run_sync(assembly.close)

    def answered(scope: Scope, status: int) -> None:
        vigilance: Vigilance = app.state.vigilance
        vigilance.answered(scope, status)

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
    app.state.receiving = CapacityLimiter(RECEIVING)
    app.state.identifying = CapacityLimiter(IDENTIFYING)
    app.include_router(copilot.routes.router)
    app.include_router(retrieval.routes.router)
    app.include_router(governance.routes.documents.router)
    app.include_router(governance.routes.approval.router)
    app.include_router(governance.routes.access.router)
    app.include_router(governance.routes.audit.router)
    app.include_router(ingest.routes.router)
    app.include_router(retrieval.routes.probes)
    app.include_router(governance.routes.operations.router)
    tell_problems(app)
    app.add_middleware(LingeringClose)
    app.add_middleware(Patience)
    app.add_middleware(
        RequestShell,
        telemetry=telemetry,
        on_failure=tell_failure,
        on_refusal=tell_refusal,
        on_answer=answered,
        hosts=settings.hosts,
    )
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.origins,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Authorization", "Content-Type", REQUEST_ID_HEADER],
            expose_headers=[REQUEST_ID_HEADER, "Retry-After", "RateLimit", "RateLimit-Policy"],
        )
    # Around CORS too, whose answers to preflights nobody else sees.
    app.add_middleware(SecurityHeaders)
    app.openapi = lambda: document_of(app)  # type: ignore[method-assign]
    return app


def _opened(settings: Settings, clock: Clock) -> Assembly:
    """All parts, opened and warm: a search goes once through every one of them."""
    assembly = Assembly(settings, clock)
    try:
        # First, because it takes no time: an issuer that does not answer is told at the start.
        assembly.access.authenticator  # noqa: B018
        nobody = Principal(subject="", tenant="", roles=frozenset())
        assembly.retriever.search(Query(text="warm-up", principal=nobody, limit=1))
        assembly.copilot  # noqa: B018 - made here, so that a bad policy is told at the start
        assembly.limit_counters  # noqa: B018 - what is wrong with their address, likewise
        assembly.redactor.load()
        for line in assembly.documents.deletions.finish():
            _log.warning("a deletion is not finished: %s", line)
    except BaseException:
        assembly.close()
        raise
    return assembly


def _hand_out(app: FastAPI, assembly: Assembly) -> None:
    state = app.state
    state.clock = assembly.clock
    state.authenticator = assembly.access.authenticator
    state.denials = assembly.access.denials
    state.api_keys = assembly.access.api_keys
    state.revocations = assembly.access.revocations
    state.widget_tokens = assembly.access.widget_tokens
    state.visible_catalog = assembly.visible_catalog
    state.documents = assembly.documents
    state.retriever = assembly.recorded_search
    state.copilot = assembly.copilot
    state.records = assembly.records
    state.audit_desk = assembly.audit_desk
    state.operator = assembly.operator
    state.metrics_without_token = assembly.settings.metrics_without_token
    state.person_request = PersonRequest(
        records=assembly.records, policy=assembly.policy.current, clock=assembly.clock
    )
    state.uploads = assembly.uploads
    state.jobs = assembly.jobs
    state.readiness = Readiness(
        catalog=assembly.catalog, index=assembly.index, embedder=assembly.question_embedder
    )
    _watch_over(state, assembly)


def _watch_over(state: State, assembly: Assembly) -> None:
    telemetry: Telemetry = state.telemetry
    policy = assembly.policy
    state.limits = Limits(
        lambda: policy.current().limits,
        assembly.limit_counters,
        on_failure=telemetry.limit_counter_failures.inc,
    )
    state.counting = CapacityLimiter(COUNTERS)
    state.abuse_watch = AbuseWatch(lambda: policy.current().abuse)
    state.vigilance = Vigilance(
        watch=state.abuse_watch,
        events=SecurityEvents(
            assembly.database,
            assembly.clock,
            count=lambda signal: telemetry.security_events.labels(signal=signal).inc(),
        ),
        later=assembly.access.afterwards.do,
    )
    assembly.access.denials.on_denial.append(state.vigilance.denied)
    line, wordings = assembly.model_line, assembly.wordings
    if line is not None and wordings is not None:
        metrics = ModelMetrics(telemetry)
        line.watchers.append(metrics)
        wordings.counted = metrics.judged


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
