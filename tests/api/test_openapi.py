"""The OpenAPI document is complete and true."""

from typing import Any

import pytest
from openapi_spec_validator import validate

from api import create_app
from foundation.settings import Settings

ADDRESSES = {
    ("post", "/v1/ask"), ("post", "/v1/ask/stream"), ("post", "/v1/search"),
    ("get", "/v1/passages/{passage_id}"), ("get", "/v1/conversations/{conversation_id}"),
    ("post", "/v1/outcomes/{outcome_id}/escalate"), ("post", "/v1/outcomes/{outcome_id}/feedback"),
    ("get", "/v1/documents"), ("get", "/v1/documents/{document_id}"),
    ("get", "/v1/documents/{document_id}/diff"),
    ("get", "/v1/documents/{document_id}/versions/{version}/text"),
    ("get", "/v1/documents/{document_id}/versions/{version}/outcomes"),
    ("post", "/v1/documents/{document_id}/submit"), ("post", "/v1/documents/{document_id}/approve"),
    ("post", "/v1/documents/{document_id}/reject"),
    ("post", "/v1/documents/{document_id}/withdraw"), ("delete", "/v1/documents/{document_id}"),
    ("post", "/v1/documents"), ("get", "/v1/jobs"), ("get", "/v1/jobs/{job_id}"),
    ("get", "/v1/me"), ("post", "/v1/keys"), ("get", "/v1/keys"), ("delete", "/v1/keys/{key_id}"),
    ("post", "/v1/tokens/revoke"), ("post", "/v1/widget-tokens"),
    ("get", "/v1/audit"), ("get", "/v1/audit/verification"),
    ("get", "/healthz"), ("get", "/readyz"), ("get", "/metrics"),
}  # fmt: skip


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    # Nothing is opened for it: the folder does not even exist.
    return create_app(Settings(_env_file=None)).openapi()


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def test_it_is_valid_and_version_3_1(document: dict[str, Any]) -> None:
    validate(document)
    assert document["openapi"].startswith("3.1")


def test_it_has_these_addresses_and_no_empty_ones(document: dict[str, Any]) -> None:
    assert {(method, path) for method, path, _ in operations(document)} == ADDRESSES


def test_every_failure_is_a_problem(document: dict[str, Any]) -> None:
    for _, path, operation in operations(document):
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                assert set(response["content"]) == {"application/problem+json"}, path
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_every_guarded_address_says_how_to_prove_who_asks(document: dict[str, Any]) -> None:
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    for _, path, operation in operations(document):
        if path.startswith("/v1"):
            assert operation["security"] == [{"bearer": []}]
            assert {"401", "403", "500", "503"} <= set(operation["responses"])


def test_every_address_is_described(document: dict[str, Any]) -> None:
    for _, path, operation in operations(document):
        assert operation["summary"], path
        assert operation["description"], path
        assert operation["tags"], path
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(names)) == len(names)


def test_bodies_come_with_examples(document: dict[str, Any]) -> None:
    for name in ("AskBody", "SearchBody", "FeedbackBody", "EscalateBody", "KeyBody", "RevokeBody",
                 "WidgetTokenBody"):  # fmt: skip
        assert document["components"]["schemas"][name]["examples"]


def test_words_with_a_list_are_listed(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for name in ("DocumentJson", "DocumentDetailJson", "PassageJson", "OpenedPassageJson"):
        assert schemas[name]["properties"]["doc_type"] == {"$ref": "#/components/schemas/DocType"}
    assert "ticket" in schemas["DocType"]["enum"]
    assert "withdrawn" in schemas["ApprovalState"]["enum"]


def test_what_the_house_answers_is_what_it_documents(house: Any) -> None:
    from openapi_schema_validator import OAS31Validator

    document = house.client.get("/openapi.json").json()
    who = house.bearer("acme")
    passage = house.passage_id("policies/sla.md")
    asked = house.client.post("/v1/ask", json={"question": "Support?"}, headers=who).json()
    documented = house.document_id("policies/sla.md")
    for method, path, address, body in (
        ("post", "/v1/ask", "/v1/ask", {"question": "How fast is support?"}),
        ("post", "/v1/search", "/v1/search", {"question": "support"}),
        ("post", "/v1/search", "/v1/search", {"question": ""}),
        ("get", "/v1/passages/{passage_id}", f"/v1/passages/{passage}", None),
        ("get", "/v1/passages/{passage_id}", "/v1/passages/none", None),
        ("get", "/v1/conversations/{conversation_id}",
         f"/v1/conversations/{asked['conversation_id']}", None),
        ("post", "/v1/outcomes/{outcome_id}/feedback", f"/v1/outcomes/{asked['id']}/feedback",
         {"rating": "up"}),
        ("post", "/v1/outcomes/{outcome_id}/escalate", f"/v1/outcomes/{asked['id']}/escalate", {}),
        ("get", "/v1/documents", "/v1/documents", None),
        ("get", "/v1/documents/{document_id}", f"/v1/documents/{documented}", None),
        ("get", "/healthz", "/healthz", None),
    ):  # fmt: skip
        response = house.client.request(method, address, json=body, headers=who)
        media = response.headers["content-type"]
        told = document["paths"][path][method]["responses"][str(response.status_code)]
        schema = told["content"][media]["schema"]
        rooted = {**schema, "components": document["components"]}
        OAS31Validator(rooted).validate(response.json())
