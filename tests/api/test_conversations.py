"""A conversation over HTTP: follow-ups are read in it, and only in one's own."""

from typing import Any

import pytest


def ask(house: Any, who: dict[str, str], question: str, conversation: str) -> Any:
    body = {"question": question, "conversation_id": conversation}
    response = house.client.post("/v1/ask", json=body, headers=who)
    assert response.status_code == 200
    return response.json()


def test_a_follow_up_is_answered_and_shown_as_a_question_of_its_own(house: Any) -> None:
    who = house.bearer("acme")
    ask(house, who, "How fast is a first response for gold?", "follow-up")
    outcome = ask(house, who, "and for silver?", "follow-up")
    assert outcome["question"] == "and for silver?"
    assert outcome["standalone_question"] == "How fast is a first response for silver?"
    assert "eight hours" in outcome["text"]
    turns = house.client.get("/v1/conversations/follow-up", headers=who).json()["turns"]
    assert [one["outcome"]["standalone_question"] for one in turns] == [
        "How fast is a first response for gold?",
        "How fast is a first response for silver?",
    ]


def test_a_stream_reads_the_conversation_too(house: Any) -> None:
    who = house.bearer("acme")
    ask(house, who, "How fast is a first response for gold?", "streamed")
    body = {"question": "and for silver?", "conversation_id": "streamed"}
    told = house.client.post("/v1/ask/stream", json=body, headers=who).text
    assert "How fast is a first response for silver?" in told


@pytest.mark.parametrize(
    ("shared", "follow_up"),
    [("one", "and why?"), ("two", "and for silver?"), ("three", "how long does it last?")],
)
def test_another_persons_turns_are_nobodys_context(house: Any, shared: str, follow_up: str) -> None:
    first = "What is the Falcon discount for gold partners?"
    ask(house, house.bearer("acme"), first, shared)
    for stranger in (house.bearer("bolt"), house.bearer("acme", subject="eve")):
        asked = ask(house, stranger, follow_up, shared)
        fresh = ask(house, stranger, follow_up, f"never-used-{asked['id'][-8:]}")
        assert asked["standalone_question"] == follow_up
        own = house.client.get(f"/v1/conversations/{shared}", headers=stranger).text
        assert "discount for gold partners" not in own
        assert asked["kind"] == fresh["kind"]
        assert [one["quote"] for one in asked["citations"]] == [
            one["quote"] for one in fresh["citations"]
        ]


def test_a_question_without_a_conversation_begins_one(house: Any) -> None:
    who = house.bearer("acme")
    ask(house, who, "How fast is a first response for gold?", "elsewhere")
    body = {"question": "and for silver?"}
    outcome = house.client.post("/v1/ask", json=body, headers=who).json()
    assert outcome["standalone_question"] == "and for silver?"


def test_personal_data_of_an_earlier_question_comes_back_in_none(house: Any) -> None:
    who = house.bearer("acme")
    first = "How fast is a first response for gold? Write to jo.byrd@acme.example"
    ask(house, who, first, "with-data")
    outcome = ask(house, who, "and for silver?", "with-data")
    assert "silver" in outcome["standalone_question"]
    for word in ("jo.byrd", "<EMAIL>", "acme.example"):
        assert word not in outcome["standalone_question"]
