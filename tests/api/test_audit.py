"""The record over HTTP."""

from datetime import timedelta
from typing import Any

import pytest

from governance.audit import Action
from governance.principal import Role


@pytest.fixture
def auditor(house: Any) -> dict[str, str]:
    return house.bearer("acme", Role.AUDITOR, subject="otto")


def read(house: Any, who: dict[str, str], **query: str) -> Any:
    response = house.client.get("/v1/audit", params=query, headers=who)
    assert response.status_code == 200, response.text
    return response.json()


def test_a_question_is_on_record_with_what_came_of_it(house: Any, auditor: Any) -> None:
    asker = house.bearer("acme", subject="rita")
    question = {"question": "How fast is support for rita@example.org?"}
    outcome = house.client.post("/v1/ask", json=question, headers=asker).json()
    [line] = read(house, auditor, actor="rita")["lines"]
    assert line["action"] == Action.QUESTION_ASKED
    assert line["target"] == outcome["id"]
    assert line["roles"] == ["partner_consultant"]
    assert line["details"]["kind"] == outcome["kind"]
    assert line["details"]["cited"] == [
        [one["document_id"], one["version"]] for one in outcome["citations"]
    ]
    assert line["details"]["question"] == "How fast is support for <EMAIL>?"
    assert "answer" not in line["details"]


def test_a_search_is_on_record_with_what_it_brought(house: Any, auditor: Any) -> None:
    asker = house.bearer("acme", subject="samira")
    body = {"question": "refunds", "k": 3}
    found = house.client.post("/v1/search", json=body, headers=asker).json()["passages"]
    [line] = read(house, auditor, actor="samira")["lines"]
    assert line["action"] == Action.SEARCHED
    assert line["details"]["passages"] == len(found)
    assert found[0]["document_id"] in dict(line["details"]["found"])


def test_pages_lead_through_the_whole_chain_newest_first(house: Any, auditor: Any) -> None:
    asker = house.bearer("acme", subject="paula")
    for _ in range(5):
        house.client.post("/v1/search", json={"question": "refunds"}, headers=asker)
    numbers, cursor = [], {}
    while True:
        page = read(house, auditor, actor="paula", limit="2", **cursor)
        numbers += [line["number"] for line in page["lines"]]
        if page["cursor"] is None:
            break
        cursor = {"cursor": str(page["cursor"])}
    assert len(numbers) == 5
    assert numbers == sorted(numbers, reverse=True)


def test_lines_can_be_asked_for_by_time_and_action(house: Any, auditor: Any) -> None:
    asker = house.bearer("acme", subject="vera")
    with house.calendar.later(timedelta(minutes=5)):
        house.client.post("/v1/search", json={"question": "refunds"}, headers=asker)
    moment = (house.calendar.now + timedelta(minutes=5)).isoformat().replace("+00:00", "Z")
    found = read(house, auditor, **{"from": moment, "action": "search.performed"})
    assert [line["actor"] for line in found["lines"]] == ["vera"]
    assert read(house, auditor, actor="vera", to=moment)["lines"] == []
    assert read(house, auditor, actor="vera", action="question.asked")["lines"] == []


def test_an_auditor_sees_the_own_tenants_record_only(house: Any, auditor: Any) -> None:
    asker = house.bearer("bolt", subject="wanda")
    house.client.post("/v1/search", json={"question": "refunds"}, headers=asker)
    assert read(house, auditor, actor="wanda")["lines"] == []
    other = house.bearer("bolt", Role.AUDITOR)
    assert len(read(house, other, actor="wanda")["lines"]) == 1


@pytest.mark.parametrize("role", [Role.PARTNER_CONSULTANT, Role.PARTNER_ADMIN, Role.APPROVER])
@pytest.mark.parametrize("address", ["/v1/audit", "/v1/audit/verification"])
def test_other_roles_do_not_read_the_record(house: Any, role: Role, address: str) -> None:
    refused = house.client.get(address, headers=house.bearer("acme", role))
    assert refused.status_code == 403


@pytest.mark.parametrize("address", ["/v1/audit", "/v1/audit/verification"])
def test_the_houses_record_is_for_its_operator(house: Any, auditor: Any, address: str) -> None:
    query = {"chain": "house"}
    assert house.client.get(address, params=query, headers=auditor).status_code == 403
    operator = house.bearer("northstar", Role.AUDITOR, subject="olga")
    shown = house.client.get(address, params=query, headers=operator)
    assert shown.status_code == 200
    if address == "/v1/audit":
        assert "policy.changed" in {line["action"] for line in shown.json()["lines"]}


def test_reading_is_on_record_in_the_chain_that_was_read(house: Any, auditor: Any) -> None:
    read(house, auditor, actor="nobody at all")
    newest = max(read(house, auditor)["lines"], key=lambda line: line["number"])
    assert (newest["action"], newest["actor"]) == (Action.AUDIT_READ, "otto")
    assert newest["details"]["actor"] == "nobody at all"
    operator = house.bearer("northstar", Role.AUDITOR, subject="olga")
    read(house, operator, chain="house")
    lines = read(house, operator, chain="house")["lines"]
    newest = max(lines, key=lambda line: line["number"])
    assert newest["actor"] == "northstar/olga"


def test_the_own_chain_is_verified(house: Any, auditor: Any) -> None:
    read(house, auditor)
    response = house.client.get("/v1/audit/verification", headers=auditor)
    verified = response.json()
    assert response.status_code == 200
    assert (verified["whole"], verified["marked"], verified["findings"]) == (True, True, [])
    assert verified["lines"] > 0


@pytest.mark.parametrize(
    "query",
    [
        {"from": "2026-11-23"},
        {"from": "1700000000"},
        {"to": "0001-01-01T00:00:00+14:00"},
        {"action": "flown.away"},
        {"cursor": "999999999"},
        {"cursor": "0"},
        {"limit": "0"},
        {"chain": "theirs"},
    ],
)
def test_a_query_that_makes_no_sense_is_told(house: Any, auditor: Any, query: Any) -> None:
    assert house.client.get("/v1/audit", params=query, headers=auditor).status_code == 422
