"""The record over HTTP: what was done in a tenant, and whether the record still holds."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from governance.audit import Action
from governance.audit.desk import AuditDesk
from governance.audit.reading import AuditFilter
from governance.principal import Permission, Principal
from governance.routes.guard import GuardedRoute, needs, problems
from governance.schemas import Line
from governance.schemas_audit import (
    AuditLinesJson,
    AuditVerificationJson,
    Moment,
    audit_lines_json,
    audit_verification_json,
)

_PAGE = 1_000
_FURTHEST = 2**31 - 1

router = APIRouter(prefix="/v1", tags=["audit"], route_class=GuardedRoute)

Auditor = Annotated[Principal, Depends(needs(Permission.READ_AUDIT))]


class Chain(StrEnum):
    """Whose record: the own tenant's, or the house's own."""

    OWN = "own"
    HOUSE = "house"


WhichChain = Annotated[
    Chain, Query(description="`house`, its own record, is for who runs this service.")
]


@router.get("/audit", summary="What was done in your tenant", responses=problems(422))
def read_audit(  # noqa: PLR0913 - one parameter of the query each
    *,
    request: Request,
    auditor: Auditor,
    since: Annotated[Moment | None, Query(alias="from", description="From then on.")] = None,
    before: Annotated[Moment | None, Query(alias="to", description="Before then.")] = None,
    actor: Annotated[Line, Query(description="Only what this one did.")] = "",
    action: Annotated[Action | None, Query(description="Only this.")] = None,
    chain: WhichChain = Chain.OWN,
    limit: Annotated[int, Query(ge=1, le=_PAGE)] = 100,
    cursor: Annotated[
        int | None, Query(ge=1, le=_FURTHEST, description="As the page before gave it.")
    ] = None,
) -> AuditLinesJson:
    """Lines of the record, newest first. Reading it is on record too."""
    desk: AuditDesk = request.app.state.audit_desk
    page = desk.page(
        auditor,
        AuditFilter(since=since, before=before, actor=actor, action=action),
        house=chain is Chain.HOUSE,
        limit=limit,
        cursor=cursor,
    )
    return audit_lines_json(page)


@router.get(
    "/audit/verification",
    summary="Does the record still hold?",
    responses=problems(422),
)
def verify_audit(
    request: Request, auditor: Auditor, chain: WhichChain = Chain.OWN
) -> AuditVerificationJson:
    """Every line's hash and text, their order, and the head: nothing altered, nothing missing.

    Reads the whole chain, about ten seconds for a million lines; one verification runs at a time.
    """
    desk: AuditDesk = request.app.state.audit_desk
    return audit_verification_json(desk.verification(auditor, house=chain is Chain.HOUSE))
