"""Who is asking, decided before a body is read.

Every router builds on what stands here: `GuardedRoute`, the askers, and the answers that every
guarded address can give.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Path, Request, Response, Security
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from foundation.gate import Gate
from foundation.ids import ID_PATTERN
from foundation.problem import PROBLEM_MEDIA_TYPE
from governance.identity import ForbiddenError, TokenAuthority, UnauthenticatedError
from governance.principal import Permission, Principal

LARGEST_BODY = 64 * 1024
"""Bytes of a JSON body. A question has at most 4,000 characters."""

BEARER = HTTPBearer(
    auto_error=False,
    scheme_name="bearer",
    bearerFormat="JWT",
    description="A token that says who is asking; `partner-copilot token` makes one.",
)


def principal_of(request: Request) -> Principal:
    """Who the request's token proves it comes from; raises `UnauthenticatedError`."""
    known: Principal | None = getattr(request.state, "principal", None)
    if known is not None:
        return known
    given = request.headers.getlist("authorization")
    scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    if scheme.casefold() != "bearer" or not token.strip():
        raise UnauthenticatedError(
            "no token came with the request; send one as 'Authorization: Bearer TOKEN'"
        )
    tokens: TokenAuthority = request.app.state.tokens
    principal = tokens.verify(token.strip())
    request.state.principal = principal
    return principal


async def current_principal(
    request: Request,
    _credentials: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)],
) -> Principal:
    """Who is asking."""
    return principal_of(request)


def needs(permission: Permission) -> Callable[[Principal], Awaitable[Principal]]:
    """A dependency: who is asking, if a role of theirs allows this; else `ForbiddenError`."""

    async def permitted(
        principal: Annotated[Principal, Depends(current_principal)],
    ) -> Principal:
        if not principal.may(permission):
            raise ForbiddenError(f"none of your roles allows this ({permission.value})")
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


class GuardedRoute(APIRoute):
    """A route whose asker is known before its body is read, and whose body is read with care.

    An empty value in the query is an absent one, so that a form's blank fields narrow nothing.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the route's own handler."""
        handler = super().get_route_handler()
        takes_body = self.body_field is not None

        async def guarded(request: Request) -> Response:
            principal_of(request)
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
        409: "The thing is in a state that does not allow it; `detail` says which.",
        413: f"The body is larger than {LARGEST_BODY} bytes.",
        415: "The body is not JSON.",
        422: "The request does not fit; `errors` says where.",
        500: "Something failed that should not; `error_id` is in the log too.",
        503: "A part of the house does not answer at the moment, or too many are asking.",
    }
    return {
        status: {
            "description": told.get(f"status_{status}", words[status]),
            "content": {PROBLEM_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in sorted({401, 403, 500, 503, *statuses})
    }
