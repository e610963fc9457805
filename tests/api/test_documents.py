from typing import Any

import pytest

from governance.document import ApprovalState
from governance.principal import Role


def listed(house: Any, who: dict[str, str], **query: Any) -> list[str]:
    found = house.client.get("/v1/documents", params=query, headers=who).json()
    assert found["total"] == len(found["documents"])
    return [one["uri"] for one in found["documents"]]


class TestList:
    def test_a_partner_sees_what_it_may_read(self, house: Any) -> None:
        assert listed(house, house.bearer("acme")) == [
            "acme/contract.md", "guides/marketplace.md", "guides/zephyr.md", "policies/refunds.md",
            "policies/sla.md",
        ]  # fmt: skip

    def test_the_owners_people_see_drafts_and_internal_ones(self, house: Any) -> None:
        staff = house.bearer("northstar", Role.CONTENT_OWNER)
        assert listed(house, staff, state="draft") == ["drafts/roadmap.md"]
        assert "internal/plan.md" in listed(house, staff)
        assert not [uri for uri in listed(house, staff) if uri.startswith("tenants/")]

    def test_the_owners_other_people_see_no_drafts(self, house: Any) -> None:
        manager = house.bearer("northstar", Role.CHANNEL_MANAGER)
        assert listed(house, manager, state="draft") == []
        assert "internal/plan.md" in listed(house, manager)

    def test_another_tenants_admin_sees_no_drafts_either(self, house: Any) -> None:
        assert listed(house, house.bearer("acme", Role.ADMIN), state="draft") == []

    @pytest.mark.parametrize(
        ("query", "uris"),
        [
            ({"doc_type": "policy"}, ["policies/refunds.md", "policies/sla.md"]),
            ({"q": "SLA"}, ["policies/sla.md"]),
            ({"q": "policy refund"}, ["policies/refunds.md"]),
            ({"q": "policy", "doc_type": "pricing"}, []),
            ({"state": "withdrawn"}, []),
        ],
    )
    def test_a_list_is_narrowed(self, house: Any, query: Any, uris: list[str]) -> None:
        assert listed(house, house.bearer("acme"), **query) == uris

    def test_a_blank_field_narrows_nothing(self, house: Any) -> None:
        who = house.bearer("acme")
        blank = {"state": "", "doc_type": "", "q": "", "limit": "", "offset": ""}
        assert listed(house, who, **blank) == listed(house, who)
        assert listed(house, who, **(blank | {"q": "SLA"})) == ["policies/sla.md"]

    def test_a_page_knows_how_many_there_are(self, house: Any) -> None:
        page = house.client.get(
            "/v1/documents", params={"limit": 2, "offset": 1}, headers=house.bearer("acme")
        ).json()
        assert page["total"] == 5
        assert [one["uri"] for one in page["documents"]] == [
            "guides/marketplace.md",
            "guides/zephyr.md",
        ]


class TestDocument:
    def test_a_partner_sees_the_version_that_counts(self, house: Any) -> None:
        document = house.document_id("policies/refunds.md")
        found = house.client.get(f"/v1/documents/{document}", headers=house.bearer("acme")).json()
        assert found["version"] == 2
        assert [one["version"] for one in found["versions"]] == [2]

    def test_the_owners_people_see_every_version(self, house: Any) -> None:
        document = house.document_id("policies/refunds.md")
        staff = house.bearer("northstar", Role.CONTENT_OWNER)
        found = house.client.get(f"/v1/documents/{document}", headers=staff).json()
        assert [one["version"] for one in found["versions"]] == [1, 2]

    def test_a_draft_is_for_the_owners_people(self, house: Any) -> None:
        address = f"/v1/documents/{house.document_id('drafts/roadmap.md')}"
        staff = house.bearer("northstar", Role.CONTENT_OWNER)
        assert house.client.get(address, headers=staff).json()["state"] == "draft"
        assert house.client.get(address, headers=house.bearer("acme")).status_code == 404


def test_a_withdrawn_document_is_gone_with_the_next_request(house: Any) -> None:
    who = house.bearer("acme")
    catalog = house.assembly.catalog
    document = house.document_id("guides/zephyr.md")
    passage = house.passage_id("guides/zephyr.md")
    question = {"question": "On which port does the Zephyr adapter listen?"}

    def seen() -> list[bool]:
        found = house.client.post("/v1/search", json=question, headers=who).json()["passages"]
        return [
            "7443" in house.client.post("/v1/ask", json=question, headers=who).json()["text"],
            passage in {one["id"] for one in found},
            house.client.get(f"/v1/passages/{passage}", headers=who).status_code == 200,
            house.client.get(f"/v1/documents/{document}", headers=who).status_code == 200,
            "guides/zephyr.md" in listed(house, who),
        ]

    assert seen() == [True] * 5
    catalog.set_approval(document, 1, state=ApprovalState.WITHDRAWN, by="owner")
    try:
        assert seen() == [False] * 5
    finally:
        catalog.set_approval(document, 1, state=ApprovalState.APPROVED, by="owner")
    assert seen() == [True] * 5
