"""Widget tokens: whose they can be, where they are good, and what ends them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from sqlalchemy import select

from foundation.database import Database
from foundation.errors import InvalidRequestError
from governance.access import Access
from governance.api_key import KeyRequest
from governance.audit.chain import audit_lines
from governance.house_secret import derived_key
from governance.identity import (
    CredentialKind,
    ForbiddenError,
    Identity,
    Refusal,
    TokenRequest,
    UnauthenticatedError,
)
from governance.local_tokens import TokenAuthority
from governance.origins import Sender
from governance.principal import Permission, Role
from governance.revocations import Revocation
from governance.widget_tokens import Minted, WidgetRequest
from tests.fakes.databases import empty, postgresql_server

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECRET = "a secret that is long enough for anything that is done with it"
PORTAL, OTHER = "https://portal.example", "https://other.example"
AT = Sender(origins=[PORTAL])


@dataclass
class Door:
    """The door of a house, a key of a host's backend, and a clock."""

    access: Access
    database: Database
    key: Identity
    text: str
    now: datetime

    def mint(self, **changes: object) -> Minted:
        request = replace(WidgetRequest(subject="kim", origin=PORTAL), **changes)  # type: ignore[arg-type]
        return self.access.widget_tokens.mint(request, self.key)

    def identify(self, bearer: str, sender: Sender = AT) -> Identity:
        return self.access.authenticator.identify(bearer, sender)

    def refused(self, bearer: str, sender: Sender = AT) -> Refusal:
        with pytest.raises((UnauthenticatedError, ForbiddenError)) as caught:
            self.identify(bearer, sender)
        return caught.value.reason


@pytest.fixture(scope="module")
def postgresql_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgresql_server(tmp_path_factory.mktemp("postgresql")) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path / 'c.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql_url")
    with empty(url) as opened:
        yield opened


@pytest.fixture
def door(database: Database) -> Iterator[Door]:
    access = Access(
        database=database,
        clock=lambda: opened.now,
        secret=SECRET,
        issuer="partner-copilot",
        audience="partner-copilot",
    )
    opened = Door(access=access, database=database, key=None, text="", now=NOW)  # type: ignore[arg-type]
    made = access.api_keys.create(
        KeyRequest(
            tenant="acme",
            name="portal",
            roles=frozenset({Role.PARTNER_ADMIN}),
            scopes=frozenset({Permission.MINT_WIDGET_TOKENS}),
            attributes={"tier": "gold", "region": "emea"},
            origins=frozenset({PORTAL}),
            ttl=timedelta(days=1),
        )
    )
    opened.key, opened.text = made.key.identity, made.text
    yield opened
    access.close()


class TestWhoItIsFor:
    def test_is_a_consultant_of_the_keys_tenant_whatever_the_key_may(self, door: Door):
        identity = door.identify(door.mint().token)
        principal = identity.principal
        assert identity.kind is CredentialKind.WIDGET_TOKEN
        assert principal.roles == {Role.PARTNER_CONSULTANT}
        assert principal.tenant == "acme"
        assert not principal.may(Permission.MANAGE_ACCESS)
        assert not principal.may(Permission.MINT_WIDGET_TOKENS)

    def test_has_the_keys_attributes_or_fewer_and_never_others(self, door: Door):
        def attributes(**said: object) -> object:
            return dict(door.identify(door.mint(**said).token).principal.attributes)

        assert attributes() == {"tier": "gold", "region": "emea"}
        assert attributes(attributes={"tier": "gold"}) == {"tier": "gold"}
        assert attributes(attributes={}) == {}
        for more in ({"tier": "platinum"}, {"region": "apac"}, {"partners": "bolt"}):
            with pytest.raises(ForbiddenError, match="no such attributes"):
                door.mint(attributes=more)

    def test_has_a_name_under_the_hosts_origin(self, door: Door):
        # A host may call its people what it likes; none of them is a person of elsewhere.
        assert door.identify(door.mint().token).principal.subject == f"{PORTAL}/kim"

    @pytest.mark.parametrize("subject", ["", "s" * 129, "a\x00b", "a\nb", "\ud800"])
    def test_needs_a_decent_name(self, door: Door, subject: str):
        with pytest.raises(InvalidRequestError):
            door.mint(subject=subject)

    def test_is_on_the_record_and_the_token_is_not(self, door: Door):
        minted = door.mint()
        with door.database.read() as connection:
            row = connection.execute(
                select(audit_lines).where(audit_lines.c.action == "widget_token.issued")
            ).one()
        line = json.loads(row.sealed)
        assert row.tenant == "acme"
        assert line["actor"] == door.key.principal.subject
        assert line["details"]["origin"] == PORTAL
        assert line["target"] == door.identify(minted.token).token_id
        assert minted.token not in row.sealed


class TestWhereItIsGood:
    def test_at_the_origin_it_was_minted_for(self, door: Door):
        token = door.mint().token
        assert door.identify(token)
        assert door.identify(token, Sender(fetch_sites=["same-origin"], hosts=["portal.example"]))

    @pytest.mark.parametrize(
        "sender", [Sender(origins=[OTHER]), Sender(), Sender(hosts=["portal.example"])]
    )
    def test_and_nowhere_else(self, door: Door, sender: Sender):
        assert door.refused(door.mint().token, sender) is Refusal.WRONG_ORIGIN

    @pytest.mark.parametrize("origin", [OTHER, "http://portal.example"])
    def test_a_key_mints_for_its_own_origins_only(self, door: Door, origin: str):
        with pytest.raises(ForbiddenError, match="not for this origin"):
            door.mint(origin=origin)

    def test_an_origin_that_is_none_is_told(self, door: Door):
        with pytest.raises(InvalidRequestError, match="without a path"):
            door.mint(origin=f"{PORTAL}/page")


class TestHowItEnds:
    @pytest.mark.parametrize("named", ["its subject", "its id"])
    def test_with_its_key_however_the_key_was_named(self, door: Door, named: str):
        token, subject = door.mint().token, door.key.principal.subject
        revocation = Revocation(tenant="acme", token_id=door.key.token_id)
        if named == "its subject":
            revocation = Revocation(tenant="acme", subject=subject)
        door.access.revocations.revoke(revocation)
        assert door.refused(door.text) is Refusal.REVOKED
        assert door.refused(token) is Refusal.REVOKED
        door.now += timedelta(days=31)
        door.access.revocations.revoke(Revocation(tenant="acme", subject="somebody else"))
        assert door.refused(door.text) is Refusal.REVOKED
        [key] = door.access.api_keys.listed("acme")
        assert key.revoked_at

    @pytest.mark.parametrize("tenant", ["acme", "bolt"])
    def test_not_with_what_is_only_called_alike(self, door: Door, tenant: str):
        key_id = door.key.key_id
        door.access.revocations.revoke(Revocation(tenant=tenant, subject=key_id))
        door.access.revocations.revoke(Revocation(tenant="bolt", subject=f"key:{key_id}"))
        door.access.revocations.revoke(Revocation(tenant="bolt", token_id=key_id))
        assert door.identify(door.text)
        assert door.identify(door.mint().token)

    def test_by_itself_within_the_hour(self, door: Door):
        minted = door.mint()
        assert minted.expires_in == timedelta(minutes=15)
        door.now += timedelta(minutes=15, seconds=31)
        assert door.refused(minted.token) is Refusal.EXPIRED
        for ttl in (timedelta(0), timedelta(hours=1, seconds=1)):
            with pytest.raises(InvalidRequestError, match="3600 seconds"):
                door.mint(ttl=ttl)

    def test_with_the_key_that_minted_it(self, door: Door):
        token = door.mint().token
        door.access.api_keys.revoke("acme", door.key.key_id)
        assert door.refused(token) is Refusal.REVOKED

    def test_never_after_its_key(self, door: Door):
        door.now += timedelta(hours=23, minutes=50)
        minted = door.mint()
        assert minted.expires_in == timedelta(minutes=10)

    def test_by_its_id_and_by_its_subject(self, door: Door):
        first, second = door.mint().token, door.mint().token
        named = door.identify(first).token_id
        door.access.revocations.revoke(Revocation(tenant="acme", token_id=named))
        assert door.refused(first) is Refusal.REVOKED
        assert door.identify(second)
        door.access.revocations.revoke(Revocation(tenant="acme", subject=f"{PORTAL}/kim"))
        assert door.refused(second) is Refusal.REVOKED

    def test_a_revoked_one_is_refused_as_that_from_elsewhere_too(self, door: Door):
        token = door.mint().token
        door.access.api_keys.revoke("acme", door.key.key_id)
        assert door.refused(token, Sender(origins=[OTHER])) is Refusal.REVOKED


class TestWhoMints:
    @pytest.mark.parametrize("kind", [CredentialKind.LOCAL_TOKEN, CredentialKind.WIDGET_TOKEN])
    def test_only_an_api_key(self, door: Door, kind: CredentialKind):
        door.key = replace(door.key, kind=kind)
        with pytest.raises(ForbiddenError, match="only an API key"):
            door.mint()


class TestOneKindForAnother:
    def own(self) -> TokenAuthority:
        return TokenAuthority(
            secret=SECRET, issuer="partner-copilot", audience="partner-copilot", clock=lambda: NOW
        )

    def test_a_widget_token_under_the_type_of_a_persons(self, door: Door):
        claims = jwt.decode(door.mint().token, options={"verify_signature": False})
        key = derived_key(SECRET, "widget tokens")
        passed_off = jwt.encode({**claims, "roles": ["admin"]}, key, headers={"typ": "JWT"})
        assert door.refused(passed_off) is Refusal.BAD_SIGNATURE

    def test_a_persons_token_under_the_type_of_a_widgets(self, door: Door):
        token = self.own().issue(TokenRequest(tenant="acme", roles=frozenset({Role.ADMIN})))
        claims = jwt.decode(token, options={"verify_signature": False})
        passed_off = jwt.encode(claims, SECRET, headers={"typ": "widget+jwt"})
        assert door.refused(passed_off) is Refusal.BAD_SIGNATURE

    def test_a_role_in_a_widget_token_means_nothing(self, door: Door):
        claims = jwt.decode(door.mint().token, options={"verify_signature": False})
        key = derived_key(SECRET, "widget tokens")
        token = jwt.encode({**claims, "roles": ["admin"]}, key, headers={"typ": "widget+jwt"})
        assert door.identify(token).principal.roles == {Role.PARTNER_CONSULTANT}

    @pytest.mark.parametrize(
        "changes",
        [{"origin": ""}, {"origin": None}, {"key": None}, {"tenant": ""}, {"jti": 7},
         {"attributes": []}, {"iat": "now"}],
    )  # fmt: skip
    def test_claims_that_make_no_sense(self, door: Door, changes: dict[str, object]):
        claims = jwt.decode(door.mint().token, options={"verify_signature": False})
        key = derived_key(SECRET, "widget tokens")
        token = jwt.encode({**claims, **changes}, key, headers={"typ": "widget+jwt"})
        assert door.refused(token) is Refusal.WRONG_CLAIMS

    def test_another_tenant_than_the_keys(self, door: Door):
        claims = jwt.decode(door.mint().token, options={"verify_signature": False})
        key = derived_key(SECRET, "widget tokens")
        token = jwt.encode({**claims, "tenant": "bolt"}, key, headers={"typ": "widget+jwt"})
        assert door.refused(token) is Refusal.REVOKED

    def test_an_api_key_and_a_local_token_are_still_what_they_are(self, door: Door):
        token = self.own().issue(TokenRequest(tenant="acme", roles=frozenset({Role.ADMIN})))
        assert door.identify(token, Sender()).kind is CredentialKind.LOCAL_TOKEN
        assert door.identify(door.text, Sender()).kind is CredentialKind.API_KEY
