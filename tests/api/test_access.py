"""Who comes in over HTTP, who does not, and what each denial leaves on the record."""

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import jwt
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from foundation.errors import StorageError
from governance.access import Access
from governance.api_key import KeyRequest, NewKey
from governance.audit import HOUSE
from governance.audit.chain import audit_lines
from governance.house_secret import token_secret
from governance.principal import PERMISSIONS, Permission, Role
from governance.revocations import Revocation
from tests.fakes.issuer import ec_key, rsa_key, said, served

PORTAL, OTHER = "https://portal.example", "https://other.example"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Line:
    """One line of the audit."""

    tenant: str
    action: str
    actor: str
    target: str
    details: Mapping[str, Any]
    text: str


@dataclass
class Visitor:
    """Somebody at an address of their own, so that nobody else's denials count as theirs."""

    house: Any
    client: TestClient
    # Where the audit stood before.
    seen: Mapping[str, int]

    def lines(self, *actions: str) -> list[Line]:
        """What has been put on the record since, in all chains."""
        query = select(audit_lines).order_by(audit_lines.c.tenant, audit_lines.c.number)
        with self.house.assembly.database.read() as connection:
            rows = connection.execute(query).all()
        new = [row for row in rows if row.number > self.seen.get(row.tenant, 0)]
        return [
            Line(row.tenant, row.action, *(json.loads(row.sealed)[k] for k in
                 ("actor", "target", "details")), row.sealed)
            for row in new
            if row.action in actions
        ]  # fmt: skip

    @property
    def source(self) -> str:
        return str(self.house.app.state.denials.source_of(self.client.headers["x-address"]))

    def denials(self) -> list[Line]:
        found = self.lines("request.denied")
        return [line for line in found if line.details["client"] == self.source]

    def get(self, bearer: str | None, path: str = "/v1/me", **headers: str) -> Any:
        proof = {"Authorization": f"Bearer {bearer}"} if bearer is not None else {}
        return self.client.get(path, headers=proof | headers)

    def post(self, bearer: str, path: str, body: object, **headers: str) -> Any:
        proof = {"Authorization": f"Bearer {bearer}"} | headers
        return self.client.post(path, json=body, headers=proof)


@pytest.fixture
def visitor(house: Any) -> Visitor:
    address = "198.18.{}.{}".format(*divmod(next(_numbers), 256))
    client = TestClient(house.app, raise_server_exceptions=False, client=(address, 5000))
    client.headers["x-address"] = address
    with house.assembly.database.read() as connection:
        rows = connection.execute(select(audit_lines.c.tenant, audit_lines.c.number)).all()
    seen: dict[str, int] = {}
    for row in rows:
        seen[row.tenant] = max(row.number, seen.get(row.tenant, 0))
    return Visitor(house=house, client=client, seen=seen)


def make_key(house: Any, **changes: Any) -> NewKey:
    values: dict[str, Any] = {
        "tenant": "acme", "name": "portal", "roles": frozenset({Role.PARTNER_ADMIN}),
        "attributes": {"tier": "gold"}, "origins": frozenset({PORTAL}), "ttl": timedelta(days=90),
    }  # fmt: skip
    made: NewKey = house.assembly.access.api_keys.create(KeyRequest(**(values | changes)))
    return made


def widget_token(visitor: Visitor, key: NewKey, **changes: Any) -> str:
    body = {"subject": "kim", "origin": PORTAL} | changes
    response = visitor.post(key.text, "/v1/widget-tokens", body)
    assert response.status_code == 200, response.text
    token: str = response.json()["token"]
    return token


def assert_refused(response: Any, status: int) -> None:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    if status == 401:
        assert response.headers["www-authenticate"].startswith("Bearer")


# -- every way in which a token can be none ------------------------------------------------------


def claims_of(house: Any, **changes: Any) -> dict[str, Any]:
    token = house.token("acme", subject=f"mallory {next(_numbers)}")
    return {**jwt.decode(token, options={"verify_signature": False}), **changes}


def signed(house: Any, claims: Mapping[str, Any], **more: Any) -> str:
    secret = token_secret(house.assembly.settings.data_dir)
    return jwt.encode(dict(claims), more.pop("key", secret), **({"algorithm": "HS256"} | more))


def seconds(house: Any, by: float = 0) -> int:
    return int(house.calendar.now.timestamp() + by)


def _revoked(house: Any, *, token_id: bool) -> str:
    claims = claims_of(house)
    what = {"token_id": claims["jti"]} if token_id else {"subject": claims["sub"]}
    house.assembly.access.revocations.revoke(Revocation(tenant="acme", **what))
    return signed(house, claims)


def _expired_key(house: Any) -> str:
    with house.calendar.later(-timedelta(days=2)):
        return make_key(house, ttl=timedelta(days=1)).text


def _revoked_key(house: Any) -> str:
    made = make_key(house)
    house.assembly.access.api_keys.revoke("acme", made.key.id)
    return made.text


Attack = Callable[[Any], str | None]
# What is sent, the reason on the record, and whether an intact signature proves the tenant.
ATTACKS: Mapping[str, tuple[Attack, str, bool]] = {
    "none": (lambda _: None, "missing", False),
    "empty": (lambda _: "", "malformed", False),
    "nonsense": (lambda _: "nonsense", "malformed", False),
    "oversized": (lambda house: house.token("acme") + "A" * 9000, "malformed", False),
    "truncated": (lambda house: house.token("acme").rsplit(".", 1)[0], "malformed", False),
    "cut in its signature": (lambda house: house.token("acme")[:-7], "bad_signature", False),
    "tampered": (
        lambda house: ".".join(
            [house.token("acme").split(".")[0], house.token("acme", Role.ADMIN).split(".")[1],
             house.token("acme").split(".")[2]]
        ),
        "bad_signature", False,
    ),
    "of another house": (
        lambda house: signed(house, claims_of(house), key="another secret, as long as it must be"),
        "bad_signature", False,
    ),
    "expired": (
        lambda house: signed(
            house, claims_of(house, iat=seconds(house, -7200), exp=seconds(house, -3600))
        ),
        "expired", True,
    ),
    "not yet valid": (
        lambda house: signed(house, claims_of(house, nbf=seconds(house, 600))),
        "not_yet_valid", True,
    ),
    "too long-lived": (
        lambda house: signed(house, claims_of(house, exp=seconds(house, 40 * 86400))),
        "too_long_lived", True,
    ),
    "another issuer": (
        lambda house: signed(house, claims_of(house, iss="https://evil.example")),
        "wrong_issuer", False,
    ),
    "another audience": (
        lambda house: signed(house, claims_of(house, aud="another-service")),
        "wrong_audience", False,
    ),
    "algorithm none": (
        lambda house: jwt.encode(claims_of(house), key="", algorithm="none"),
        "wrong_algorithm", False,
    ),
    "algorithm RS256": (
        lambda house: rsa_key("r1").sign(claims_of(house)), "wrong_algorithm", False,
    ),
    "an unknown algorithm": (
        lambda house: "eyJhbGciOiJIUzI1NyJ9." + house.token("acme").split(".", 1)[1],
        "wrong_algorithm", False,
    ),
    "a key of its own": (
        lambda house: signed(house, claims_of(house), headers={"jwk": {"kty": "oct"}}),
        "untrusted_header", False,
    ),
    "an unknown role": (
        lambda house: signed(house, claims_of(house, roles=["emperor"])), "wrong_claims", False,
    ),
    "of no tenant": (
        lambda house: signed(house, claims_of(house, tenant="")), "wrong_claims", False,
    ),
    "revoked by id": (lambda house: _revoked(house, token_id=True), "revoked", True),
    "revoked by subject": (lambda house: _revoked(house, token_id=False), "revoked", True),
    "an unknown API key": (lambda _: f"pck_0123456789abcdef_{'A' * 43}", "unknown_key", False),
    "a wrong API key": (lambda house: make_key(house).text[:-4] + "AAAA", "bad_signature", False),
    "an API key in pieces": (lambda _: "pck_x", "malformed", False),
    "an expired API key": (_expired_key, "expired", True),
    "a revoked API key": (_revoked_key, "revoked", True),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_is_no_proof_is_refused_and_leaves_a_line(
    house: Any, visitor: Visitor, attack: str
) -> None:
    make, reason, proven = ATTACKS[attack]
    sent = make(house)
    response = visitor.get(sent, "/v1/documents")
    assert_refused(response, 401)
    told = response.json()["detail"]
    assert "no token came" in told or "not valid here or has expired" in told
    [line] = visitor.denials()
    assert line.tenant == ("acme" if proven else HOUSE)
    assert bool(line.actor) is proven
    assert line.details["reason"] == reason
    assert line.details["route"] == "/v1/documents"
    assert line.details["method"] == "GET"
    assert line.details["request_id"] == response.headers["x-request-id"]
    if sent:
        assert sent not in line.text
        assert sent[-20:] not in line.text
    assert visitor.client.headers["x-address"] not in line.text


@pytest.mark.parametrize(
    "header", ["Bearer", "Basic YTpi", "Bearer a b", "bearer\tx", "Bearer pck_", "Token x"]
)
def test_what_is_not_even_a_bearer_leaves_a_line_too(visitor: Visitor, header: str) -> None:
    response = visitor.client.get("/v1/me", headers={"Authorization": header})
    assert_refused(response, 401)
    assert [line.details["reason"] for line in visitor.denials()] == ["malformed"]


def test_a_failure_to_ask_what_was_revoked_lets_nobody_in(house: Any, visitor: Visitor) -> None:
    class Down:
        def waits(self, _: object) -> bool:
            return False

        def identify(self, *_: object) -> None:
            raise StorageError("no answer")

    with house.instead(authenticator=Down()):
        assert visitor.get(house.token("acme")).status_code == 503


class TestForbidden:
    def test_what_no_role_allows_is_on_the_tenants_record(
        self, house: Any, visitor: Visitor
    ) -> None:
        auditor = house.token("northstar", Role.AUDITOR)
        assert_refused(visitor.get(auditor, "/v1/documents"), 403)
        [line] = visitor.denials()
        assert (line.tenant, line.actor) == ("northstar", "ada")
        assert line.details["permission"] == "read_documents"
        assert line.details["reason"] == "forbidden"
        assert line.target.startswith("tok_")

    @pytest.mark.parametrize(
        ("method", "path", "permission"),
        [
            ("GET", "/v1/documents", Permission.READ_DOCUMENTS),
            ("GET", "/v1/documents/doc_x", Permission.READ_DOCUMENTS),
            ("GET", "/v1/passages/x", Permission.READ_DOCUMENTS),
            ("POST", "/v1/search", Permission.READ_DOCUMENTS),
            ("POST", "/v1/ask", Permission.ASK),
            ("POST", "/v1/ask/stream", Permission.ASK),
            ("GET", "/v1/keys", Permission.MANAGE_ACCESS),
            ("POST", "/v1/keys", Permission.MANAGE_ACCESS),
            ("DELETE", "/v1/keys/x", Permission.MANAGE_ACCESS),
            ("POST", "/v1/tokens/revoke", Permission.MANAGE_ACCESS),
            ("POST", "/v1/widget-tokens", Permission.MINT_WIDGET_TOKENS),
            ("GET", "/metrics", Permission.READ_METRICS),
        ],
    )
    def test_an_address_is_for_the_roles_of_the_table_and_no_others(
        self, house: Any, visitor: Visitor, method: str, path: str, permission: Permission
    ) -> None:
        bodies = {"/v1/keys": {}, "/v1/tokens/revoke": {}, "/v1/widget-tokens": {}}
        body = bodies.get(path, {"question": ""}) if method == "POST" else None
        # The metrics count everybody, so they are for who runs the house.
        tenant = "northstar" if path == "/metrics" else "acme"
        for role in Role:
            headers = house.bearer(tenant, role, subject=f"role-{role}")
            response = visitor.client.request(method, path, json=body, headers=headers)
            if permission in PERMISSIONS[role]:
                assert response.status_code != 403, role
            else:
                assert response.status_code == 403, role

    def test_a_key_may_what_its_scopes_say_and_no_more(self, house: Any, visitor: Visitor) -> None:
        made = make_key(house, scopes=frozenset({Permission.ASK}))
        assert visitor.get(made.text).json()["permissions"] == ["ask"]
        assert_refused(visitor.get(made.text, "/v1/documents"), 403)
        assert_refused(visitor.get(made.text, "/v1/keys"), 403)
        assert [line.details["permission"] for line in visitor.denials()] == [
            "read_documents", "manage_access",
        ]  # fmt: skip
        assert {line.actor for line in visitor.denials()} == {f"key:{made.key.id}"}


class TestMe:
    def test_says_who_one_is(self, house: Any, visitor: Visitor) -> None:
        token = house.token("acme", Role.PARTNER_ADMIN, attributes={"tier": "gold"})
        me = visitor.get(token).json()
        assert (me["tenant"], me["subject"]) == ("acme", "ada")
        assert me["roles"] == ["partner_admin"]
        assert me["audiences"] == ["partners", "tenant:acme", "tier:gold"]
        assert set(me["permissions"]) == set(PERMISSIONS[Role.PARTNER_ADMIN])
        assert me["credential"] == "local_token"
        assert me["token_id"].startswith("tok_")


BODY = {"name": "portal", "roles": ["partner_consultant"], "ttl_seconds": 3600}


class TestKeys:
    @pytest.fixture
    def admin(self, house: Any) -> str:
        return str(house.token("cobalt", Role.PARTNER_ADMIN, attributes={"tier": "gold"}))

    def test_are_made_shown_once_listed_and_ended(self, visitor: Visitor, admin: str) -> None:
        made = visitor.post(admin, "/v1/keys", BODY | {"attributes": {"tier": "gold"}})
        assert made.status_code == 201
        key = made.json()
        assert key["tenant"] == "cobalt"
        assert visitor.get(key["key"]).json()["credential"] == "api_key"
        listed = visitor.get(admin, "/v1/keys")
        assert [one["id"] for one in listed.json()["keys"]] == [key["id"]]
        secret = key["key"].split("_", 2)[2]
        assert secret not in listed.text
        assert "digest" not in listed.text
        ended = visitor.client.delete(
            f"/v1/keys/{key['id']}", headers={"Authorization": f"Bearer {admin}"}
        )
        assert ended.status_code == 200
        assert ended.json()["revoked_at"]
        assert secret not in ended.text
        assert_refused(visitor.get(key["key"]), 401)
        actions = [(one.action, one.actor) for one in visitor.lines("key.created", "key.revoked")]
        assert actions == [("key.created", "ada"), ("key.revoked", "ada")]
        assert all(secret not in one.text for one in visitor.lines("key.created", "key.revoked"))

    def test_of_another_tenant_do_not_exist(self, house: Any, visitor: Visitor, admin: str) -> None:
        made = make_key(house)
        response = visitor.client.delete(
            f"/v1/keys/{made.key.id}", headers={"Authorization": f"Bearer {admin}"}
        )
        absent = visitor.client.delete(
            "/v1/keys/absent", headers={"Authorization": f"Bearer {admin}"}
        )
        assert response.status_code == absent.status_code == 404
        assert {**response.json(), "instance": ""} == {**absent.json(), "instance": ""}
        assert made.key.id not in visitor.get(admin, "/v1/keys").text
        assert visitor.get(made.text).status_code == 200

    def test_are_never_more_than_who_makes_them(self, visitor: Visitor, admin: str) -> None:
        for more in (
            {"roles": ["admin"]},
            {"roles": ["auditor"]},
            {"roles": ["content_owner"], "scopes": ["ask"]},
            {"attributes": {"tier": "platinum"}},
        ):
            assert_refused(visitor.post(admin, "/v1/keys", BODY | more), 403)
        assert {line.details["permission"] for line in visitor.denials()} == {"manage_access"}
        assert visitor.lines("key.created") == []

    def test_make_no_other_keys(self, house: Any, visitor: Visitor) -> None:
        made = make_key(house, roles=frozenset({Role.ADMIN}))
        assert_refused(visitor.post(made.text, "/v1/keys", BODY), 403)

    @pytest.mark.parametrize(
        "body",
        [
            {}, {"name": ""}, {"roles": []}, {"roles": ["emperor"]}, {"scopes": ["fly"]},
            {"ttl_seconds": 59}, {"ttl_seconds": 31_536_001}, {"ttl_seconds": "3600"},
            {"ttl_seconds": True}, {"ttl_seconds": None}, {"tenant": "bolt"},
            {"attributes": {"colour": "red"}}, {"attributes": {"tier": 5}},
            {"origins": ["portal.example"]}, {"origins": ["https://portal.example/x"]},
            {"origins": ["https://Portal.example"]}, {"origins": [PORTAL] * 21},
            {"name": "a\u0000b"}, {"name": "a\u001b[2J"},
        ],
        ids=str,
    )  # fmt: skip
    def test_that_make_no_sense_are_not_made(
        self, visitor: Visitor, admin: str, body: dict[str, Any]
    ) -> None:
        whole = BODY | body if body else {}
        response = visitor.post(admin, "/v1/keys", whole)
        assert_refused(response, 422)
        assert visitor.lines("key.created") == []


class TestRevoking:
    def test_one_token_ends_with_the_next_request(self, house: Any, visitor: Visitor) -> None:
        admin = house.token("acme", Role.PARTNER_ADMIN)
        first, second = house.token("acme", subject="lee"), house.token("acme", subject="lee")
        named = visitor.get(first).json()["token_id"]
        done = visitor.post(admin, "/v1/tokens/revoke", {"token_id": named})
        assert done.json()["status"] == "revoked"
        assert_refused(visitor.get(first), 401)
        assert visitor.get(second).status_code == 200

    def test_all_that_somebody_has_ends_and_they_may_come_back(
        self, house: Any, visitor: Visitor
    ) -> None:
        admin = house.token("acme", Role.PARTNER_ADMIN)
        tokens = [house.token("acme", subject="sam") for _ in range(2)]
        elsewhere = house.token("bolt", subject="sam")
        assert visitor.post(admin, "/v1/tokens/revoke", {"subject": "sam"}).status_code == 200
        for token in tokens:
            assert_refused(visitor.get(token), 401)
        assert visitor.get(elsewhere).status_code == 200
        with house.calendar.later(timedelta(milliseconds=1)):
            assert visitor.get(house.token("acme", subject="sam")).status_code == 200
        [line] = visitor.lines("token.revoked")
        assert (line.tenant, line.actor, line.details) == ("acme", "ada", {"subject": "sam"})

    def test_a_key_ends_nobody(self, house: Any, visitor: Visitor) -> None:
        key = make_key(house, roles=frozenset({Role.ADMIN}))
        other = make_key(house)
        person = house.token("acme", subject="lee")
        named = visitor.get(person).json()["token_id"]
        for body in ({"subject": "lee"}, {"token_id": named}, {"subject": f"key:{other.key.id}"}):
            assert_refused(visitor.post(key.text, "/v1/tokens/revoke", body), 403)
        headers = {"Authorization": f"Bearer {key.text}"}
        assert_refused(visitor.client.delete(f"/v1/keys/{other.key.id}", headers=headers), 403)
        assert visitor.get(person).status_code == 200
        assert visitor.get(other.text).status_code == 200

    def test_another_tenants_token_does_not(self, house: Any, visitor: Visitor) -> None:
        token = house.token("bolt", subject="lee")
        named = visitor.get(token).json()["token_id"]
        admin = house.token("acme", Role.ADMIN)
        visitor.post(admin, "/v1/tokens/revoke", {"token_id": named})
        assert visitor.get(token).status_code == 200

    @pytest.mark.parametrize(
        "body", [{}, {"token_id": "a", "subject": "b"}, {"subject": ""}, {"tenant": "bolt"},
                 {"subject": "s" * 256}, {"token_id": None}],
    )  # fmt: skip
    def test_names_one_thing(self, house: Any, visitor: Visitor, body: dict[str, Any]) -> None:
        admin = house.token("acme", Role.PARTNER_ADMIN)
        assert_refused(visitor.post(admin, "/v1/tokens/revoke", body), 422)


class TestWidgetTokens:
    @pytest.fixture
    def key(self, house: Any) -> NewKey:
        return make_key(house, scopes=frozenset({Permission.MINT_WIDGET_TOKENS}))

    def test_ask_as_a_consultant_of_the_keys_tenant(self, visitor: Visitor, key: NewKey) -> None:
        token = widget_token(visitor, key)
        me = visitor.get(token, Origin=PORTAL).json()
        assert me["roles"] == ["partner_consultant"]
        assert me["tenant"] == "acme"
        assert "tier:gold" in me["audiences"]
        asked = visitor.post(token, "/v1/search", {"question": "Falcon agreement"}, Origin=PORTAL)
        assert "acme/contract.md" in asked.text

    @pytest.mark.parametrize(
        "headers",
        [{"Origin": OTHER}, {}, {"Origin": "null"}, {"Host": "portal.example"},
         {"Origin": OTHER, "Host": "portal.example", "Sec-Fetch-Site": "same-origin"}],
        ids=str,
    )  # fmt: skip
    def test_replayed_from_elsewhere_are_refused_and_leave_a_line(
        self, visitor: Visitor, key: NewKey, headers: dict[str, str]
    ) -> None:
        token = widget_token(visitor, key)
        assert_refused(visitor.get(token, **headers), 403)
        [line] = visitor.denials()
        assert line.tenant == "acme"
        assert line.actor == f"{PORTAL}/kim"
        assert line.details["reason"] == "wrong_origin"
        assert token.rsplit(".", 1)[1] not in line.text

    def test_from_a_page_of_the_same_host_are_good(self, visitor: Visitor, key: NewKey) -> None:
        token = widget_token(visitor, key)
        same = {"Sec-Fetch-Site": "same-origin", "Host": "portal.example"}
        assert visitor.get(token, **same).status_code == 200

    def test_end_with_the_key(self, house: Any, visitor: Visitor, key: NewKey) -> None:
        token = widget_token(visitor, key)
        house.assembly.access.api_keys.revoke("acme", key.key.id)
        assert_refused(visitor.get(token, Origin=PORTAL), 401)
        [line] = visitor.denials()
        assert (line.tenant, line.details["reason"]) == ("acme", "revoked")

    def test_are_minted_by_a_key_and_nobody_else(
        self, house: Any, visitor: Visitor, key: NewKey
    ) -> None:
        body = {"subject": "kim", "origin": PORTAL}
        person = house.token("acme", Role.PARTNER_ADMIN)
        widget = widget_token(visitor, key)
        plain = make_key(house, scopes=frozenset({Permission.ASK})).text
        for bearer in (person, plain):
            assert_refused(visitor.post(bearer, "/v1/widget-tokens", body), 403)
        assert_refused(visitor.post(widget, "/v1/widget-tokens", body, Origin=PORTAL), 403)
        assert len(visitor.denials()) == 3
        assert {line.details["permission"] for line in visitor.denials()} == {"mint_widget_tokens"}
        assert len(visitor.lines("widget_token.issued")) == 1

    @pytest.mark.parametrize(
        "more",
        [{"origin": OTHER}, {"attributes": {"tier": "platinum"}}, {"attributes": {"region": "x"}}],
        ids=str,
    )
    def test_say_nothing_that_the_key_does_not(
        self, visitor: Visitor, key: NewKey, more: dict[str, Any]
    ) -> None:
        body = {"subject": "kim", "origin": PORTAL} | more
        assert_refused(visitor.post(key.text, "/v1/widget-tokens", body), 403)

    @pytest.mark.parametrize(
        "more",
        [{"origin": "portal.example"}, {"origin": f"{PORTAL}/"}, {"origin": "https://Portal.example"},
         {"subject": ""}, {"subject": "s" * 129}, {"ttl_seconds": 3601}, {"ttl_seconds": 0},
         {"attributes": {"roles": "admin"}}, {"roles": ["admin"]}, {"tenant": "bolt"}],
        ids=str,
    )  # fmt: skip
    def test_that_make_no_sense_are_not_minted(
        self, visitor: Visitor, key: NewKey, more: dict[str, Any]
    ) -> None:
        body = {"subject": "kim", "origin": PORTAL} | more
        assert_refused(visitor.post(key.text, "/v1/widget-tokens", body), 422)
        assert visitor.lines("widget_token.issued") == []

    def test_let_nobody_into_the_conversations_of_people_of_elsewhere(
        self, house: Any, visitor: Visitor, key: NewKey
    ) -> None:
        person = house.token("acme", subject="kim")
        asked = visitor.post(person, "/v1/ask", {"question": "Thanks!"}).json()
        path = f"/v1/conversations/{asked['conversation_id']}"
        assert visitor.get(person, path).status_code == 200
        widget = widget_token(visitor, key, subject="kim")
        assert visitor.get(widget, path, Origin=PORTAL).status_code == 404


class TestAnotherIssuer:
    @pytest.fixture
    def elsewhere(self, house: Any) -> Iterator[Any]:
        with served(rsa_key("r1"), ec_key("e1")) as issuer:
            access = Access(
                database=house.assembly.database,
                clock=house.calendar,
                secret=token_secret(house.assembly.settings.data_dir),
                issuer="https://login.example",
                audience="partner-copilot",
                jwks_url=issuer.url,
            )
            with house.instead(authenticator=access.authenticator):
                yield issuer
            access.close()

    @pytest.mark.usefixtures("elsewhere")
    def test_its_tokens_are_known_and_our_own_refused(self, house: Any, visitor: Visitor) -> None:
        for key in (rsa_key("r1"), ec_key("e1")):
            token = key.sign(said(house.calendar.now))
            assert visitor.get(token).json()["credential"] == "issuer_token"
        assert_refused(visitor.get(house.token("acme")), 401)
        assert_refused(visitor.get(rsa_key("r9").sign(said(house.calendar.now))), 401)
        reasons = [line.details["reason"] for line in visitor.denials()]
        assert reasons == ["wrong_algorithm", "unknown_key"]

    def test_a_changed_key_is_known_at_once(
        self, house: Any, visitor: Visitor, elsewhere: Any
    ) -> None:
        elsewhere.keys = [rsa_key("r2").public]
        assert visitor.get(rsa_key("r2").sign(said(house.calendar.now))).status_code == 200

    def test_api_keys_are_good_beside_it(
        self, house: Any, visitor: Visitor, elsewhere: Any
    ) -> None:
        assert visitor.get(make_key(house).text).status_code == 200
        assert elsewhere.asked == 1
