"""What goes around a request: what is not looked at, who dawdles, what browsers are told."""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import pytest

from foundation.asgi import LONGEST_TARGET, Message, RequestShell, Scope
from foundation.patience import Patience, SlowBodyError
from foundation.security_headers import SecurityHeaders
from foundation.telemetry import Telemetry


async def hello(_scope: Scope, receive: Any, send: Any) -> None:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-own", b"1")]})
    await send({"type": "http.response.body", "body": body})


async def refuse(send: Any, status: HTTPStatus) -> None:
    await send({"type": "http.response.start", "status": int(status), "headers": []})
    await send({"type": "http.response.body", "body": b"refused"})


async def fail(_scope: Scope, send: Any, _error_id: str) -> None:
    await refuse(send, HTTPStatus.INTERNAL_SERVER_ERROR)


def called(
    app: Any, *, parts: tuple[tuple[float, bytes], ...] = ((0.0, b""),), **scope: Any
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of one request; each part of its body comes after a while."""
    sent: list[Message] = []
    waiting = list(parts)

    async def receive() -> Message:
        if not waiting:
            await asyncio.sleep(3600)
        seconds, data = waiting.pop(0)
        await asyncio.sleep(seconds)
        return {"type": "http.request", "body": data, "more_body": bool(waiting)}

    async def send(message: Message) -> None:
        sent.append(message)

    whole = {
        "type": "http", "method": "POST", "path": "/v1/ask", "raw_path": b"/v1/ask",
        "query_string": b"", "headers": [(b"host", b"copilot.example")], "scheme": "http",
    } | scope  # fmt: skip
    asyncio.run(app(whole, receive, send))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(one.get("body", b"") for one in sent[1:])


def shell(app: Any = hello, **more: Any) -> RequestShell:
    on_answer: Callable[[Scope, int], None] = more.pop("on_answer", lambda _scope, _status: None)
    return RequestShell(
        app,
        telemetry=Telemetry(),
        on_failure=fail,
        on_refusal=refuse,
        on_answer=on_answer,
        **more,
    )


class TestHosts:
    HOSTS = frozenset({"copilot.example", "[::1]"})

    @pytest.mark.parametrize("host", [b"copilot.example", b"Copilot.Example:8443", b"[::1]:8000"])
    def test_a_name_that_is_ours_is_answered(self, host: bytes) -> None:
        assert called(shell(hosts=self.HOSTS), headers=[(b"host", host)])[0] == 200

    @pytest.mark.parametrize(
        "headers",
        [
            [(b"host", b"evil.example")],
            [(b"host", b"copilot.example.evil.example")],
            [(b"host", b"copilot.example@evil.example")],
            [(b"host", b"copilot.example"), (b"host", b"evil.example")],
            [],
        ],
    )
    def test_any_other_is_not(self, headers: list[tuple[bytes, bytes]]) -> None:
        assert called(shell(hosts=self.HOSTS), headers=headers)[0] == 421

    def test_probes_come_by_address(self) -> None:
        found = called(shell(hosts=self.HOSTS), path="/healthz", headers=[(b"host", b"10.0.0.7")])
        assert found[0] == 200

    def test_where_none_is_set_all_are_answered(self) -> None:
        assert called(shell(), headers=[(b"host", b"whatever")])[0] == 200


def test_an_address_without_end_is_not_looked_at() -> None:
    assert called(shell(), query_string=b"q=" + b"x" * LONGEST_TARGET)[0] == 414
    assert called(shell(), raw_path=b"/" + b"x" * LONGEST_TARGET)[0] == 414


def test_what_follows_from_an_answer_cannot_spoil_it(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_scope: Scope, _status: int) -> None:
        raise ZeroDivisionError

    assert called(shell(on_answer=broken))[0] == 200
    assert "what follows from an answer failed" in caplog.text


class TestPatience:
    def test_a_body_that_comes_in_time_comes_whole(self) -> None:
        app = Patience(hello, seconds=5)
        parts = ((0.0, b"a"), (0.01, b"b"), (0.01, b"c"))
        assert called(app, parts=parts) == (200, {"x-own": "1"}, b"abc")

    def test_one_that_drips_is_given_up_however_steadily(self) -> None:
        app = Patience(hello, seconds=0.2)
        with pytest.raises(SlowBodyError):
            called(app, parts=tuple((0.05, b"x") for _ in range(50)))

    def test_a_large_one_has_as_long_as_its_size_takes(self) -> None:
        app = Patience(hello, seconds=0.1, rate=100)
        parts = tuple((0.04, b"x" * 100) for _ in range(10))
        assert called(app, parts=parts)[2] == b"x" * 1_000

    def test_after_the_body_whoever_listens_for_the_end_waits_as_long_as_it_takes(self) -> None:
        async def listens(_scope: Scope, receive: Any, send: Any) -> None:
            await receive()
            await refuse(send, HTTPStatus.OK)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await receive()

        assert called(Patience(listens, seconds=0.05))[0] == 200

    def test_an_answer_before_the_body_ends_the_clock_too(self) -> None:
        async def answers_first(_scope: Scope, receive: Any, send: Any) -> None:
            await refuse(send, HTTPStatus.OK)
            await receive()

        assert called(Patience(answers_first, seconds=0.05), parts=((0.2, b"late"),))[0] == 200


class TestSecurityHeaders:
    def test_every_answer_has_them_and_keeps_its_own(self) -> None:
        async def page(_scope: Scope, _receive: Any, send: Any) -> None:
            headers = [(b"Content-Security-Policy", b"default-src 'self'")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body"})

        _, headers, _ = called(SecurityHeaders(page), path="/demo")
        assert headers["Content-Security-Policy"] == "default-src 'self'"
        assert "content-security-policy" not in headers
        assert headers["x-frame-options"] == "DENY"
        assert "cache-control" not in headers

    def test_what_people_may_read_is_kept_by_nobody(self) -> None:
        _, headers, _ = called(SecurityHeaders(hello))
        assert headers["cache-control"] == "no-store"

    @pytest.mark.parametrize(("scheme", "there"), [("https", True), ("http", False)])
    def test_only_over_tls_is_tls_promised(self, scheme: str, *, there: bool) -> None:
        _, headers, _ = called(SecurityHeaders(hello), scheme=scheme)
        assert ("strict-transport-security" in headers) is there

    def test_what_is_not_http_passes(self) -> None:
        seen: list[str] = []

        async def app(scope: Scope, _receive: Any, _send: Any) -> None:
            seen.append(scope["type"])

        async def never() -> Message:
            raise AssertionError

        wrapped: list[Callable[..., Awaitable[None]]] = [
            SecurityHeaders(app), Patience(app), shell(app),
        ]  # fmt: skip
        for one in wrapped:
            asyncio.run(one({"type": "lifespan"}, never, never))
        assert seen == ["lifespan"] * 3
