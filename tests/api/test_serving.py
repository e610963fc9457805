"""Behind a real server on this machine."""

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from api import create_app, serve
from copilot.ask import Status
from foundation.errors import ConfigurationError, DataFolderBusyError
from foundation.settings import Settings


def test_sixteen_clients_of_two_tenants_get_their_own_answers(house: Any, served: str) -> None:
    questions = {
        "acme": ("What is the Falcon discount?", "17 percent", "23 percent"),
        "bolt": ("What is the Osprey discount?", "23 percent", "17 percent"),
    }

    def client(number: int) -> list[str]:
        tenant = ("acme", "bolt")[number % 2]
        question, own, other = questions[tenant]
        who = house.bearer(tenant, subject=f"client-{number}")
        wrong = []
        for _ in range(4):
            outcome = httpx2.post(
                f"{served}/v1/ask", json={"question": question}, headers=who, timeout=300
            ).json()
            if own not in outcome["text"] or other in json.dumps(outcome):
                wrong.append(json.dumps(outcome))
        return wrong

    with ThreadPoolExecutor(16) as pool:
        assert [one for wrong in pool.map(client, range(16)) for one in wrong] == []


def test_the_stream_arrives_as_it_happens_and_ends_with_its_client(house: Any, served: str) -> None:
    closed, go_on = threading.Event(), threading.Event()

    class Slow:
        def stream(self, _asked: object) -> Iterator[Status]:
            try:
                yield Status(state="searching")
                while not go_on.wait(0.05):
                    yield Status(state="still searching")
            finally:
                closed.set()

    host, _, port = served.removeprefix("http://").partition(":")
    body = b'{"question": "How fast?"}'
    head = (
        "POST /v1/ask/stream HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: {house.bearer('acme')['Authorization']}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with (
        house.instead(copilot=Slow()),
        socket.create_connection((host, int(port)), timeout=120) as client,
    ):
        client.sendall(head.encode() + body)
        received = b""
        while b"still searching" not in received:
            part = client.recv(4096)
            assert part, "the server ended the stream"
            received += part
    try:
        assert closed.wait(120), "the work went on although nobody waits for it"
    finally:
        go_on.set()


def test_a_taken_port_is_told_in_one_line(house: Any) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(ConfigurationError, match="--port"),
    ):
        serve(host="127.0.0.1", port=taken.getsockname()[1], settings=house.assembly.settings)


def test_a_port_that_does_not_exist_is_told(house: Any) -> None:
    with pytest.raises(ConfigurationError, match="no port 70000"):
        serve(host="127.0.0.1", port=70_000, settings=house.assembly.settings)


def test_a_data_folder_that_another_holds_is_told(house: Any) -> None:
    with pytest.raises(DataFolderBusyError, match="in use by"):
        serve(host="127.0.0.1", port=0, settings=house.assembly.settings)


def test_nothing_is_opened_before_it_starts(tmp_path: Any) -> None:
    create_app(Settings(_env_file=None, data_dir=tmp_path / "data"))
    assert not (tmp_path / "data").exists()
