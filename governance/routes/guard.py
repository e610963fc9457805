"""Who is asking, decided before a body is read.

Every router builds on what stands here: `GuardedRoute`, the askers, and the answers that every
guarded address can give.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from typing import Annotated, Any

import anyio.to_thread
from fastapi import Depends, HTTPException, Path, Request, Response, Security
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from foundation.gate import Gate
from foundation.ids import ID_PATTERN
from foundation.problem import PROBLEM_MEDIA_TYPE
from governance.abuse import AbuseWatch, ThrottledError
from governance.authentication import Authenticator
from governance.identity import ForbiddenError, Identity, Refusal, UnauthenticatedError
from governance.limit_policy import RouteGroup
from governance.limiting import Limits
from governance.origins import Sender
from governance.principal import Permission, Principal
from governance.vigilance import GIVEN, HELD_OFF, SUSPICIOUS, askers_of

LARGEST_BODY = 64 * 1024
"""Bytes of a JSON body. A question has at most 4,000 characters."""
_TOO_LARGE = 413

BEARER = HTTPBearer(
    auto_error=False,
    scheme_name="bearer",
    bearerFormat="JWT",
    description="A token or an API key that says who is asking; `partner-copilot token` and "
    "`partner-copilot keys create` make them.",
)


async def identity_of(request: Request) -> Identity:
    """What the request proves of who sends it; found out once a request.

    Raises `UnauthenticatedError`, and `ForbiddenError` for a widget token from another page.
    """
    known: Identity | None = getattr(request.state, "identity", None)
    if known is not None:
        return known
    headers = request.headers
    given = headers.getlist("authorization")
    scheme, _, bearer = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    if scheme.casefold() != "bearer" or not bearer.strip():
        raise UnauthenticatedError(
            "no token came with the request; send one as 'Authorization: Bearer TOKEN'",
            reason=Refusal.MALFORMED if given else Refusal.MISSING,
        )
    sender = Sender(
        origins=headers.getlist("origin"),
        fetch_sites=headers.getlist("sec-fetch-site"),
        hosts=headers.getlist("host"),
    )
    authenticator: Authenticator = request.app.state.authenticator
    if authenticator.waits(bearer.strip()):
        # No request may wait until another's has been answered elsewhere.
        identity: Identity = await anyio.to_thread.run_sync(
            authenticator.identify, bearer.strip(), sender, limiter=request.app.state.identifying
        )
    else:
        # Going to a thread and back takes longer than this, most of all when threads compute.
        identity = authenticator.identify(bearer.strip(), sender)
    request.state.identity = identity
    # The name under which what comes after the answer finds it.
    request.state.principal = identity.principal
    return identity


def principal_of(request: Request) -> Principal:
    """Who the request comes from, as a `GuardedRoute` has found out.

    Raises `UnauthenticatedError` where nobody has.
    """
    known: Identity | None = getattr(request.state, "identity", None)
    if known is None:
        raise UnauthenticatedError("nothing proves yet who sends this request")
    return known.principal


async def current_identity(
    request: Request,
    _credentials: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)],
) -> Identity:
    """What the request proves of who sends it."""
    return await identity_of(request)


async def current_principal(
    identity: Annotated[Identity, Depends(current_identity)],
) -> Principal:
    """Who is asking."""
    return identity.principal


def needs(permission: Permission) -> Callable[[Principal], Awaitable[Principal]]:
    """A dependency: who is asking, if a role of theirs allows this; else `ForbiddenError`."""

    async def permitted(
        principal: Annotated[Principal, Depends(current_principal)],
    ) -> Principal:
        if not principal.may(permission):
            message = f"none of your roles allows this ({permission.value})"
            raise ForbiddenError(message, permission=permission)
        return principal

    return permitted


Reader = Annotated[Principal, Depends(needs(Permission.READ_DOCUMENTS))]
Asker = Annotated[Principal, Depends(needs(Permission.ASK))]

Identifier = Annotated[str, Path(pattern=ID_PATTERN)]
"""An id in a path. What does not look like one is not found, as `api.py` answers."""


async def _one_place(request: Request) -> AsyncIterator[None]:
    gate: Gate = request.app.state.gate
    # The framework comes back here when the answer is sent, a stream's last event included.
    with gate.place():
        yield


ONE_PLACE = Depends(_one_place)
"""A dependency of what searches or answers: beyond the bound it is told to come back."""


_GROUPS: Mapping[str, RouteGroup] = {
    "ask": RouteGroup.ASK,
    "ask_stream": RouteGroup.ASK,
    "search": RouteGroup.SEARCH,
    "upload_document": RouteGroup.UPLOAD,
}
"""By name of the route; others count as reading or writing, by their method."""


def group_of(route: APIRoute) -> RouteGroup:
    """Which addresses it is limited together with."""
    reads = RouteGroup.READ if route.methods == {"GET"} else RouteGroup.WRITE
    return _GROUPS.get(route.name, reads)


async def _admit(request: Request, principal: Principal, group: RouteGroup) -> None:
    """Raise `LimitedError` where the asker has asked too much, or is held off."""
    watch: AbuseWatch = request.app.state.abuse_watch
    try:
        for asker in askers_of(principal):
            watch.admit(asker)
    except ThrottledError:
        setattr(request.state, HELD_OFF, True)
        raise
    limits: Limits = request.app.state.limits
    if limits.waits:
        await anyio.to_thread.run_sync(
            limits.admit, principal, group, limiter=request.app.state.counting
        )
    else:
        limits.admit(principal, group)


def gave(request: Request, number: int, *, suspicious: bool = False) -> None:
    """Say how many passages an answer holds, and whether the question carried a command.

    The sections `abuse.export` and `abuse.attacks` of the policy count them.
    """
    setattr(request.state, GIVEN, number)
    setattr(request.state, SUSPICIOUS, suspicious)


class GuardedRoute(APIRoute):
    """A route whose asker is known before its body is read, and whose body is read with care.

    Whoever asks for more than policy allows is turned away before that, too.

    An empty value in the query is an absent one, so that a form's blank fields narrow nothing.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the route's own handler."""
        handler = super().get_route_handler()
        takes_body = self.body_field is not None
        group = group_of(self)

        async def guarded(request: Request) -> Response:
            identity = await identity_of(request)
            await _admit(request, identity.principal, group)
            request.scope["query_string"] = b"&".join(
                pair
                for pair in request.scope["query_string"].split(b"&")
                if pair.partition(b"=")[2]
            )
            if not takes_body:
                return await handler(request)
            careful = _JsonRequest(request.scope, request.receive)
            await careful.load()
            return await handler(careful)

        return guarded


class _JsonRequest(Request):
    """A request whose body is bounded, and JSON or refused."""

    _raw = b""
    _value: Any = None

    async def body(self) -> bytes:
        return self._raw

    async def json(self) -> Any:  # noqa: ANN401 - JSON is anything
        return self._value

    async def load(self) -> None:
        """Read and parse the body once."""
        self._raw = await self._read()
        if not self._raw:
            return
        kind = self.headers.get("content-type", "").partition(";")[0].strip().casefold()
        if kind != "application/json" and not (
            kind.startswith("application/") and kind.endswith("+json")
        ):
            raise HTTPException(415, "send the body as JSON, with 'Content-Type: application/json'")
        try:
            self._value = json.loads(self._raw)
        except (ValueError, RecursionError):
            misfit = {"loc": ("body",), "msg": "is not well-formed JSON", "type": "json_invalid"}
            raise RequestValidationError([misfit]) from None

    async def _read(self) -> bytes:
        too_large = f"the body is larger than {LARGEST_BODY} bytes; send less"
        length = self.headers.get("content-length", "")
        if length.isdecimal() and int(length[:20]) > LARGEST_BODY:
            raise HTTPException(413, too_large)
        parts = bytearray()
        more = True
        while more:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise HTTPException(400, "the connection ended within the body")
            parts += message.get("body", b"")
            if len(parts) > LARGEST_BODY:
                raise HTTPException(413, too_large)
            more = message.get("more_body", False)
        return bytes(parts)


def problems(*statuses: int, **told: str) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says of an address's failures, those of every guarded address included."""
    words: Mapping[int, str] = {
        401: "No valid token came with the request.",
        403: "None of the asker's roles allows it.",
        404: "It does not exist, or not for this asker: the two look the same.",
        408: "The body came too slowly.",
        409: "The thing is in a state that does not allow it; `detail` says which.",
        413: f"The body is larger than {LARGEST_BODY} bytes.",
        415: "The body is not JSON.",
        422: "The request does not fit; `errors` says where.",
        429: "More was asked for than policy allows; `Retry-After` says when to come back.",
        500: "Something failed that should not; `error_id` is in the log too.",
        503: "A part of the house does not answer at the moment, or too many are asking.",
    }
    # A body that can be too large can be too slow as well.
    slow = (408,) if _TOO_LARGE in statuses else ()
    return {
        status: {
            "description": told.get(f"status_{status}", words[status]),
            "content": {PROBLEM_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in sorted({401, 403, 429, 500, 503, *statuses, *slow})
    }
