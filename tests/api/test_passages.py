from datetime import timedelta
from typing import Any

import pytest


def opened(house: Any, passage: str, who: dict[str, str] | None = None, **query: Any) -> Any:
    return house.client.get(
        f"/v1/passages/{passage}", params=query, headers=who or house.bearer("acme")
    )


def test_a_passage_is_highlighted_in_its_surroundings(house: Any) -> None:
    passage = house.passage_id("policies/sla.md")
    found = opened(house, passage).json()
    stored = house.assembly.catalog.text(found["passage"]["document_id"], 1)
    assert found["text"] in stored
    assert stored[found["text_start"] :].startswith(found["text"])
    marked = found["text"][found["highlight_start"] : found["highlight_end"]]
    assert marked == found["passage"]["text"]
    assert found["document"]["uri"] == "policies/sla.md"
    assert found["passage"]["id"] == passage


def test_a_citations_quote_is_highlighted(house: Any) -> None:
    outcome = house.client.post(
        "/v1/ask", json={"question": "How fast is a first response?"}, headers=house.bearer("acme")
    ).json()
    for cited in outcome["citations"]:
        found = opened(house, cited["passage_id"], start=cited["start"], end=cited["end"]).json()
        marked = found["text"][found["highlight_start"] : found["highlight_end"]]
        assert marked == cited["quote"]


def test_a_passage_cited_for_another_day_opens_for_that_day(house: Any) -> None:
    who = house.bearer("acme")
    day = (house.calendar().date() - timedelta(days=1)).isoformat()
    body = {"question": "When are refunds paid?", "filters": {"as_of": day}}
    outcome = house.client.post("/v1/ask", json=body, headers=who).json()
    passage = outcome["citations"][0]["passage_id"]
    assert opened(house, passage).status_code == 404
    assert "thirty days" in opened(house, passage, as_of=day).json()["text"]


@pytest.mark.parametrize(
    "query",
    [{"start": 3}, {"end": 3}, {"start": 5, "end": 5}, {"start": 9, "end": 4},
     {"start": 0, "end": 10**6}, {"start": -1, "end": 4}, {"start": "x", "end": 4},
     {"start": 10**30, "end": 10**31}, {"as_of": "9999-12-31"}, {"as_of": "soon"}],
)  # fmt: skip
def test_offsets_that_make_no_sense_are_refused(house: Any, query: Any) -> None:
    assert opened(house, house.passage_id("policies/sla.md"), **query).status_code == 422


@pytest.mark.parametrize("uri", ["drafts/roadmap.md", "internal/plan.md", "bolt/contract.md"])
def test_what_may_not_be_read_is_not_there(house: Any, uri: str) -> None:
    assert opened(house, house.passage_id(uri)).status_code == 404
    assert opened(house, house.passage_id(uri), start=0, end=10**6).status_code == 404
