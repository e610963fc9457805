import json
from collections.abc import Iterator
from typing import Any

import pytest

from copilot.ask import Status
from foundation.errors import StorageError

QUESTION = {"question": "How do I connect a marketplace?"}


def told(text: str) -> list[tuple[str, Any]]:
    events = []
    for block in text.split("\n\n"):
        if block:
            name, data = block.split("\n")
            events.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return events


def stream(house: Any, body: dict[str, Any]) -> list[tuple[str, Any]]:
    response = house.client.post("/v1/ask/stream", json=body, headers=house.bearer("acme"))
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["cache-control"] == "no-store"
    return told(response.text)


def test_the_outcome_comes_last_and_its_text_is_the_tokens(house: Any) -> None:
    events = stream(house, QUESTION)
    names = [name for name, _ in events]
    assert names[0] == "status"
    assert names[-1] == "outcome"
    assert names.count("outcome") == 1
    assert max(i for i, n in enumerate(names) if n == "citation") < names.index("token")
    outcome = events[-1][1]
    assert "".join(data["text"] for name, data in events if name == "token") == outcome["text"]
    assert [data for name, data in events if name == "citation"] == outcome["citations"]


@pytest.mark.parametrize("question", ["Thanks!", "Which seal colour has the moon visa?"])
def test_other_outcomes_are_told_the_same_way(house: Any, question: str) -> None:
    events = stream(house, {"question": question})
    tokens = "".join(data["text"] for name, data in events if name == "token")
    assert events[-1][0] == "outcome"
    assert tokens == events[-1][1]["text"]


def test_a_streamed_outcome_is_kept_like_any_other(house: Any) -> None:
    outcome = stream(house, QUESTION | {"conversation_id": "streamed"})[-1][1]
    kept = house.client.get("/v1/conversations/streamed", headers=house.bearer("acme")).json()
    assert kept["turns"][-1]["outcome"] == outcome


def test_a_day_to_come_is_refused_before_the_stream_begins(house: Any) -> None:
    body = QUESTION | {"filters": {"as_of": "9999-12-31"}}
    response = house.client.post("/v1/ask/stream", json=body, headers=house.bearer("acme"))
    assert response.status_code == 422


@pytest.mark.parametrize(
    ("error", "status"), [(StorageError("in /srv/hidden"), 503), (KeyError("hidden"), 500)]
)
def test_a_failure_on_the_way_is_the_last_event(house: Any, error: Exception, status: int) -> None:
    class Failing:
        def stream(self, _asked: object) -> Iterator[Status]:
            yield Status(state="searching")
            raise error

    with house.instead(copilot=Failing()):
        events = stream(house, QUESTION)
    assert [name for name, _ in events] == ["status", "error"]
    problem = events[-1][1]
    assert problem["status"] == status
    assert problem["error_id"]
    assert problem["instance"] == "/v1/ask/stream"
    assert "hidden" not in str(problem)
