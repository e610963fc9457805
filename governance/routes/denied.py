"""From a request that was turned away to the record of it."""

from http import HTTPStatus
from threading import Event

import anyio
from fastapi import BackgroundTasks, Request, Response

from governance.audit import Action
from governance.denials import Denial, Denials
from governance.identity import (
    ForbiddenError,
    Identity,
    Refusal,
    UnauthenticatedError,
)
from governance.limiting import LimitedError

_DENIED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS})
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_LONGEST_WAIT_SECONDS = 2.0
_LOOK_EVERY_SECONDS = 0.002


def noted(request: Request, response: Response, error: Exception) -> Response:
    """The same response; where it turns somebody away, that goes on the record after it."""
    denials: Denials | None = getattr(request.app.state, "denials", None)
    if response.status_code not in _DENIED or denials is None:
        return response
    written = denials.note(denial_of(request, denials, error))
    if written is not None:
        # The answer is out by then; only the server's own bookkeeping waits for the line.
        response.background = BackgroundTasks()
        response.background.add_task(_until_set, written)
    return response


async def _until_set(written: Event) -> None:
    with anyio.move_on_after(_LONGEST_WAIT_SECONDS):
        while not written.is_set():  # noqa: ASYNC110 - a thread sets it, which knows no loop
            await anyio.sleep(_LOOK_EVERY_SECONDS)


def denial_of(request: Request, denials: Denials, error: Exception) -> Denial:
    """What is known of a request that was turned away, and of whom."""
    proven: Identity | None = getattr(request.state, "identity", None)
    reason, permission = Refusal.FORBIDDEN.value, ""
    if isinstance(error, UnauthenticatedError | ForbiddenError):
        proven = error.proven or proven
        reason = error.reason.value
    if isinstance(error, LimitedError):
        reason = error.exceeded.name
    if isinstance(error, ForbiddenError) and error.permission is not None:
        permission = error.permission.value
    return Denial(
        reason=reason,
        action=Action.LIMITED if isinstance(error, LimitedError) else Action.DENIED,
        source=denials.source_of(request.client.host if request.client else ""),
        method=request.method if request.method in _METHODS else "OTHER",
        route=str(getattr(request.scope.get("route"), "path", "unmatched")),
        request_id=str(getattr(request.state, "request_id", "")),
        proven=proven.principal if proven else None,
        token_id=proven.token_id if proven else "",
        permission=permission,
    )
