"""What every answer says to browsers, what errors keep to themselves, and what is never logged."""

import asyncio
import logging
import re
import sqlite3
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError

from foundation.errors import ConfigurationError, CopilotError, StorageError
from foundation.gate import BusyError
from foundation.patience import Patience
from governance.principal import Role
from problems import PROBLEMS

QUESTION = {"question": "How fast is support?"}
HEADERS = {
    "content-security-policy": "default-src 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=()",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
PORTAL = "https://portal.example"


def preflight(house: Any, origin: str, method: str = "POST") -> Any:
    return house.client.options(
        "/v1/ask",
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "authorization,content-type",
        },
    )


class TestHeaders:
    def test_every_answer_has_them_whatever_it_says(self, house: Any) -> None:
        who = house.bearer("acme")
        client = house.client
        answers = {
            "found": (200, client.get("/v1/documents", headers=who)),
            "probe": (200, client.get("/healthz")),
            "openapi": (200, client.get("/openapi.json")),
            "stream": (200, client.post("/v1/ask/stream", json=QUESTION, headers=who)),
            "no token": (401, client.get("/v1/documents")),
            "not found": (404, client.get("/nowhere")),
            "method": (405, client.put("/v1/ask", headers=who)),
            "misfit": (422, client.post("/v1/ask", json={}, headers=who)),
            "preflight": (200, preflight(house, PORTAL)),
            "foreign preflight": (400, preflight(house, "https://evil.example")),
            "too long": (414, client.get("/v1/documents?q=" + "x" * 9_000, headers=who)),
        }
        with house.instead(retriever=None):
            answers["failed"] = (500, client.post("/v1/search", json=QUESTION, headers=who))
        for name, (status, answer) in answers.items():
            assert answer.status_code == status, name
            for header, value in HEADERS.items():
                assert answer.headers[header].startswith(value), (name, header)
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
            assert "strict-transport-security" not in answer.headers
            assert "server" not in answer.headers

    def test_over_tls_browsers_are_told_to_stay_there(self, house: Any) -> None:
        client = TestClient(house.app, base_url="https://testserver")
        told = client.get("/healthz").headers["strict-transport-security"]
        assert told == "max-age=31536000"

    def test_a_client_cannot_claim_tls_by_itself(self, house: Any) -> None:
        told = house.client.get("/healthz", headers={"X-Forwarded-Proto": "https"})
        assert "strict-transport-security" not in told.headers

    @pytest.mark.parametrize("address", ["/v1/documents", "/v1/ask", "/healthz", "/nowhere", "/*"])
    @pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "DEBUG", "PROPFIND"])
    def test_other_methods_are_refused(self, house: Any, method: str, address: str) -> None:
        told = house.client.request(method, address, headers=house.bearer("acme"))
        assert told.status_code in (404, 405)
        assert "authorization" not in told.text.lower()


class TestOrigins:
    @pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
    def test_one_that_is_named_may_call(self, house: Any, method: str) -> None:
        told = preflight(house, PORTAL, method)
        assert told.status_code == 200
        assert told.headers["access-control-allow-origin"] == PORTAL
        assert method in told.headers["access-control-allow-methods"]

    @pytest.mark.parametrize(
        "origin",
        [
            "null",
            "https://evil.example",
            "http://portal.example",
            "https://portal.example.evil.example",
            "https://portal.example:444",
            "https://evilportal.example",
            "https://portal.example/",
            "*",
        ],
    )
    def test_no_other_may(self, house: Any, origin: str) -> None:
        assert "access-control-allow-origin" not in preflight(house, origin).headers
        told = house.client.get("/v1/documents", headers=house.bearer("acme") | {"Origin": origin})
        assert "access-control-allow-origin" not in told.headers

    def test_cookies_are_never_wanted(self, house: Any) -> None:
        assert "access-control-allow-credentials" not in preflight(house, PORTAL).headers

    def test_a_failure_can_be_read_by_the_page_that_asked(self, house: Any) -> None:
        who = house.bearer("acme") | {"Origin": PORTAL}
        with house.instead(retriever=None):
            told = house.client.post("/v1/search", json=QUESTION, headers=who)
        assert told.status_code == 500
        assert told.headers["access-control-allow-origin"] == PORTAL


class TestWhoDawdles:
    def test_a_body_that_comes_too_slowly_is_a_408(self, house: Any) -> None:
        token = house.token("acme")
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            await asyncio.sleep(0.05)
            return {"type": "http.request", "body": b"x", "more_body": True}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http", "method": "POST", "path": "/v1/ask", "raw_path": b"/v1/ask",
            "query_string": b"", "scheme": "http", "root_path": "", "client": ("127.0.0.1", 1),
            "server": ("here", 80), "http_version": "1.1",
            "headers": [
                (b"host", b"here"),
                (b"authorization", f"Bearer {token}".encode()),
                (b"content-type", b"application/json"),
            ],
        }  # fmt: skip

        async def call() -> None:
            await Patience(house.app, seconds=0.3)(scope, receive, send)

        house.client.portal.call(call)
        headers = dict(sent[0]["headers"])
        assert sent[0]["status"] == 408
        assert headers[b"connection"] == b"close"
        assert b"urn:problem-type:partner-copilot:request-timeout" in sent[1]["body"]

    def test_many_parameters_are_not_read_one_by_one(self, house: Any) -> None:
        many = "&".join(f"a{at}=1" for at in range(3_000))
        told = house.client.get(f"/v1/documents?{many}", headers=house.bearer("acme"))
        assert told.status_code == 414


INTERNALS = (
    "/srv/data/copilot.db", "SELECT", "sqlite3", "OperationalError", "StorageError", "Traceback",
    "governance", "hunter2", 'File "',
)  # fmt: skip
FAILURES = [
    StorageError("the database /srv/data/copilot.db did not answer: SELECT * FROM outcomes"),
    StorageError("sqlite3.OperationalError at postgresql://u:hunter2@db/x"),
    ConfigurationError("COPILOT_DATABASE_URL is postgresql://u:hunter2@db/x"),
    BusyError("/srv/data/copilot.db is locked"),
    OperationalError("SELECT hunter2", {}, sqlite3.OperationalError("no such table: outcomes")),
    RuntimeError("hunter2 at /srv/data/copilot.db"),
    KeyError("hunter2"),
    OSError(28, "No space left on device", "/srv/data/copilot.db"),
    MemoryError(),
]


class Failing:
    """A part that does not work."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, _name: str) -> Any:
        def fail(*_: Any, **__: Any) -> Any:
            raise self._error

        return fail


class TestFailures:
    @pytest.mark.parametrize("error", FAILURES, ids=lambda one: f"{type(one).__name__}")
    def test_an_error_tells_the_asker_nothing_of_the_inside(
        self, house: Any, error: Exception
    ) -> None:
        who = house.bearer("acme")
        broken = Failing(error)
        calls = (
            ("POST", "/v1/search", QUESTION),
            ("POST", "/v1/ask", QUESTION),
            ("POST", "/v1/ask/stream", QUESTION),
            ("GET", "/v1/documents", None),
            ("GET", "/v1/documents/doc_x", None),
            ("GET", "/v1/passages/x", None),
            ("GET", "/v1/conversations/x", None),
            ("POST", "/v1/outcomes/x/escalate", {}),
            ("POST", "/v1/outcomes/x/feedback", {"rating": "up"}),
            ("GET", "/readyz", None),
        )
        parts = ("retriever", "copilot", "visible_catalog", "records", "person_request",
                 "documents", "readiness")  # fmt: skip
        with house.instead(**dict.fromkeys(parts, broken)):
            for method, address, body in calls:
                told = house.client.request(method, address, json=body, headers=who)
                if address == "/v1/ask/stream":
                    assert "event: error" in told.text
                else:
                    assert told.status_code in (500, 503), address
                for inside in INTERNALS:
                    assert inside not in told.text, (address, inside)
                    assert inside not in repr(told.headers), (address, inside)

    def test_who_cannot_be_identified_for_a_failure_learns_nothing_either(self, house: Any) -> None:
        broken = Failing(StorageError("SELECT hunter2 FROM /srv/data/copilot.db"))
        with house.instead(authenticator=broken):
            told = house.client.get("/v1/documents", headers=house.bearer("acme"))
        assert told.status_code == 503
        assert not any(inside in told.text for inside in INTERNALS)

    def test_no_server_error_of_the_table_speaks_its_own_words(self) -> None:
        for error, told in PROBLEMS.items():
            if told.status >= 500:
                assert told.detail, error
            assert issubclass(error, CopilotError)


class TestWhatIsNeverWritten:
    CANARY = "zanzibar-4711-canary"

    def test_no_question_and_no_token_is_in_the_log_or_the_metrics(
        self, house: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        canary = self.CANARY
        token = house.token("acme", Role.ADMIN, subject="canary-subject")
        bad = token[:-6] + "abcdef"
        calls: list[tuple[str, str, Any]] = [
            ("POST", "/v1/ask", {"question": f"What is {canary}?"}),
            ("POST", "/v1/ask/stream", {"question": f"What is {canary}?"}),
            ("POST", "/v1/search", {"question": canary}),
            ("POST", "/v1/search", {"question": canary, "k": canary, canary: canary}),
            ("GET", f"/v1/documents?q={canary}", None),
            ("GET", f"/v1/documents?state={canary}", None),
        ]
        for route in house.app.openapi()["paths"]:
            address = re.sub(r"\{\w+\}", canary, route)
            calls += [(method, address, {"note": canary, "comment": canary, "text": canary})
                      for method in ("GET", "POST", "DELETE")]  # fmt: skip
        for method, address, body in calls:
            for bearer in (token, bad, canary):
                house.client.request(
                    method, address, json=body, headers={"Authorization": f"Bearer {bearer}"}
                )
        with house.instead(retriever=Failing(RuntimeError("boom"))):
            house.client.post(
                "/v1/search",
                json={"question": canary},
                headers={"Authorization": f"Bearer {token}"},
            )
        # httpx is the test's own client, and tells of its own requests.
        logged = "\n".join(
            f"{record.getMessage()} {record.exc_text or ''}"
            for record in caplog.records
            if not record.name.startswith(("httpx", "httpcore", "asyncio"))
        )
        metrics = house.client.get("/metrics", headers={"Authorization": f"Bearer {token}"}).text
        signature = token.rpartition(".")[2]
        for where in (logged, metrics):
            assert canary not in where
            assert signature not in where
            assert "canary-subject" not in where
        assert "route=/v1/ask" in logged

    def test_no_token_is_in_any_file(self, house: Any) -> None:
        token = house.token("acme", subject="file-canary")
        for address in ("/v1/documents", "/v1/documents/doc_x"):
            house.client.get(address, headers={"Authorization": f"Bearer {token}"})
        house.client.get("/v1/documents", headers={"Authorization": f"Bearer {token}x"})
        house.assembly.access.afterwards.do(lambda: None).wait(60)
        signature = token.rpartition(".")[2].encode()
        folder: Path = house.assembly.settings.data_dir
        for path in folder.rglob("*"):
            if path.is_file():
                assert signature not in path.read_bytes(), path


def test_the_real_server_refuses_what_is_no_http(served: str) -> None:
    for method in ("TRACE", "CONNECT"):
        told = httpx2.request(method, f"{served}/v1/ask", headers={"X-Canary": "echo-me"})
        assert told.status_code in (400, 404, 405)
        assert "echo-me" not in told.text
