"""What one tenant may not see does not exist for it, whichever door it tries."""

from typing import Any

import pytest

from governance.principal import Role

SECRETS = {
    "acme": ("acme/contract.md", "falcon", "What is the Falcon discount?", "17 percent"),
    "bolt": ("bolt/contract.md", "osprey", "What is the Osprey discount?", "23 percent"),
}


@pytest.fixture(params=[("acme", "bolt"), ("bolt", "acme")], ids=["acme", "bolt"])
def pair(request: pytest.FixtureRequest, house: Any) -> Any:
    owner, stranger = request.param
    return (*SECRETS[owner], house.bearer(owner), house.bearer(stranger))


def test_its_reader_gets_the_answer_and_a_stranger_does_not(house: Any, pair: Any) -> None:
    uri, _, question, fact, reader, stranger = pair
    body = {"question": question}
    own = house.client.post("/v1/ask", json=body, headers=reader).json()
    other = house.client.post("/v1/ask", json=body, headers=stranger).json()
    assert fact in own["text"]
    assert fact not in str(other)
    assert uri not in str(other)


def test_a_strangers_search_never_holds_it(house: Any, pair: Any) -> None:
    uri, word, question, fact, reader, stranger = pair
    for text in (question, word, fact):
        body = {"question": text, "k": 100}
        own = house.client.post("/v1/search", json=body, headers=reader).json()["passages"]
        other = house.client.post("/v1/search", json=body, headers=stranger).json()["passages"]
        assert uri in {one["uri"] for one in own}
        assert uri not in {one["uri"] for one in other}


def test_its_passage_looks_as_if_it_did_not_exist(house: Any, pair: Any) -> None:
    uri, _, _, _, reader, stranger = pair
    real, made_up = house.passage_id(uri), "0" * 32
    assert house.client.get(f"/v1/passages/{real}", headers=reader).status_code == 200
    hidden = house.client.get(f"/v1/passages/{real}", headers=stranger)
    absent = house.client.get(f"/v1/passages/{made_up}", headers=stranger)
    assert hidden.status_code == absent.status_code == 404
    assert hidden.text.replace(real, made_up) == absent.text


def test_its_document_looks_as_if_it_did_not_exist(house: Any, pair: Any) -> None:
    uri, word, _, _, reader, stranger = pair
    real, made_up = house.document_id(uri), "doc_" + "0" * 24
    assert house.client.get(f"/v1/documents/{real}", headers=reader).status_code == 200
    hidden = house.client.get(f"/v1/documents/{real}", headers=stranger)
    absent = house.client.get(f"/v1/documents/{made_up}", headers=stranger)
    assert hidden.status_code == absent.status_code == 404
    assert hidden.text.replace(real, made_up) == absent.text
    listed = house.client.get("/v1/documents", params={"q": word}, headers=stranger).json()
    assert (listed["total"], listed["documents"]) == (0, [])


def test_another_partner_is_not_named_among_a_documents_readers(house: Any) -> None:
    document = house.document_id("acme/contract.md")
    found = house.client.get(f"/v1/documents/{document}", headers=house.bearer("acme")).json()
    assert found["audience"] == ["tenant:acme"]
    staff = house.bearer("northstar", Role.CONTENT_OWNER)
    whole = house.client.get(f"/v1/documents/{document}", headers=staff).json()
    assert whole["audience"] == ["tenant:acme", "tenant:bolt-rival"]


def test_an_outcome_is_its_askers_alone(house: Any) -> None:
    outcome = house.client.post(
        "/v1/ask", json={"question": "How fast is support?"}, headers=house.bearer("acme")
    ).json()
    address = f"/v1/outcomes/{outcome['id']}"
    for stranger in (house.bearer("bolt"), house.bearer("acme", subject="eve")):
        for door, body in (("escalate", {}), ("feedback", {"rating": "up"})):
            tried = house.client.post(f"{address}/{door}", json=body, headers=stranger)
            nobodys = house.client.post(
                f"/v1/outcomes/out_none/{door}", json=body, headers=stranger
            )
            assert tried.status_code == nobodys.status_code == 404
            assert tried.text.replace(outcome["id"], "out_none") == nobodys.text


def test_the_same_conversation_id_of_two_people_never_meets(house: Any) -> None:
    acme, bolt = house.bearer("acme"), house.bearer("bolt")
    for who, question in ((acme, "What is the Falcon discount?"), (bolt, "How fast is support?")):
        body = {"question": question, "conversation_id": "shared-id"}
        assert house.client.post("/v1/ask", json=body, headers=who).status_code == 200
    turns = house.client.get("/v1/conversations/shared-id", headers=bolt).json()["turns"]
    assert [turn["outcome"]["question"] for turn in turns] == ["How fast is support?"]
    eve = house.bearer("acme", subject="eve")
    assert house.client.get("/v1/conversations/shared-id", headers=eve).status_code == 404


def test_another_tenants_staff_do_not_see_what_is_internal(house: Any) -> None:
    admin = house.bearer("bolt", Role.ADMIN)
    found = house.client.post(
        "/v1/search", json={"question": "Bluebird codename", "k": 100}, headers=admin
    ).json()["passages"]
    assert "internal/plan.md" not in {one["uri"] for one in found}
    assert "drafts/roadmap.md" not in {one["uri"] for one in found}


def test_a_body_cannot_say_who_asks(house: Any) -> None:
    for extra in ({"tenant": "bolt"}, {"audiences": ["internal"]}, {"roles": ["admin"]}):
        response = house.client.post(
            "/v1/ask", json={"question": "Osprey?", **extra}, headers=house.bearer("acme")
        )
        assert response.status_code == 422
    narrowed = {"question": "Osprey?", "filters": {"tenant": "bolt"}}
    response = house.client.post("/v1/search", json=narrowed, headers=house.bearer("acme"))
    assert response.status_code == 422


def test_a_tier_opens_what_is_for_it(house: Any) -> None:
    body = {"question": "named architect concierge", "k": 100}
    gold = house.bearer("acme", attributes={"tier": "gold"})
    silver = house.bearer("acme", attributes={"tier": "silver"})
    seen = [
        {
            one["uri"]
            for one in house.client.post("/v1/search", json=body, headers=who).json()["passages"]
        }
        for who in (gold, silver)
    ]
    assert "gold/perks.md" in seen[0]
    assert "gold/perks.md" not in seen[1]
