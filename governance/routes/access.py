"""Who may come in, over HTTP: API keys, widget tokens, revocations, and who one is."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from governance.api_keys import ApiKeys
from governance.identity import Identity
from governance.principal import Permission, Principal
from governance.revocations import Revocation, Revocations
from governance.routes.guard import (
    GuardedRoute,
    Identifier,
    current_identity,
    needs,
    problems,
)
from governance.schemas_access import (
    KeyBody,
    KeyJson,
    KeysJson,
    MeJson,
    NewKeyJson,
    RevokeBody,
    RevokedJson,
    WidgetTokenBody,
    WidgetTokenJson,
    key_json,
    me_json,
)
from governance.widget_tokens import WidgetTokens

_PAGE = 1_000

router = APIRouter(prefix="/v1", tags=["access"], route_class=GuardedRoute)

Manager = Annotated[Principal, Depends(needs(Permission.MANAGE_ACCESS))]
Known = Annotated[Identity, Depends(current_identity)]


@router.get("/me", summary="Who you are here", responses=problems())
def get_me(known: Known) -> MeJson:
    """What the credential of this request proves, and what its roles allow."""
    return me_json(known)


@router.post(
    "/keys",
    status_code=201,
    summary="Make an API key",
    responses=problems(409, 413, 415, 422),
)
def create_key(request: Request, manager: Manager, known: Known, body: KeyBody) -> NewKeyJson:
    """A key for a machine of the own tenant. Its text is in this answer and nowhere else."""
    api_keys: ApiKeys = request.app.state.api_keys
    made = api_keys.create(body.request(manager.tenant), by=known)
    return NewKeyJson(**key_json(made.key).model_dump(), key=made.text)


@router.get("/keys", summary="The API keys of the own tenant", responses=problems(422))
def list_keys(
    *,
    request: Request,
    manager: Manager,
    limit: Annotated[int, Query(ge=1, le=_PAGE)] = _PAGE,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> KeysJson:
    """Those that have ended too, newest first."""
    api_keys: ApiKeys = request.app.state.api_keys
    found = api_keys.listed(manager.tenant)
    return KeysJson(
        keys=[key_json(one) for one in found[offset : offset + limit]], total=len(found)
    )


@router.delete("/keys/{key_id}", summary="End an API key", responses=problems(404))
def revoke_key(request: Request, manager: Manager, key_id: Identifier) -> KeyJson:
    """It is refused from the next request on, and so are the widget tokens that it minted."""
    api_keys: ApiKeys = request.app.state.api_keys
    return key_json(api_keys.revoke(manager.tenant, key_id, by=manager))


@router.post("/tokens/revoke", summary="End tokens", responses=problems(413, 415, 422))
def revoke_tokens(request: Request, manager: Manager, body: RevokeBody) -> RevokedJson:
    """Ends one token of the own tenant, or all that one of its subjects has now.

    They are refused from the next request on. A subject that comes back needs a new token.
    """
    revocations: Revocations = request.app.state.revocations
    revocation = Revocation(
        tenant=manager.tenant, token_id=body.token_id or "", subject=body.subject or ""
    )
    return RevokedJson(status="revoked", revoked_at=revocations.revoke(revocation, by=manager))


@router.post(
    "/widget-tokens",
    summary="Mint a token for a person on your page",
    dependencies=[Depends(needs(Permission.MINT_WIDGET_TOKENS))],
    responses=problems(413, 415, 422),
)
def mint_widget_token(request: Request, known: Known, body: WidgetTokenBody) -> WidgetTokenJson:
    """For a host's backend, with its API key: a short-lived token of a partner consultant.

    It is good for requests from the page's origin only, and ends with the API key. The person's
    subject here is the origin followed by the name that the host gives.
    """
    widget_tokens: WidgetTokens = request.app.state.widget_tokens
    minted = widget_tokens.mint(body.request(), by=known)
    return WidgetTokenJson(token=minted.token, expires_in=int(minted.expires_in.total_seconds()))
