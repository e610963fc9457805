"""Every way to get it wrong is told in the same shape, and repeats nothing that was sent."""

import json
import logging
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foundation.errors import StorageError
from governance.principal import Role

SECRET = "heliotrope-4711"
BODIES = {
    "/v1/ask": {"question": "How fast is support?"},
    "/v1/ask/stream": {"question": "How fast is support?"},
    "/v1/search": {"question": "How fast is support?"},
    "/v1/outcomes/out_x/escalate": {},
    "/v1/outcomes/out_x/feedback": {"rating": "up"},
}
READS = ("/v1/documents", "/v1/documents/doc_x", "/v1/passages/x", "/v1/conversations/x")


def assert_problem(response: Any, status: int) -> dict[str, Any]:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-content-type-options"] == "nosniff"
    problem: dict[str, Any] = response.json()
    assert {"type", "title", "status", "detail", "instance"} <= set(problem)
    assert problem["status"] == status
    assert problem["instance"] == response.request.url.path
    return problem


class TestWhoIsAsking:
    @pytest.mark.parametrize("address", BODIES)
    def test_without_a_token_nothing_is_done(self, house: Any, address: str) -> None:
        response = house.client.post(address, json=BODIES[address])
        assert_problem(response, 401)
        assert response.headers["www-authenticate"].startswith("Bearer")

    @pytest.mark.parametrize("address", READS)
    def test_without_a_token_nothing_is_read(self, house: Any, address: str) -> None:
        assert_problem(house.client.get(address), 401)

    @pytest.mark.parametrize(
        "header",
        [
            "Bearer",
            "Bearer ",
            "Basic YTpi",
            "Bearer nonsense",
            "Bearer a.b.c",
            "bearer " + "x" * 9000,
        ],
    )
    def test_a_bad_token_is_no_token(self, house: Any, header: str) -> None:
        response = house.client.get("/v1/documents", headers={"Authorization": header})
        assert_problem(response, 401)
        assert 'error="invalid_token"' in response.headers["www-authenticate"]

    def test_bytes_that_are_no_text_are_no_token(self, house: Any) -> None:
        headers = [(b"authorization", b"Bearer \xff\xfe")]
        assert_problem(house.client.get("/v1/documents", headers=headers), 401)

    def test_two_tokens_are_none(self, house: Any) -> None:
        headers = [("authorization", f"Bearer {house.token(one)}") for one in ("acme", "bolt")]
        assert_problem(house.client.get("/v1/documents", headers=headers), 401)

    def test_a_token_ends(self, house: Any) -> None:
        who = house.bearer("acme")
        with house.calendar.later(timedelta(hours=2)):
            assert_problem(house.client.get("/v1/documents", headers=who), 401)

    def test_a_tampered_token_is_refused(self, house: Any) -> None:
        head, claims, signature = house.token("acme").split(".")
        _, others, _ = house.token("acme", Role.ADMIN).split(".")
        forged = f"{head}.{others}.{signature}"
        response = house.client.get("/v1/documents", headers={"Authorization": f"Bearer {forged}"})
        assert_problem(response, 401)
        assert claims not in response.text

    def test_who_asks_is_settled_before_the_body_is_read(self, house: Any) -> None:
        assert_problem(house.client.post("/v1/ask", content=b"{"), 401)

    @pytest.mark.parametrize("address", ["/v1/ask", "/v1/ask/stream"])
    def test_a_role_that_may_not_is_forbidden(self, house: Any, address: str) -> None:
        auditor = house.bearer("northstar", Role.AUDITOR)
        assert_problem(house.client.post(address, json=BODIES[address], headers=auditor), 403)


class TestTheRequest:
    @pytest.mark.parametrize("address", ["/v1/ask", "/v1/ask/stream", "/v1/search"])
    @pytest.mark.parametrize(
        "body",
        [
            b"{", b"", b"null", b"[]", b'"text"', b"\xff\xfe\x00", b"{}",
            b'{"question": ""}', b'{"question": "   "}', b'{"question": 5}',
            b'{"question": "a\\u0000b"}', b'{"question": "\\ud800"}',
            b'{"question": "x", "\\ud800": 1}', b'{"question": "x", "k": 1e400}',
            b'{"question": "x", "k": ' + b"9" * 5000 + b"}",
            b"[" * 20_000, b'{"question": "x", "filters": {"as_of": "yesterday"}}',
            b'{"question": "x", "filters": {"doc_types": ["poem"]}}',
            b'{"question": "x", "filters": {"product": "\\u0000"}}',
            b'{"question": "x", "filters": {"as_of": 1e999}}',
            b'{"question": "x", "filters": {"as_of": 1700000000}}',
            b'{"question": "x", "filters": {"as_of": "1700000000"}}',
            b'{"question": "x", "filters": {"as_of": "2026-01-05T00:00:00"}}',
            b'{"question": "x", "filters": {"as_of": "2026-02-30"}}',
            b'{"question": "x", "filters": {"as_of": true}}',
            b'{"question": "x", "conversation_id": "../../etc"}',
            b'{"question": "' + b"x" * 4001 + b'"}',
        ],
        ids=lambda body: body[:24].decode("latin-1"),
    )  # fmt: skip
    def test_a_body_that_does_not_fit_is_told_so(
        self, house: Any, address: str, body: bytes
    ) -> None:
        headers = house.bearer("acme") | {"Content-Type": "application/json"}
        problem = assert_problem(house.client.post(address, content=body, headers=headers), 422)
        assert all(set(one) == {"loc", "msg"} for one in problem["errors"])
        assert problem["errors"]

    @pytest.mark.parametrize(
        "body",
        [
            {SECRET: 1, "question": "x"},
            {"question": [SECRET]},
            {"question": "x", "filters": {"doc_types": [SECRET], "as_of": SECRET, SECRET: 1}},
            {"question": "x", "conversation_id": f"{SECRET}!"},
        ],
    )
    def test_what_was_sent_is_not_sent_back(self, house: Any, body: Any) -> None:
        response = house.client.post("/v1/ask", json=body, headers=house.bearer("acme"))
        assert_problem(response, 422)
        assert SECRET not in response.text

    def test_a_body_too_large_is_refused(self, house: Any) -> None:
        body = {"question": "x" * 70_000}
        response = house.client.post("/v1/ask", json=body, headers=house.bearer("acme"))
        assert_problem(response, 413)

    def test_a_body_too_large_is_refused_without_its_length(self, house: Any) -> None:
        def in_parts() -> Any:
            yield from [b" " * 8192] * 20

        headers = house.bearer("acme") | {"Content-Type": "application/json"}
        response = house.client.post("/v1/search", content=in_parts(), headers=headers)
        assert_problem(response, 413)

    @pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data", ""])
    def test_a_body_of_another_kind_is_refused(self, house: Any, kind: str) -> None:
        headers = house.bearer("acme") | {"Content-Type": kind}
        response = house.client.post("/v1/ask", content=b'{"question": "x"}', headers=headers)
        assert_problem(response, 415)

    @pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/LD+JSON"])
    def test_any_json_will_do(self, house: Any, kind: str) -> None:
        headers = house.bearer("acme") | {"Content-Type": kind}
        response = house.client.post("/v1/search", content=b'{"question": "x"}', headers=headers)
        assert response.status_code == 200

    @pytest.mark.parametrize(
        "query", ["state=lost", "doc_type=poem", "limit=0", "limit=x", "offset=-1", "q=%00"]
    )
    def test_a_query_that_does_not_fit_is_told_so(self, house: Any, query: str) -> None:
        response = house.client.get(f"/v1/documents?{query}", headers=house.bearer("acme"))
        assert_problem(response, 422)


class TestTheAddress:
    @pytest.mark.parametrize(
        "path",
        ["/v1/nothing", "/", "/docs", "/v1/passages/", "/v1/documents/", "/healthz/",
         "/v1/passages/%00", "/v1/documents/a b",
         "/v1/documents/..%2f..%2fetc", "/v1/conversations/" + "x" * 65, "/v1/passages/é"],
    )  # fmt: skip
    def test_what_is_not_there_is_not_found(self, house: Any, path: str) -> None:
        response = house.client.get(path, headers=house.bearer("acme"))
        assert assert_problem(response, 404)["type"].endswith(":not-found")

    def test_an_id_that_cannot_be_one_looks_like_one_that_is_not(self, house: Any) -> None:
        who = house.bearer("acme")
        odd = house.client.get("/v1/documents/a b", headers=who).json()
        absent = house.client.get("/v1/documents/absent", headers=who).json()
        assert {**odd, "instance": ""} == {**absent, "instance": ""}

    def test_another_method_is_told_which_there_are(self, house: Any) -> None:
        response = house.client.get("/v1/ask", headers=house.bearer("acme"))
        assert_problem(response, 405)
        assert response.headers["allow"] == "POST"


class Broken:
    """A part that fails whenever it is asked."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def search(self, _query: object) -> None:
        raise self._error

    def check(self) -> None:
        raise self._error


class TestFailures:
    def test_a_failure_is_named_by_an_id_and_not_described(
        self, house: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        with house.instead(retriever=Broken(ZeroDivisionError(SECRET))):
            response = house.client.post(
                "/v1/search", json={"question": "support"}, headers=house.bearer("acme")
            )
        problem = assert_problem(response, 500)
        assert SECRET not in response.text
        assert "ZeroDivision" not in response.text
        assert problem["error_id"] in caplog.text
        assert response.headers["cache-control"] == "no-store"

    def test_a_store_that_does_not_answer_is_not_described(
        self, house: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        error = StorageError(f"cannot open /srv/{SECRET}/copilot.db")
        with house.instead(retriever=Broken(error)):
            response = house.client.post(
                "/v1/search", json={"question": "support"}, headers=house.bearer("acme")
            )
        problem = assert_problem(response, 503)
        assert SECRET not in response.text
        assert problem["error_id"] in caplog.text
        assert SECRET in caplog.text
        assert "retry-after" in response.headers

    def test_it_is_not_ready_then(self, house: Any) -> None:
        with house.instead(readiness=Broken(StorageError(SECRET))):
            response = house.client.get("/readyz")
        assert_problem(response, 503)
        assert SECRET not in response.text
        assert house.client.get("/healthz").status_code == 200


def test_the_log_line_names_the_route_and_neither_question_nor_token(
    house: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="copilot.http")
    who = house.bearer("acme")
    house.client.post("/v1/search", json={"question": SECRET}, headers=who)
    house.client.get("/v1/documents", params={"q": SECRET}, headers=who)
    house.client.get(f"/v1/passages/{SECRET}", headers=who)
    assert "route=/v1/passages/{passage_id}" in caplog.text
    assert SECRET not in caplog.text
    assert who["Authorization"].removeprefix("Bearer ") not in caplog.text


def test_a_request_can_bring_its_id(house: Any) -> None:
    for name, kept in (("trace-7", True), ("no good", False), ("x" * 65, False)):
        answered = house.client.get("/healthz", headers={"X-Request-Id": name})
        assert (answered.headers["x-request-id"] == name) is kept


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from(["question", "k", "filters", "conversation_id", "rating", "note", "reason"])


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    address=st.sampled_from(sorted(BODIES)),
    body=st.dictionaries(keys | st.text(max_size=5), json_values, max_size=4) | json_values,
)
def test_no_body_breaks_the_house(house: Any, address: str, body: Any) -> None:
    headers = house.bearer("acme") | {"Content-Type": "application/json"}
    content = json.dumps(body).encode()
    response = house.client.post(address, content=content, headers=headers)
    assert response.status_code in {200, 404, 422}
