"""An answer that comes too early for its request is out at once, and the rest is thrown away."""

import asyncio
import time
from collections.abc import Sequence

import pytest

from foundation.asgi import Message, Receive, Scope, Send
from foundation.lingering import LingeringClose

CLOSING = (b"connection", b"close")


class Caller:
    """Sends a body block by block, and notes when which part of the answer came."""

    def __init__(self, blocks: int, *, stalls: bool = False) -> None:
        self.left = blocks
        self.stalls = stalls
        self.answers: list[tuple[Message, int]] = []

    async def receive(self) -> Message:
        if self.stalls and self.left == 1:
            await asyncio.sleep(60)
        self.left -= 1
        return {"type": "http.request", "body": b"x", "more_body": self.left > 0}

    async def send(self, message: Message) -> None:
        self.answers.append((message, self.left))


def serve(
    caller: Caller,
    *,
    reads: int,
    headers: Sequence[tuple[bytes, bytes]] = (CLOSING,),
    asked: Sequence[tuple[bytes, bytes]] = (),
    seconds: float = 10,
) -> None:
    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        for _ in range(reads):
            await receive()
        await send({"type": "http.response.start", "status": 413, "headers": list(headers)})
        await send({"type": "http.response.body", "body": b"too large"})

    scope: Scope = {"type": "http", "headers": list(asked)}
    asyncio.run(LingeringClose(app, seconds=seconds)(scope, caller.receive, caller.send))


@pytest.mark.parametrize("reads", [0, 3])
def test_the_answer_goes_out_before_the_rest_is_thrown_away(reads: int) -> None:
    caller = Caller(9)
    serve(caller, reads=reads)
    start, told, end = caller.answers
    assert (start[1], told[1], end[1]) == (9 - reads, 9 - reads, 0)
    assert (told[0]["body"], told[0]["more_body"]) == (b"too large", True)
    assert (end[0]["body"], end[0]["more_body"]) == (b"", False)


def test_who_never_ends_is_not_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    caller = Caller(9, stalls=True)
    began = time.monotonic()
    serve(caller, reads=3, seconds=0.1)
    assert time.monotonic() - began < 10
    assert caller.answers[-1][0]["more_body"] is False
    assert not caplog.records


@pytest.mark.parametrize(
    ("reads", "headers", "asked"),
    [
        # All has come.
        (9, [CLOSING], []),
        # The connection goes on, and whoever keeps it reads the rest.
        (3, [], []),
        # Who waits to be asked for the body has not sent it.
        (0, [CLOSING], [(b"expect", b"100-continue")]),
    ],
)
def test_otherwise_the_answer_is_left_as_it_is(
    reads: int, headers: list[tuple[bytes, bytes]], asked: list[tuple[bytes, bytes]]
) -> None:
    caller = Caller(9)
    serve(caller, reads=reads, headers=headers, asked=asked)
    assert len(caller.answers) == 2
    assert caller.left == 9 - reads


def test_who_leaves_meanwhile_ends_it() -> None:
    class Leaves(Caller):
        async def receive(self) -> Message:
            return {"type": "http.disconnect"} if self.left < 5 else await super().receive()

    caller = Leaves(9)
    serve(caller, reads=2)
    assert caller.answers[-1][0]["more_body"] is False
