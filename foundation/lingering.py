"""An answer that comes before its request has ended, and still reaches who sends it.

A connection that is closed while its caller is still sending is reset, and the answer may be lost
with it. So the answer goes out at once, and what is still coming is thrown away for a while
before the connection is closed (RFC 9112, section 9.6).
"""

import asyncio

from foundation.asgi import Application, Message, Receive, Scope, Send

LINGER_SECONDS = 10.0
"""So long what nobody wants any more is thrown away."""
_CLOSE = (b"connection", b"close")


class LingeringClose:
    """Goes around the application, inside of what judges how a body comes in."""

    def __init__(self, app: Application, *, seconds: float = LINGER_SECONDS) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # Who waits to be asked for the body has not sent it, and must not be asked for it now.
        coming = not any(name == b"expect" for name, _ in scope["headers"])
        closes = False

        async def receive_and_know() -> Message:
            nonlocal coming
            message = await receive()
            coming = message["type"] == "http.request" and bool(message.get("more_body", False))
            return message

        async def send_and_linger(message: Message) -> None:
            nonlocal closes
            if message["type"] == "http.response.start":
                closes = any(
                    (name.lower(), value.lower()) == _CLOSE
                    for name, value in message.get("headers", ())
                )
            ends = message["type"] == "http.response.body" and not message.get("more_body", False)
            if not (ends and closes and coming):
                await send(message)
                return
            await send({**message, "more_body": True})
            try:
                async with asyncio.timeout(self._seconds):
                    while coming:
                        await receive_and_know()
            except TimeoutError:
                pass
            await send({"type": "http.response.body", "body": b"", "more_body": False})

        await self._app(scope, receive_and_know, send_and_linger)
