"""Documents over HTTP: what there is, and what is known about each."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from governance.document import ApprovalState, DocType
from governance.listing import ListFilter, Listing
from governance.routes.guard import GuardedRoute, Identifier, Reader, problems
from governance.schemas import DocumentDetailJson, DocumentsJson, Line, shown_json

_PAGE = 1_000

router = APIRouter(prefix="/v1", tags=["documents"], route_class=GuardedRoute)


@router.get(
    "/documents",
    summary="Documents you may read",
    response_model=DocumentsJson,
    responses=problems(422),
)
def list_documents(  # noqa: PLR0913 - one parameter of the query each
    *,
    request: Request,
    reader: Reader,
    state: Annotated[ApprovalState | None, Query(description="Only these.")] = None,
    doc_type: Annotated[DocType | None, Query(description="Only this kind.")] = None,
    q: Annotated[Line, Query(description="Words that a title or URI holds, all of them.")] = "",
    limit: Annotated[int, Query(ge=1, le=_PAGE)] = _PAGE,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> Response:
    """One version of each: the one that is valid today.

    People of the owner who may read unpublished documents see all of their own, each in its
    newest version, whatever its state.
    """
    listing: Listing = request.app.state.listing
    found = listing.documents(reader, ListFilter(state=state, doc_type=doc_type, words=q))
    page = DocumentsJson(
        documents=[shown_json(one, reader) for one in found[offset : offset + limit]],
        total=len(found),
    )
    # Checked already; the framework would check a thousand documents once more.
    return Response(page.model_dump_json(), media_type="application/json")


@router.get(
    "/documents/{document_id}",
    summary="A document and its versions",
    responses=problems(404),
)
def get_document(request: Request, reader: Reader, document_id: Identifier) -> DocumentDetailJson:
    """What is known about a document besides its text.

    `versions` holds every version for people of the owner who may read unpublished documents, and
    the one that is valid today for everybody else.
    """
    listing: Listing = request.app.state.listing
    shown = listing.document(reader, document_id)
    return DocumentDetailJson(
        **shown_json(shown.version, reader).model_dump(),
        versions=[shown_json(one, reader) for one in shown.versions],
    )
