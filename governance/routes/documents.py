"""Documents over HTTP: what there is, what is known about each, and who cited it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from governance.document import ApprovalState, DocType, DocumentVersion
from governance.document_desk import DocumentDesk
from governance.document_schemas import (
    HIGHEST_VERSION,
    CitingOutcomesJson,
    ComparisonJson,
    DocumentDetailJson,
    TextJson,
    cited_by_json,
    comparison_json,
    step_json,
)
from governance.listing import ListFilter
from governance.principal import Permission, Principal
from governance.routes.guard import GuardedRoute, Identifier, Reader, gave, needs, problems
from governance.schemas import DocumentJson, DocumentsJson, Line, shown_json

_PAGE = 1_000

router = APIRouter(prefix="/v1", tags=["documents"], route_class=GuardedRoute)

Reviewer = Annotated[Principal, Depends(needs(Permission.READ_UNPUBLISHED))]
Accountable = Annotated[Principal, Depends(needs(Permission.READ_CITING_OUTCOMES))]
VersionNumber = Annotated[int, Path(ge=1, le=HIGHEST_VERSION)]


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
    review_due: Annotated[
        bool | None, Query(description="Only versions that somebody has to look at again by now.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=_PAGE)] = _PAGE,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> Response:
    """One version of each: the one that is valid today.

    People of the owner who may read unpublished documents see all of their own, each in its
    newest version, whatever its state; with `review_due=true` each in the versions that are due.
    """
    desk: DocumentDesk = request.app.state.documents
    narrowed = ListFilter(state=state, doc_type=doc_type, words=q, review_due=review_due)
    found = desk.listing.documents(reader, narrowed)
    page = DocumentsJson(
        documents=[_shown(desk, one, reader) for one in found[offset : offset + limit]],
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
    desk: DocumentDesk = request.app.state.documents
    shown = desk.listing.document(reader, document_id)
    return DocumentDetailJson(
        **_shown(desk, shown.version, reader).model_dump(),
        versions=[_shown(desk, one, reader) for one in shown.versions],
        steps=[step_json(one) for one in shown.steps],
    )


@router.get(
    "/documents/{document_id}/versions/{version}/text",
    summary="The text of a version of an own document",
    responses=problems(404),
)
def get_version_text(
    request: Request, reviewer: Reviewer, document_id: Identifier, version: VersionNumber
) -> TextJson:
    """In whatever state: who approves a text has to read it first."""
    desk: DocumentDesk = request.app.state.documents
    found = desk.listing.own_version(reviewer, document_id, version)
    # As much as so many passages would have shown.
    gave(request, found.chunk_count)
    return TextJson(
        document_id=document_id,
        version=version,
        title=found.metadata.title,
        text=desk.listing.text(reviewer, document_id, version),
    )


@router.get(
    "/documents/{document_id}/diff",
    summary="What changed between two versions of an own document",
    responses=problems(404, 422),
)
def compare_versions(
    *,
    request: Request,
    reviewer: Reviewer,
    document_id: Identifier,
    old: Annotated[
        int | None,
        Query(alias="from", ge=1, le=HIGHEST_VERSION, description="Left out: the one before."),
    ] = None,
    new: Annotated[
        int | None, Query(alias="to", ge=1, le=HIGHEST_VERSION, description="Left out: the newest.")
    ] = None,
) -> ComparisonJson:
    """Lines that were added, removed and changed, and what is said of the document otherwise.

    Bounded: of a text that was written anew `complete` is false, and the text is better read.
    """
    desk: DocumentDesk = request.app.state.documents
    before, after = desk.listing.pair(reviewer, document_id, old, new)
    found = desk.listing.comparison(before, after)
    return comparison_json(document_id, before.version, after.version, found)


@router.get(
    "/documents/{document_id}/versions/{version}/outcomes",
    summary="Which outcomes cite a version of an own document",
    responses=problems(404, 422),
)
def list_citing_outcomes(  # noqa: PLR0913 - one parameter of the query each
    *,
    request: Request,
    accountable: Accountable,
    document_id: Identifier,
    version: VersionNumber,
    limit: Annotated[int, Query(ge=1, le=_PAGE)] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> CitingOutcomesJson:
    """The newest first: which, when, of which tenant, how sure. Nothing of what was asked."""
    desk: DocumentDesk = request.app.state.documents
    desk.listing.own_version(accountable, document_id, version)
    cited = cited_by_json(desk.answers.citing(document_id, version, limit=limit, offset=offset))
    return CitingOutcomesJson(
        document_id=document_id, version=version, outcomes=cited.newest, total=cited.total
    )


def _shown(desk: DocumentDesk, version: DocumentVersion, reader: Principal) -> DocumentJson:
    return shown_json(version, reader, desk.listing.standing(version))
