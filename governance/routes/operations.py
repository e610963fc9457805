"""What an operator watches."""

from collections.abc import Callable
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from anyio import to_thread
from fastapi import APIRouter, Depends, Request, Response, Security
from fastapi.security import HTTPAuthorizationCredentials
from prometheus_client import CONTENT_TYPE_LATEST

from foundation.telemetry import Telemetry
from governance.identity import ForbiddenError
from governance.principal import Permission
from governance.routes.guard import BEARER, identity_of, problems

_FORWARDING = frozenset({"forwarded", "via", "x-real-ip"})

router = APIRouter(tags=["operations"])


async def _metrics_reader(
    request: Request,
    _credentials: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)],
) -> None:
    if request.app.state.metrics_without_token and _is_local(request):
        return
    identity = await identity_of(request)
    if not identity.principal.may(Permission.READ_METRICS):
        raise ForbiddenError(
            "none of your roles may read the metrics", permission=Permission.READ_METRICS
        )
    # They count everybody's requests and outcomes, whoever asks.
    operator: Callable[[], str] = request.app.state.operator
    if identity.principal.tenant != await to_thread.run_sync(operator):
        raise ForbiddenError(
            "only who runs this service may read its metrics", permission=Permission.READ_METRICS
        )


def _is_local(request: Request) -> bool:
    # What a proxy on this machine passes on comes from elsewhere, and a page that a browser here
    # has open can send requests too, under its own host's name.
    names = request.headers.keys()
    if request.client is None or any(
        name in _FORWARDING or name.startswith("x-forwarded") for name in names
    ):
        return False
    hosts = request.headers.getlist("host")
    return len(hosts) == 1 and _is_loopback(request.client.host) and _names_loopback(hosts[0])


def _names_loopback(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return name == "localhost" or _is_loopback(name)


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


@router.get(
    "/metrics",
    summary="Counts and timings",
    response_class=Response,
    dependencies=[Depends(_metrics_reader)],
    # Without a token too, from this machine.
    openapi_extra={"security": [{}]},
    responses={
        200: {
            "description": "Prometheus' text format.",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        },
        401: problems()[401],
        403: problems()[403],
    },
)
async def metrics(request: Request) -> Response:
    """For this machine, or for the operator's people whose role may read metrics."""
    telemetry: Telemetry = request.app.state.telemetry
    return Response(telemetry.exposition(), headers={"Content-Type": CONTENT_TYPE_LATEST})
