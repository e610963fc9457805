"""However many ask at once, the house neither piles questions up nor goes silent."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest

from api import MOST_QUESTIONS, PROBES, THREADS
from copilot.ask import Status
from foundation.database import MOST_CONNECTIONS
from foundation.gate import Gate
from tests.fakes.waiting import wait_until

QUESTION = {"question": "How fast is support?"}
DOORS = ("/v1/ask", "/v1/ask/stream", "/v1/search")


class Stuck:
    """A part in which every question stays until it is let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.inside = threading.Semaphore(0)

    def search(self, _query: object) -> None:
        self.inside.release()
        self.let_go.wait(300)
        raise ZeroDivisionError


@contextmanager
def busy(house: Any, served: str, who: dict[str, str], number: int) -> Iterator[None]:
    """While `number` searches are being worked on."""
    stuck = Stuck()
    with house.instead(retriever=stuck), ThreadPoolExecutor(number) as pool:
        try:
            for _ in range(number):
                pool.submit(
                    httpx2.post, f"{served}/v1/search", json=QUESTION, headers=who, timeout=1200
                )
            for _ in range(number):
                assert stuck.inside.acquire(timeout=120)
            yield
        finally:
            stuck.let_go.set()


def test_beyond_the_bound_one_is_told_to_come_back_and_the_rest_goes_on(
    house: Any, served: str
) -> None:
    who = house.bearer("acme")
    with busy(house, served, who, MOST_QUESTIONS):
        for door in DOORS:
            told = httpx2.post(f"{served}{door}", json=QUESTION, headers=who, timeout=120)
            assert told.status_code == 503
            assert told.headers["content-type"] == "application/problem+json"
            assert int(told.headers["retry-after"]) >= 1
            assert told.json()["type"].endswith(":busy")
        for door in ("/healthz", "/readyz", "/metrics", "/v1/documents"):
            answered = httpx2.get(f"{served}{door}", headers=who, timeout=120)
            assert answered.status_code == 200, door
    assert house.client.post("/v1/search", json=QUESTION, headers=who).status_code == 200


def test_sixteen_clients_never_reach_the_bound() -> None:
    assert MOST_QUESTIONS >= 2 * 16


def test_there_is_a_thread_for_every_question_and_a_connection_for_every_thread() -> None:
    assert MOST_QUESTIONS < THREADS
    assert THREADS + PROBES <= MOST_CONNECTIONS


@pytest.mark.parametrize("door", DOORS)
def test_every_question_gives_its_place_back(house: Any, door: str) -> None:
    who = house.bearer("acme")
    with house.instead(gate=Gate(1)):
        for body in (QUESTION, {"question": ""}, QUESTION):
            told = house.client.post(door, json=body, headers=who)
            assert told.status_code == (200 if body is QUESTION else 422)


def test_a_stream_keeps_its_place_until_it_ends_however_it_ends(house: Any, served: str) -> None:
    go_on = threading.Event()

    class Slow:
        def stream(self, _asked: object) -> Iterator[Status]:
            yield Status(state="searching")
            while not go_on.wait(0.05):
                yield Status(state="still searching")

    who = house.bearer("acme")
    address = f"{served}/v1/ask/stream"
    with house.instead(copilot=Slow(), gate=Gate(1)):
        with httpx2.stream("POST", address, json=QUESTION, headers=who, timeout=120) as told:
            # Kept, because a forgotten iterator closes its connection.
            received = told.iter_bytes()
            assert next(received)
            refused = httpx2.post(address, json=QUESTION, headers=who, timeout=120)
            assert refused.status_code == 503
        # Its client has gone: the place is free as soon as the server notices.
        address = f"{served}/v1/search"

        def free() -> bool:
            told = httpx2.post(address, json=QUESTION, headers=who, timeout=120)
            return told.status_code == 200

        try:
            wait_until(free)
        finally:
            go_on.set()
