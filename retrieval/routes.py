"""HTTP of this floor: searching, opening a passage where it stands, and whether both work."""

from typing import Annotated

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Query, Request, Response

from foundation.errors import InvalidRequestError
from governance.routes.guard import (
    ONE_PLACE,
    GuardedRoute,
    Identifier,
    Reader,
    gave,
    problems,
)
from governance.schemas import Day, shown_json
from governance.visibility import Filters
from governance.visible_catalog import VisibleCatalog
from retrieval.query import Query as SearchQuery
from retrieval.readiness import Readiness
from retrieval.recorded_search import RecordedSearch
from retrieval.schemas import (
    HealthJson,
    PassagesJson,
    SearchBody,
    SurroundingsJson,
    opened_passage_json,
    passage_json,
)
from retrieval.surroundings import surroundings

_FURTHEST = 2**31

router = APIRouter(prefix="/v1", tags=["search"], route_class=GuardedRoute)
probes = APIRouter(tags=["operations"])

Offset = Annotated[
    int | None,
    Query(ge=0, le=_FURTHEST, description="Offset in the document, as a citation has it."),
]


@router.post(
    "/search",
    summary="Find passages",
    response_model=PassagesJson,
    responses=problems(413, 415, 422),
    dependencies=[ONE_PLACE],
)
def search(request: Request, reader: Reader, body: SearchBody) -> Response:
    """Passages that you may read, best first, with their raw scores."""
    retriever: RecordedSearch = request.app.state.retriever
    found = retriever.search(
        SearchQuery(
            text=body.question, principal=reader, filters=body.filters.filters(), limit=body.k
        )
    )
    gave(request, len(found.passages))
    answer = PassagesJson(passages=[passage_json(one) for one in found.passages])
    return Response(answer.model_dump_json(), media_type="application/json")


@router.get(
    "/passages/{passage_id}",
    summary="A passage in its surroundings",
    responses=problems(404, 422),
)
def get_passage(  # noqa: PLR0913 - one parameter of the query each
    *,
    request: Request,
    reader: Reader,
    passage_id: Identifier,
    start: Offset = None,
    end: Offset = None,
    as_of: Annotated[Day | None, Query(description="The day that was asked for.")] = None,
) -> SurroundingsJson:
    """The text around a passage, and what to highlight in it.

    With `start` and `end` of a citation its quote is highlighted, otherwise the whole passage.
    What was cited for another day (`as_of`) is opened for that day.
    """
    visible: VisibleCatalog = request.app.state.visible_catalog
    found = visible.chunk(visible.visibility(reader, Filters(as_of=as_of)), passage_id)
    chunk = found.chunk
    if (start is None) != (end is None):
        raise InvalidRequestError("start and end belong together; send both or none")
    quote = (chunk.start, chunk.end) if start is None or end is None else (start, end)
    if not chunk.start <= quote[0] < quote[1] <= chunk.end:
        raise InvalidRequestError(
            "start and end must lie within the passage; take them from its citation"
        )
    window = surroundings(visible.text(found.version), (chunk.start, chunk.end), quote)
    return SurroundingsJson(
        passage=opened_passage_json(found),
        document=shown_json(found.version, reader),
        text=window.text,
        text_start=window.start,
        highlight_start=window.highlight_start,
        highlight_end=window.highlight_end,
    )


@probes.get("/healthz", summary="Is the process up?")
async def healthz() -> HealthJson:
    """Answers as long as the process does. Needs no token."""
    return HealthJson(status="ok")


@probes.get("/readyz", summary="Can it answer?", responses={503: problems()[503]})
async def readyz(request: Request) -> HealthJson:
    """Tries database, index and model. Needs no token."""
    readiness: Readiness = request.app.state.readiness
    # Threads of its own: busy is not broken, and must not look like it to who restarts things.
    probing: CapacityLimiter = request.app.state.probing
    await to_thread.run_sync(readiness.check, limiter=probing)
    return HealthJson(status="ready")
