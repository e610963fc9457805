"""What every answer says to browsers, whoever made it: the application, CORS, or a refusal."""

from foundation.asgi import Application, Message, Receive, Scope, Send

_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    # JSON needs nothing. A page that needs more brings a policy of its own.
    (
        b"content-security-policy",
        b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (b"x-frame-options", b"DENY"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    # Scripts of allowed origins read answers by CORS, which this does not touch.
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
# Browsers are only to believe it where it came over TLS (RFC 6797, 7.2), which a proxy on the
# same machine may have ended (uvicorn believes X-Forwarded-Proto from there).
_OVER_TLS = (b"strict-transport-security", b"max-age=31536000")
# What one person may read must not be kept by a proxy for the next one.
_PRIVATE = (b"cache-control", b"no-store")


class SecurityHeaders:
    """Goes around everything else. A header that the answer has already is left as it is."""

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        wanted = list(_ALWAYS)
        if scope.get("scheme") == "https":
            wanted.append(_OVER_TLS)
        if scope["path"].startswith("/v1"):
            wanted.append(_PRIVATE)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", ()))
                names = {name.lower() for name, _ in given}
                message["headers"] = given + [one for one in wanted if one[0] not in names]
            await send(message)

        await self._app(scope, receive, send_with_headers)
