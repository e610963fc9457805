from datetime import timedelta
from typing import Any

import pytest

from governance.principal import Role


def ask(house: Any, who: dict[str, str], question: str, **more: Any) -> Any:
    return house.client.post("/v1/ask", json={"question": question, **more}, headers=who)


class TestAsk:
    def test_an_answer_quotes_its_source(self, house: Any) -> None:
        response = ask(house, house.bearer("acme"), "How fast is a first response for gold?")
        outcome = response.json()
        assert response.status_code == 200
        assert outcome["kind"] == "answer"
        assert "two hours" in outcome["text"]
        [citation, *_] = outcome["citations"]
        assert citation["uri"] == "policies/sla.md"
        stored = house.assembly.catalog.text(citation["document_id"], citation["version"])
        assert citation["quote"] == stored[citation["start"] : citation["end"]]

    def test_the_outcome_has_every_key_of_the_contract(self, house: Any) -> None:
        outcome = ask(house, house.bearer("acme"), "How fast is a first response?").json()
        assert set(outcome) >= {
            "id", "kind", "question", "standalone_question", "text", "confidence", "band",
            "review_required", "citations", "escalation", "writer", "conversation_id", "elapsed_ms",
        }  # fmt: skip
        assert 0 <= outcome["confidence"] <= 1

    def test_what_the_documents_do_not_say_goes_to_a_person(self, house: Any) -> None:
        outcome = ask(house, house.bearer("acme"), "Which seal colour has the moon visa?").json()
        assert outcome["kind"] == "escalation"
        assert outcome["escalation"]["queue"]
        assert outcome["escalation"]["due_at"]

    def test_thanks_is_no_ticket(self, house: Any) -> None:
        outcome = ask(house, house.bearer("acme"), "Thank you!").json()
        assert outcome["kind"] == "courtesy"
        assert outcome["escalation"] is None

    def test_a_question_can_be_narrowed_to_nothing(self, house: Any) -> None:
        outcome = ask(
            house, house.bearer("acme"), "How fast is a first response for gold?",
            filters={"doc_types": ["pricing"]},
        ).json()  # fmt: skip
        assert outcome["kind"] == "escalation"
        assert outcome["citations"] == []

    def test_a_filter_that_is_too_long_is_so_with_its_blanks(self, house: Any) -> None:
        who, question = house.bearer("acme"), "How fast is a first response for gold?"
        for product, status in ((" core " + " " * 100, 200), ("core" + "\t" * 300, 422)):
            narrowed = ask(house, who, question, filters={"product": product})
            assert narrowed.status_code == status

    def test_yesterdays_answer_comes_from_yesterdays_version(self, house: Any) -> None:
        who = house.bearer("acme")
        today = ask(house, who, "When are refunds paid?").json()
        day = (house.calendar().date() - timedelta(days=1)).isoformat()
        before = ask(house, who, "When are refunds paid?", filters={"as_of": day}).json()
        assert "ten days" in today["text"]
        assert "thirty days" in before["text"]

    def test_tomorrow_cannot_be_asked_for(self, house: Any) -> None:
        day = (house.calendar().date() + timedelta(days=1)).isoformat()
        response = ask(house, house.bearer("acme"), "Refunds?", filters={"as_of": day})
        assert response.status_code == 422
        assert "future" in response.json()["detail"]

    def test_an_auditor_does_not_ask(self, house: Any) -> None:
        response = ask(house, house.bearer("northstar", Role.AUDITOR), "How fast is support?")
        assert response.status_code == 403


class TestSearch:
    def test_passages_come_in_order_with_raw_scores(self, house: Any) -> None:
        response = house.client.post(
            "/v1/search", json={"question": "marketplace seller key", "k": 3},
            headers=house.bearer("acme"),
        )  # fmt: skip
        passages = response.json()["passages"]
        assert 1 <= len(passages) <= 3
        assert [one["rank"] for one in passages] == list(range(1, len(passages) + 1))
        assert passages[0]["uri"] == "guides/marketplace.md"
        assert set(passages[0]) == {
            "id", "document_id", "uri", "title", "doc_type", "version", "heading_path", "page",
            "text", "dense_score", "keyword_score", "rank",
        }  # fmt: skip

    def test_an_auditor_reads_the_record_and_no_content(self, house: Any) -> None:
        response = house.client.post(
            "/v1/search", json={"question": "support"},
            headers=house.bearer("northstar", Role.AUDITOR),
        )  # fmt: skip
        assert response.status_code == 403

    def test_five_is_five_however_json_writes_it(self, house: Any) -> None:
        for k in (5, 5.0):
            response = house.client.post(
                "/v1/search", json={"question": "support", "k": k}, headers=house.bearer("acme")
            )
            assert response.status_code == 200

    @pytest.mark.parametrize("k", [0, -1, 101, 10**400, 1.5, "many", None, "5", True])
    def test_a_number_of_passages_that_makes_no_sense_is_refused(self, house: Any, k: Any) -> None:
        response = house.client.post(
            "/v1/search", json={"question": "support", "k": k}, headers=house.bearer("acme")
        )
        assert response.status_code == 422
