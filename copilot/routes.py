"""HTTP of this floor: asking, and what comes after an outcome."""

from collections.abc import AsyncIterator, Callable, Generator, Iterator
from datetime import UTC, datetime
from typing import Any

import anyio
import anyio.to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from copilot.ask import Asked, Copilot, Event, Reply
from copilot.escalate import PersonRequest
from copilot.events import server_sent
from copilot.record import Feedback
from copilot.records import Records
from copilot.schemas import (
    AskBody,
    ConversationJson,
    EscalateBody,
    FeedbackBody,
    OutcomeJson,
    ReceiptJson,
    TurnJson,
)
from copilot.withdrawn import as_readable
from foundation.clock import Clock
from foundation.problem import Problem
from foundation.telemetry import Telemetry
from governance.principal import Principal
from governance.routes.guard import (
    ONE_PLACE,
    Asker,
    GuardedRoute,
    Identifier,
    Reader,
    gave,
    problems,
)
from governance.visibility import visible_to
from governance.visible_catalog import VisibleCatalog

router = APIRouter(prefix="/v1", route_class=GuardedRoute)

_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": (
            "`status` ({state}), then a `citation` for each source and `token` ({text}) for each "
            "part of the text, a source before the first part that cites it, and last the whole "
            "`outcome` (an OutcomeJson). The tokens joined are the outcome's text: what was "
            "shown stays. Where it fails on the way, the last event is `error` (a Problem)."
        ),
        "content": {
            "text/event-stream": {
                # Of each event, as OpenAPI before 3.2 has it for streams of them.
                "schema": {
                    "type": "object",
                    "required": ["event", "data"],
                    "properties": {
                        "event": {"enum": ["status", "citation", "token", "outcome", "error"]},
                        "data": {"type": "string", "contentMediaType": "application/json"},
                    },
                },
                "example": (
                    'event: status\ndata: {"state":"searching"}\n\n'
                    'event: token\ndata: {"text":"Two hours. [1]"}\n\n'
                ),
            }
        },
    }
}


@router.post(
    "/ask",
    tags=["ask"],
    summary="Ask a question",
    response_model=OutcomeJson,
    responses=problems(413, 415, 422),
    dependencies=[ONE_PLACE],
)
def ask(request: Request, asker: Asker, body: AskBody) -> Response:
    """An answer with exact quotes, or a hand-over to a person, and how sure it is."""
    copilot: Copilot = request.app.state.copilot
    reply = copilot.ask(_asked(asker, body))
    _count(request, reply)
    return _json(reply.body)


@router.post(
    "/ask/stream",
    tags=["ask"],
    summary="Ask, and be told as it happens",
    response_class=StreamingResponse,
    responses={**problems(413, 415, 422), **_STREAM},
    dependencies=[ONE_PLACE],
)
async def ask_stream(request: Request, asker: Asker, body: AskBody) -> StreamingResponse:
    """The same as `/v1/ask`, as server-sent events."""
    copilot: Copilot = request.app.state.copilot
    clock: Clock = request.app.state.clock
    problem_of: Callable[[Request, Exception], Problem] = request.app.state.problem_of
    asked = _asked(asker, body)
    # A day that cannot be asked for is told by the status line, while there still is one.
    visible_to(asker, today=clock().date(), filters=asked.filters)

    def told() -> Iterator[Event]:
        for event in copilot.stream(asked):
            if isinstance(event, Reply):
                _count(request, event)
            yield event

    events = server_sent(told(), lambda error: problem_of(request, error))
    return StreamingResponse(
        _in_threads(events),
        media_type="text/event-stream",
        # A proxy that gathers output would hold the events back.
        headers={"X-Accel-Buffering": "no"},
    )


@router.get(
    "/conversations/{conversation_id}",
    tags=["outcomes"],
    summary="A conversation so far",
    responses=problems(404),
)
def get_conversation(
    request: Request, reader: Reader, conversation_id: Identifier
) -> ConversationJson:
    """Its turns, oldest first, for who asked them.

    Questions are shown as they were kept: without the personal data in them, which is taken out
    for good (`<EMAIL>`, `<PERSON>` and the like stand in its place).
    What rests on a document that you may not read any more is shown without its text and quotes.
    """
    records: Records = request.app.state.records
    visible: VisibleCatalog = request.app.state.visible_catalog
    return ConversationJson(
        id=conversation_id,
        turns=[
            TurnJson(
                created_at=_aware(turn.created_at),
                outcome=as_readable(OutcomeJson.model_validate(turn.body), reader, visible),
            )
            for turn in records.conversation(reader, conversation_id)
        ],
    )


@router.post(
    "/outcomes/{outcome_id}/escalate",
    tags=["outcomes"],
    summary="Let me talk to a person",
    response_model=OutcomeJson,
    responses=problems(404, 409, 413, 415, 422),
)
def escalate(
    request: Request, asker: Asker, outcome_id: Identifier, body: EscalateBody | None = None
) -> Response:
    """Hands an outcome of yours to a person; where one has it already, adds your note.

    Your note is kept without the personal data in it, and so is the question that comes back.
    """
    desk: PersonRequest = request.app.state.person_request
    visible: VisibleCatalog = request.app.state.visible_catalog
    outcome = desk.hand_over(asker, outcome_id, body.note if body else "")
    return _json(as_readable(outcome, asker, visible))


@router.post(
    "/outcomes/{outcome_id}/feedback",
    tags=["outcomes"],
    summary="Say whether it helped",
    responses=problems(404, 413, 415, 422),
)
def feedback(
    request: Request, asker: Asker, outcome_id: Identifier, body: FeedbackBody
) -> ReceiptJson:
    """What you think of an outcome of yours. A second opinion replaces the first.

    Your words are kept without the personal data in them.
    """
    records: Records = request.app.state.records
    clock: Clock = request.app.state.clock
    records.rate(
        asker,
        Feedback(
            outcome_id=outcome_id,
            rating=body.rating,
            reason=body.reason,
            comment=body.comment,
            created_at=clock(),
        ),
    )
    return ReceiptJson(id=outcome_id, status="recorded")


def _asked(principal: Principal, body: AskBody) -> Asked:
    return Asked(
        text=body.question,
        principal=principal,
        filters=body.filters.filters(),
        conversation_id=body.conversation_id or "",
    )


def _count(request: Request, reply: Reply) -> None:
    telemetry: Telemetry = request.app.state.telemetry
    telemetry.outcomes.labels(kind=reply.body.kind).inc()
    gave(request, len(reply.body.citations), suspicious=reply.suspicious is not None)


def _json(outcome: OutcomeJson) -> Response:
    return Response(outcome.model_dump_json(), media_type="application/json")


def _aware(moment: datetime) -> datetime:
    # SQLite keeps no zone; everything is written in UTC.
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


async def _in_threads(events: Generator[bytes]) -> AsyncIterator[bytes]:
    """Each event worked out in a thread. When the client leaves, no further one is."""
    try:
        while (event := await anyio.to_thread.run_sync(next, events, None)) is not None:
            yield event
    finally:
        # What was shown of an answer that nobody waits for any more is still put on record.
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(events.close)
