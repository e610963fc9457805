"""What is done to documents over HTTP: submit, approve, reject, withdraw, delete."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from governance.approval import Decision
from governance.author import Author
from governance.document import DocumentVersion
from governance.document_desk import DocumentDesk
from governance.document_schemas import (
    ApproveBody,
    MoveBody,
    ProofJson,
    WithdrawBody,
    WithdrawnJson,
    cited_by_json,
    proof_json,
)
from governance.principal import Permission, Principal
from governance.routes.guard import (
    GuardedRoute,
    Identifier,
    current_principal,
    needs,
    problems,
)
from governance.schemas import DocumentJson, document_json

NEWEST_SHOWN = 20
"""So many citing outcomes are named with a withdrawal; the rest can be asked for."""

router = APIRouter(prefix="/v1", tags=["documents"], route_class=GuardedRoute)

Manager = Annotated[Principal, Depends(needs(Permission.MANAGE_DOCUMENTS))]
Approver = Annotated[Principal, Depends(needs(Permission.APPROVE_DOCUMENTS))]
Somebody = Annotated[Principal, Depends(current_principal)]
_MOVED = problems(404, 409, 413, 415, 422)


@router.post(
    "/documents/{document_id}/submit", summary="Put a version up for review", responses=_MOVED
)
def submit_document(
    request: Request, manager: Manager, document_id: Identifier, body: MoveBody | None = None
) -> DocumentJson:
    """A draft, or what was withdrawn or has expired. Who submits it cannot approve it."""
    desk: DocumentDesk = request.app.state.documents
    decision = (body or MoveBody()).decision()
    return _told(desk, desk.approvals.submit(Author(principal=manager), document_id, decision))


@router.post("/documents/{document_id}/approve", summary="Approve a version", responses=_MOVED)
def approve_document(
    request: Request, approver: Approver, document_id: Identifier, body: ApproveBody | None = None
) -> DocumentJson:
    """Readers see it with the next request, or on its first day.

    What is approved already and due to be looked at again is confirmed.
    """
    desk: DocumentDesk = request.app.state.documents
    decision = (body or ApproveBody()).decision()
    return _told(desk, desk.approvals.approve(Author(principal=approver), document_id, decision))


@router.post(
    "/documents/{document_id}/reject", summary="Send a version back as a draft", responses=_MOVED
)
def reject_document(
    request: Request, approver: Approver, document_id: Identifier, body: MoveBody | None = None
) -> DocumentJson:
    """What is in review is a draft again; the note says why."""
    desk: DocumentDesk = request.app.state.documents
    decision = (body or MoveBody()).decision()
    return _told(desk, desk.approvals.reject(Author(principal=approver), document_id, decision))


@router.post("/documents/{document_id}/withdraw", summary="Withdraw a document", responses=_MOVED)
def withdraw_document(
    request: Request, somebody: Somebody, document_id: Identifier, body: WithdrawBody | None = None
) -> WithdrawnJson:
    """With all its versions, from the next request on. The answer says which outcomes cite it."""
    desk: DocumentDesk = request.app.state.documents
    decision = body.decision() if body else Decision()
    version = desk.approvals.withdraw(Author(principal=somebody), document_id, decision)
    cited = None
    if somebody.may(Permission.READ_CITING_OUTCOMES):
        cited = cited_by_json(desk.answers.citing(document_id, limit=NEWEST_SHOWN))
    return WithdrawnJson(**_told(desk, version).model_dump(), cited_by=cited)


@router.delete(
    "/documents/{document_id}",
    summary="Delete a document, with proof",
    responses=problems(404, 409),
)
def delete_document(request: Request, manager: Manager, document_id: Identifier) -> ProofJson:
    """All its versions, texts, chunks and originals, and its words in what was answered.

    When this returns no word of it is left, and the answer shows what was looked for. A line on
    the record says that it was there, and when it went.
    """
    desk: DocumentDesk = request.app.state.documents
    return proof_json(desk.deletions.delete(Author(principal=manager), document_id))


def _told(desk: DocumentDesk, version: DocumentVersion) -> DocumentJson:
    return document_json(version, desk.listing.standing(version))
