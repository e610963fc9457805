"""How long a request's body may take: who dawdles is let go.

A connection that is held open by a byte now and then costs its sender nothing, and a place here.
"""

import asyncio
import time

from foundation.asgi import Application, Message, Receive, Scope, Send
from foundation.errors import CopilotError

BODY_SECONDS = 30.0
"""So long a body may take, and a second more for each `BODY_RATE` bytes that have come."""
BODY_RATE = 64 * 1024


class SlowBodyError(CopilotError):
    """A request's body came too slowly."""


class Patience:
    """Goes around the application, inside of what tells its errors."""

    def __init__(
        self, app: Application, *, seconds: float = BODY_SECONDS, rate: int = BODY_RATE
    ) -> None:
        self._app = app
        self._seconds = seconds
        self._rate = rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        deadline = None
        over = False
        received = 0

        async def receive_in_time() -> Message:
            nonlocal deadline, over, received
            if over:
                return await receive()
            now = time.monotonic()
            if deadline is None:
                deadline = now + self._seconds
            try:
                async with asyncio.timeout(deadline + received / self._rate - now):
                    message = await receive()
            except TimeoutError:
                raise SlowBodyError(
                    "the body came too slowly; send it again over a better connection"
                ) from None
            received += len(message.get("body", b""))
            over = not message.get("more_body", False)
            return message

        async def send_and_know(message: Message) -> None:
            nonlocal over
            # From here on `receive` waits for the caller to leave, however long that takes.
            over = True
            await send(message)

        await self._app(scope, receive_in_time, send_and_know)
