from typing import Any

import pytest
from sqlalchemy import select

from copilot.record_tables import escalations, feedback
from governance.document import ApprovalState


@pytest.fixture
def who(house: Any) -> dict[str, str]:
    return house.bearer("acme", subject="grace")


def ask(house: Any, who: dict[str, str], question: str) -> Any:
    return house.client.post("/v1/ask", json={"question": question}, headers=who).json()


@pytest.fixture
def answered(house: Any, who: dict[str, str]) -> Any:
    return ask(house, who, "How fast is a first response for gold?")


def rows(house: Any, table: Any, outcome: str) -> Any:
    with house.assembly.database.read() as connection:
        return connection.execute(select(table).where(table.c.outcome_id == outcome)).all()


class TestEscalate:
    def test_an_answer_can_go_to_a_person(self, house: Any, who: Any, answered: Any) -> None:
        response = house.client.post(
            f"/v1/outcomes/{answered['id']}/escalate", json={"note": "not for us"}, headers=who
        )
        outcome = response.json()
        assert response.status_code == 200
        assert outcome["escalation"]["reason"] == "user_request"
        assert {**outcome, "escalation": None} == answered
        [row] = rows(house, escalations, answered["id"])
        assert (row.state, row.note, row.reason) == ("open", "not for us", "user_request")

    def test_asking_twice_makes_one_escalation_with_both_notes(
        self, house: Any, who: Any, answered: Any
    ) -> None:
        address = f"/v1/outcomes/{answered['id']}/escalate"
        first = house.client.post(address, json={"note": "first"}, headers=who).json()
        second = house.client.post(address, json={"note": "second"}, headers=who).json()
        assert first["escalation"] == second["escalation"]
        [row] = rows(house, escalations, answered["id"])
        assert row.note == "first\nsecond"

    def test_what_a_person_has_already_gets_the_note(self, house: Any, who: Any) -> None:
        escalated = ask(house, who, "Which seal colour has the moon visa?")
        address = f"/v1/outcomes/{escalated['id']}/escalate"
        outcome = house.client.post(address, json={"note": "urgent"}, headers=who).json()
        assert outcome["escalation"]["id"] == escalated["escalation"]["id"]
        [row] = rows(house, escalations, escalated["id"])
        assert row.note == "urgent"

    def test_a_note_is_not_needed(self, house: Any, who: Any, answered: Any) -> None:
        response = house.client.post(f"/v1/outcomes/{answered['id']}/escalate", headers=who)
        assert response.status_code == 200
        assert response.json()["escalation"]["id"]

    def test_the_conversation_shows_it_too(self, house: Any, who: Any, answered: Any) -> None:
        house.client.post(f"/v1/outcomes/{answered['id']}/escalate", headers=who)
        conversation = f"/v1/conversations/{answered['conversation_id']}"
        [turn] = house.client.get(conversation, headers=who).json()["turns"]
        assert turn["outcome"]["escalation"]["reason"] == "user_request"


class TestWhatPeopleWriteIsKeptWithoutPersonalData:
    def test_the_reply_has_it_and_nothing_that_is_kept(self, house: Any, who: Any) -> None:
        text = "Which moon fee does tina.turner@example.org pay?"
        escalated = ask(house, who, text)
        assert escalated["question"] == text
        conversation = f"/v1/conversations/{escalated['conversation_id']}"
        [turn] = house.client.get(conversation, headers=who).json()["turns"]
        assert turn["outcome"]["question"] == "Which moon fee does <EMAIL> pay?"
        assert "turner" not in str(turn)
        [row] = rows(house, escalations, escalated["id"])
        assert "turner" not in row.missing

    def test_neither_a_note_nor_a_comment_keeps_an_address(
        self, house: Any, who: Any, answered: Any
    ) -> None:
        note = {"note": "call +49 30 901820 or mail ann@example.org"}
        house.client.post(f"/v1/outcomes/{answered['id']}/escalate", json=note, headers=who)
        [row] = rows(house, escalations, answered["id"])
        assert "901820" not in row.note
        assert "<EMAIL>" in row.note
        opinion = {"rating": "down", "reason": "ask bob@example.org", "comment": "bob@example.org"}
        house.client.post(f"/v1/outcomes/{answered['id']}/feedback", json=opinion, headers=who)
        [row] = rows(house, feedback, answered["id"])
        assert (row.reason, row.comment) == ("ask <EMAIL>", "<EMAIL>")


class TestWithdrawnSince:
    def test_its_text_is_shown_nowhere_and_comes_back_with_it(self, house: Any, who: Any) -> None:
        answered = ask(house, who, "On which port does the Zephyr adapter listen?")
        assert "7443" in answered["text"]
        conversation = f"/v1/conversations/{answered['conversation_id']}"
        escalate = f"/v1/outcomes/{answered['id']}/escalate"
        catalog, document = house.assembly.catalog, house.document_id("guides/zephyr.md")
        catalog.set_approval(document, 1, state=ApprovalState.WITHDRAWN, by="owner")
        try:
            told = [
                house.client.get(conversation, headers=who),
                house.client.post(escalate, headers=who),
                house.client.post(escalate, json={"note": "why?"}, headers=who),
            ]
        finally:
            catalog.set_approval(document, 1, state=ApprovalState.APPROVED, by="owner")
        for one in told:
            assert one.status_code == 200
            assert "7443" not in one.text
            assert "withdrawn since" in one.text
            assert "guides/zephyr.md" not in one.text
        [turn] = house.client.get(conversation, headers=who).json()["turns"]
        assert turn["outcome"]["text"] == answered["text"]
        assert turn["outcome"]["citations"] == answered["citations"]


class TestFeedback:
    def test_a_second_opinion_replaces_the_first(self, house: Any, who: Any, answered: Any) -> None:
        address = f"/v1/outcomes/{answered['id']}/feedback"
        for body in ({"rating": "up"}, {"rating": "down", "reason": "old", "comment": "2025"}):
            response = house.client.post(address, json=body, headers=who)
            assert response.json() == {"id": answered["id"], "status": "recorded"}
        [row] = rows(house, feedback, answered["id"])
        assert (row.rating, row.reason, row.comment) == ("down", "old", "2025")

    @pytest.mark.parametrize("body", [{}, {"rating": "meh"}, {"rating": "up", "comment": "\x00"}])
    def test_another_opinion_is_none(self, house: Any, who: Any, answered: Any, body: Any) -> None:
        address = f"/v1/outcomes/{answered['id']}/feedback"
        assert house.client.post(address, json=body, headers=who).status_code == 422


class TestConversation:
    def test_turns_come_in_order_with_their_zone(self, house: Any, who: Any) -> None:
        first = ask(house, who, "How fast is a first response?")
        body = {"question": "When are refunds paid?", "conversation_id": first["conversation_id"]}
        second = house.client.post("/v1/ask", json=body, headers=who).json()
        address = f"/v1/conversations/{first['conversation_id']}"
        turns = house.client.get(address, headers=who).json()["turns"]
        assert [turn["outcome"]["id"] for turn in turns] == [first["id"], second["id"]]
        assert all(turn["created_at"].endswith(("Z", "+00:00")) for turn in turns)

    def test_an_unknown_one_is_not_found(self, house: Any, who: Any) -> None:
        assert house.client.get("/v1/conversations/never", headers=who).status_code == 404
