"""Over real connections: nobody keeps one for nothing."""

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from foundation.punctual_http import LARGEST_HEAD, PunctualHttp, server_config
from tests.fakes.waiting import wait_until

HEAD = b"POST / HTTP/1.1\r\nHost: here\r\n"
SECONDS = 0.4


async def app(scope: Any, _receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    large = scope["path"] == "/large"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(2_000 if large else 1):
        await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})
    await send({"type": "http.response.body"})


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(PunctualHttp, "head_seconds", SECONDS)
    monkeypatch.setattr(PunctualHttp, "unread_seconds", SECONDS)
    config = server_config(app)
    config.lifespan = "off"
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        wait_until(lambda: server.started)
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join()


def connected(port: int) -> socket.socket:
    found = socket.create_connection(("127.0.0.1", port), timeout=60)
    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return found


def ended(connection: socket.socket) -> bool:
    """Whether the server closes it, after whatever it still has to say."""
    try:
        while connection.recv(65_536):
            pass
    except ConnectionError:
        return True
    return True


def ends_while_sending(connection: socket.socket, data: bytes) -> bool:
    """Whether the server closes it although something comes all the time."""
    until = time.monotonic() + 60
    try:
        while time.monotonic() < until:
            connection.sendall(data)
            time.sleep(0.05)
    except ConnectionError:
        return True
    return False


def answer(connection: socket.socket) -> bytes:
    found = b""
    while not found.endswith(b"0\r\n\r\n"):
        data = connection.recv(1_000_000)
        assert data, found[:200]
        found += data
    return found


def test_who_says_nothing_is_let_go(port: int) -> None:
    with connected(port) as connection:
        assert ended(connection)


def test_half_a_head_is_not_waited_for_however_steadily_it_drips(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(HEAD)
        assert ends_while_sending(connection, b"X-Slow: 1\r\n")


def test_the_next_request_on_a_connection_has_its_own_time(port: int) -> None:
    with connected(port) as connection:
        for _ in range(4):
            connection.sendall(HEAD + b"Content-Length: 0\r\n\r\n")
            assert answer(connection).startswith(b"HTTP/1.1 200")
            time.sleep(SECONDS * 0.6)


def test_the_rest_of_a_body_that_nobody_wants_is_not_read_for_ever(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(HEAD + b"Content-Length: 100000000\r\n\r\n")
        assert ends_while_sending(connection, b"x" * 1_000)


def test_who_does_not_read_is_let_go(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: here\r\n\r\n")
        time.sleep(SECONDS * 4)
        received = 0
        try:
            while data := connection.recv(1_000_000):
                received += len(data)
        except ConnectionError:
            pass
        assert received < 2_000 * 65_536


def test_a_head_without_end_is_refused(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(HEAD + b"X-Large: " + b"x" * (LARGEST_HEAD + 1_000))
        assert connection.recv(1_000).startswith(b"HTTP/1.1 400")


def test_the_server_does_not_say_what_it_is(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(HEAD + b"Content-Length: 0\r\n\r\n")
        assert b"uvicorn" not in answer(connection).lower().partition(b"\r\n\r\n")[0]
