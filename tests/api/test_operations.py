from typing import Any

import pytest
from fastapi.testclient import TestClient

from governance.principal import Role


def near(house: Any) -> TestClient:
    return TestClient(house.app, base_url="http://127.0.0.1", client=("127.0.0.1", 5000))


def test_it_is_up_and_ready_and_says_so_to_anybody(house: Any) -> None:
    assert house.client.get("/healthz").json() == {"status": "ok"}
    assert house.client.get("/readyz").json() == {"status": "ready"}


class TestMetrics:
    def test_elsewhere_a_role_is_needed(self, house: Any) -> None:
        assert house.client.get("/metrics").status_code == 401
        consultant = house.bearer("acme")
        assert house.client.get("/metrics", headers=consultant).status_code == 403
        auditor = house.bearer("northstar", Role.AUDITOR)
        assert house.client.get("/metrics", headers=auditor).status_code == 200

    def test_they_count_everybody_and_are_for_who_runs_the_house(self, house: Any) -> None:
        for role in (Role.AUDITOR, Role.ADMIN):
            told = house.client.get("/metrics", headers=house.bearer("acme", role))
            assert told.status_code == 403
            assert "only who runs this service" in told.json()["detail"]

    def test_where_the_operator_says_so_a_token_is_needed_here_too(self, house: Any) -> None:
        with house.instead(metrics_without_token=False):
            assert near(house).get("/metrics").status_code == 401
            auditor = house.bearer("northstar", Role.AUDITOR)
            assert near(house).get("/metrics", headers=auditor).status_code == 200
        assert near(house).get("/metrics").status_code == 200

    @pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
    @pytest.mark.parametrize(
        "name", ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST"]
    )
    def test_on_this_machine_nothing_is_needed(self, house: Any, host: str, name: str) -> None:
        near = TestClient(house.app, client=(host, 5000))
        response = near.get("/metrics", headers={"Host": name})
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/plain; version=")

    @pytest.mark.parametrize(
        "name",
        ["Forwarded", "Via", "X-Real-IP", "X-Forwarded-For", "X-Forwarded-Host",
         "X-Forwarded-Proto"],
    )  # fmt: skip
    def test_what_a_proxy_passes_on_is_not_from_this_machine(self, house: Any, name: str) -> None:
        response = near(house).get("/metrics", headers={name: "127.0.0.1"})
        assert response.status_code == 401

    @pytest.mark.parametrize(
        "host",
        ["copilot.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.7", "",
         "[", "evil.example@localhost.x"],
    )  # fmt: skip
    def test_another_hosts_name_is_not_this_machines(self, house: Any, host: str) -> None:
        assert near(house).get("/metrics", headers={"Host": host}).status_code == 401

    def test_elsewhere_this_machines_name_does_not_help(self, house: Any) -> None:
        far = TestClient(house.app, client=("203.0.113.7", 5000))
        assert far.get("/metrics", headers={"Host": "localhost"}).status_code == 401

    def test_requests_are_counted_by_route_and_outcomes_by_kind(self, house: Any) -> None:
        who = house.bearer("acme")
        house.client.get("/v1/documents/secret-tenant-name", headers=who)
        house.client.get("/somewhere/else", headers=who)
        house.client.post("/v1/ask", json={"question": "Thanks!"}, headers=who)
        text = near(house).get("/metrics").text
        assert 'route="/v1/documents/{document_id}",status="404"' in text
        assert 'route="unmatched",status="404"' in text
        assert 'copilot_outcomes_total{kind="courtesy"}' in text
        assert "secret-tenant-name" not in text
        assert "somewhere" not in text


class TestOrigins:
    def test_an_allowed_page_may_ask(self, house: Any) -> None:
        asked = {
            "Origin": "https://portal.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        }
        allowed = house.client.options("/v1/ask", headers=asked)
        assert allowed.headers["access-control-allow-origin"] == "https://portal.example"
        refused = house.client.get("/v1/documents", headers={"Origin": "https://portal.example"})
        assert refused.status_code == 401
        assert refused.headers["access-control-allow-origin"] == "https://portal.example"

    def test_another_page_may_not(self, house: Any) -> None:
        response = house.client.get("/healthz", headers={"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in response.headers
