"""API keys: what they prove, how they end, and that nobody makes one that may more than they."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from foundation.afterwards import Afterwards
from foundation.database import Database, open_database
from foundation.errors import ConflictError, InvalidRequestError, NotFoundError
from governance import api_keys as api_keys_module
from governance.api_key import KeyRequest, api_keys
from governance.api_keys import ApiKeys
from governance.audit.chain import audit_lines
from governance.identity import (
    CredentialKind,
    ForbiddenError,
    Identity,
    Refusal,
    UnauthenticatedError,
)
from governance.principal import Permission, Principal, Role
from tests.fakes.waiting import wait_until

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Calendar:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def calendar() -> Calendar:
    return Calendar()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'c.db'}")
    yield opened
    opened.close()


@pytest.fixture
def keys(database: Database, calendar: Calendar) -> Iterator[ApiKeys]:
    afterwards = Afterwards()
    yield ApiKeys(database, calendar, afterwards)
    afterwards.close()


def asked(**changes: object) -> KeyRequest:
    request = KeyRequest(
        tenant="acme",
        name="portal backend",
        roles=frozenset({Role.PARTNER_CONSULTANT}),
        ttl=timedelta(days=90),
    )
    return replace(request, **changes)  # type: ignore[arg-type]


def person(*roles: Role, tenant: str = "acme", **attributes: str) -> Identity:
    return Identity(
        principal=Principal(
            subject="ada", tenant=tenant, roles=frozenset(roles), attributes=attributes
        ),
        kind=CredentialKind.LOCAL_TOKEN,
        token_id="tok_1",
        issued=NOW,
        expires=NOW + timedelta(hours=1),
    )


def identify(database: Database, keys: ApiKeys, text: str) -> Identity:
    with database.read() as connection:
        return keys.identify(connection, text)


def refused(database: Database, keys: ApiKeys, text: str) -> UnauthenticatedError:
    with pytest.raises(UnauthenticatedError, match="not valid here or has expired") as caught:
        identify(database, keys, text)
    return caught.value


def told(database: Database, tenant: str = "acme") -> list[tuple[str, dict[str, object]]]:
    with database.read() as connection:
        rows = connection.execute(
            select(audit_lines).where(audit_lines.c.tenant == tenant).order_by(audit_lines.c.number)
        ).all()
    return [(row.action, json.loads(row.sealed)) for row in rows]


class TestAKey:
    def test_proves_its_tenant_roles_scopes_and_attributes(self, database: Database, keys: ApiKeys):
        made = keys.create(asked(scopes=frozenset({Permission.ASK}), attributes={"tier": "gold"}))
        identity = identify(database, keys, made.text)
        principal = identity.principal
        assert identity.kind is CredentialKind.API_KEY
        assert identity.token_id == identity.key_id == made.key.id
        assert principal.tenant == "acme"
        assert principal.subject == f"key:{made.key.id}"
        assert principal.permissions == {Permission.ASK}
        assert "tier:gold" in principal.audiences

    def test_is_kept_as_a_digest_and_nothing_else_of_it_is_kept(
        self, database: Database, keys: ApiKeys, tmp_path: Path
    ):
        made = keys.create(asked())
        _, key_id, secret = made.text.split("_", 2)
        assert key_id == made.key.id
        assert len(secret) == 43
        with database.read() as connection:
            row = connection.execute(select(api_keys)).one()
        assert row.digest == hashlib.sha256(secret.encode()).hexdigest()
        database.close()
        for path in tmp_path.iterdir():
            assert secret.encode() not in path.read_bytes()

    def test_two_have_nothing_in_common(self, keys: ApiKeys):
        one, other = keys.create(asked()).text, keys.create(asked()).text
        assert one.split("_")[1] != other.split("_")[1]
        assert one.split("_", 2)[2] != other.split("_", 2)[2]

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda text: text[:-1] + ("A" if text[-1] != "A" else "B"),
            lambda text: text + "A",
            lambda text: text[:-1],
            lambda text: text.rsplit("_", 1)[0] if text.count("_") == 2 else text[:25],
            lambda _: "pck_0123456789abcdef_" + "A" * 43,
            lambda _: "pck_",
            lambda _: "pck__",
            lambda _: "pck_' or 1=1 --_x",
            lambda _: "pck_0123456789abcde\x00_x",
            lambda text: text.upper().replace("PCK", "pck"),
            lambda _: "pck_0123456789abcdef_\udcff",
        ],
    )
    def test_that_is_not_exactly_it_is_refused_and_proves_nobody(
        self, database: Database, keys: ApiKeys, spoil
    ):
        error = refused(database, keys, spoil(keys.create(asked()).text))
        assert error.proven is None
        assert error.reason in (Refusal.MALFORMED, Refusal.UNKNOWN_KEY, Refusal.BAD_SIGNATURE)

    def test_ends_by_itself(self, database: Database, keys: ApiKeys, calendar: Calendar):
        made = keys.create(asked(ttl=timedelta(minutes=5)))
        calendar.now += timedelta(minutes=5)
        error = refused(database, keys, made.text)
        assert error.reason is Refusal.EXPIRED
        assert error.proven
        assert error.proven.principal.tenant == "acme"

    def test_ends_when_it_is_revoked(self, database: Database, keys: ApiKeys):
        made = keys.create(asked())
        ended = keys.revoke("acme", made.key.id)
        assert ended.revoked_at == NOW
        assert refused(database, keys, made.text).reason is Refusal.REVOKED

    def test_of_another_tenant_does_not_exist(self, database: Database, keys: ApiKeys):
        made = keys.create(asked())
        with pytest.raises(NotFoundError):
            keys.revoke("bolt", made.key.id)
        assert identify(database, keys, made.text)
        assert keys.listed("bolt") == ()

    def test_is_listed_newest_first_ended_ones_too(self, keys: ApiKeys, calendar: Calendar):
        first = keys.create(asked(name="first")).key
        calendar.now += timedelta(seconds=1)
        keys.create(asked(name="second"))
        keys.create(asked(name="another's", tenant="bolt"))
        keys.revoke("acme", first.id)
        assert [one.name for one in keys.listed("acme")] == ["second", "first"]
        assert [one.revoked_at is None for one in keys.listed("acme")] == [True, False]
        assert len(keys.listed(None)) == 3

    def test_tells_when_it_was_last_used_to_the_minute(
        self, database: Database, keys: ApiKeys, calendar: Calendar
    ):
        def last() -> datetime | None:
            return keys.listed("acme")[0].last_used_at

        made = keys.create(asked())
        assert last() is None
        identify(database, keys, made.text)
        wait_until(lambda: last() == NOW)
        calendar.now += timedelta(seconds=59)
        identify(database, keys, made.text)
        calendar.now += timedelta(seconds=1)
        identify(database, keys, made.text)
        wait_until(lambda: last() == NOW + timedelta(minutes=1))


class TestTheRecord:
    def test_tells_of_making_and_ending_and_holds_no_secret(
        self, database: Database, keys: ApiKeys
    ):
        made = keys.create(asked(), person(Role.PARTNER_ADMIN))
        keys.revoke("acme", made.key.id, person(Role.PARTNER_ADMIN).principal)
        keys.revoke("acme", made.key.id)
        lines = told(database)
        assert [action for action, _ in lines] == ["key.created", "key.revoked"]
        assert {line["actor"] for _, line in lines} == {"ada"}
        assert {line["target"] for _, line in lines} == {made.key.id}
        assert made.text.split("_", 2)[2] not in json.dumps(lines)

    def test_names_the_console_where_nobody_else_did_it(self, database: Database, keys: ApiKeys):
        keys.create(asked())
        assert told(database)[0][1]["actor"] == "console"

    def test_is_not_written_where_nothing_was_made(self, database: Database, keys: ApiKeys):
        with pytest.raises(ForbiddenError):
            keys.create(asked(tenant="bolt"), person(Role.ADMIN))
        assert told(database, "bolt") == []
        assert keys.listed(None) == ()


MORE = {
    "another tenant's": (person(Role.ADMIN), asked(tenant="bolt")),
    "an admin's": (person(Role.PARTNER_ADMIN), asked(roles=frozenset({Role.ADMIN}))),
    "an auditor's": (person(Role.PARTNER_ADMIN), asked(roles=frozenset({Role.AUDITOR}))),
    "a content owner's": (
        person(Role.PARTNER_ADMIN),
        asked(roles=frozenset({Role.CONTENT_OWNER}), scopes=frozenset({Permission.ASK})),
    ),
    "an admin's, narrowed": (
        person(Role.PARTNER_ADMIN),
        asked(roles=frozenset({Role.ADMIN}), scopes=frozenset({Permission.ASK})),
    ),
    "a better tier": (
        person(Role.PARTNER_ADMIN, tier="silver"), asked(attributes={"tier": "gold"}),
    ),
    "a tier where there is none": (
        person(Role.PARTNER_ADMIN), asked(attributes={"tier": "gold"}),
    ),
    "another region": (
        person(Role.PARTNER_ADMIN, region="emea"), asked(attributes={"region": "apac"}),
    ),
    "of somebody who makes no keys": (
        person(Role.PARTNER_CONSULTANT), asked(roles=frozenset({Role.PARTNER_ADMIN})),
    ),
    "that can do nothing": (
        person(Role.ADMIN),
        asked(roles=frozenset({Role.AUDITOR}), scopes=frozenset({Permission.ASK})),
    ),
    "for partners that are not assigned": (
        person(Role.PARTNER_ADMIN, Role.CHANNEL_MANAGER, partners="bolt"),
        asked(roles=frozenset({Role.PARTNER_CONSULTANT})),
    ),
    "for more partners": (
        person(Role.PARTNER_ADMIN, Role.CHANNEL_MANAGER, partners="bolt"),
        asked(roles=frozenset({Role.CHANNEL_MANAGER}), attributes={"partners": "bolt,cobalt"}),
    ),
    "for other queues": (
        person(Role.PARTNER_ADMIN, Role.SUPPORT_AGENT, queues="a"),
        asked(roles=frozenset({Role.SUPPORT_AGENT}), attributes={"queues": "b"}),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("maker", "request_"), MORE.values(), ids=MORE.keys())
def test_nobody_makes_a_key_that_may_more_than_they(
    keys: ApiKeys, maker: Identity, request_: KeyRequest
):
    with pytest.raises(ForbiddenError):
        keys.create(request_, maker)


AS_MUCH = {
    "a consultant's": (person(Role.PARTNER_ADMIN), asked()),
    "one that mints": (
        person(Role.PARTNER_ADMIN, tier="gold"),
        asked(
            roles=frozenset({Role.PARTNER_ADMIN}),
            scopes=frozenset({Permission.MINT_WIDGET_TOKENS}),
            attributes={"tier": "gold"},
            origins=frozenset({"https://portal.example"}),
        ),
    ),
    "an auditor's, by an admin": (person(Role.ADMIN), asked(roles=frozenset({Role.AUDITOR}))),
    "an agent's, by an admin": (
        person(Role.ADMIN),
        asked(roles=frozenset({Role.SUPPORT_AGENT}), attributes={"queues": "a"}),
    ),
    "for the partners assigned": (
        person(Role.PARTNER_ADMIN, Role.CHANNEL_MANAGER, partners="bolt,cobalt"),
        asked(roles=frozenset({Role.CHANNEL_MANAGER}), attributes={"partners": "bolt"}),
    ),
}


@pytest.mark.parametrize(("maker", "request_"), AS_MUCH.values(), ids=AS_MUCH.keys())
def test_who_manages_access_makes_keys_within_their_own(
    keys: ApiKeys, maker: Identity, request_: KeyRequest
):
    made = keys.create(request_, maker)
    assert made.key.created_by == "ada"
    assert made.key.principal.permissions <= maker.principal.permissions
    assert made.key.principal.audiences <= maker.principal.audiences


class TestApproving:
    """Keys never do it: who makes one could be both pairs of eyes."""

    @pytest.mark.parametrize("maker", [None, person(Role.CONTENT_OWNER, Role.PARTNER_ADMIN)])
    def test_no_key_is_made_for_it(self, keys: ApiKeys, maker: Identity | None):
        approving = asked(
            roles=frozenset({Role.CONTENT_OWNER}),
            scopes=frozenset({Permission.ASK, Permission.APPROVE_DOCUMENTS}),
        )
        with pytest.raises(InvalidRequestError, match="approves no documents"):
            keys.create(approving, maker)
        assert keys.listed(None) == ()

    def test_roles_that_allow_it_do_not_allow_it_to_a_key(self, database: Database, keys: ApiKeys):
        made = keys.create(asked(roles=frozenset({Role.CONTENT_OWNER})), person(Role.ADMIN))
        for principal in (made.key.principal, identify(database, keys, made.text).principal):
            assert not principal.may(Permission.APPROVE_DOCUMENTS)
            assert principal.may(Permission.MANAGE_DOCUMENTS)
            assert principal.accountable == "ada"

    @pytest.mark.parametrize("scopes", [None, ["approve_documents", "ask"]])
    def test_keys_from_before_do_not_do_it_either(
        self, database: Database, keys: ApiKeys, scopes: list[str] | None
    ):
        made = keys.create(asked(roles=frozenset({Role.CONTENT_OWNER})))
        with database.write() as connection:
            connection.execute(update(api_keys).values(scopes=scopes))
        principal = identify(database, keys, made.text).principal
        assert not principal.may(Permission.APPROVE_DOCUMENTS)
        assert principal.may(Permission.ASK)


def test_a_key_makes_no_other_keys(database: Database, keys: ApiKeys):
    made = keys.create(asked(roles=frozenset({Role.ADMIN})))
    with pytest.raises(ForbiddenError, match="makes no other keys"):
        keys.create(asked(), identify(database, keys, made.text))


@pytest.mark.parametrize(
    ("changes", "told_"),
    [
        ({"ttl": timedelta(days=366)}, "365 days"),
        ({"ttl": timedelta(seconds=1)}, "between a minute"),
        ({"roles": frozenset()}, "at least one role"),
        ({"name": "  "}, "needs a name"),
        ({"name": "a\x1b[2J"}, "needs a name"),
        ({"attributes": {"tier": "gold\u200b"}}, "no control characters"),
        ({"origins": frozenset({"https://portal.example/path"})}, "without a path"),
        ({"scopes": frozenset()}, "could do nothing"),
    ],
)
def test_a_key_that_makes_no_sense_is_not_made(keys: ApiKeys, changes: dict, told_: str):
    with pytest.raises(InvalidRequestError, match=told_):
        keys.create(asked(**changes))


def test_a_tenant_has_so_many_keys_and_no_more(
    keys: ApiKeys, calendar: Calendar, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(api_keys_module, "MOST_KEYS", 2)
    first = keys.create(asked())
    keys.create(asked(ttl=timedelta(minutes=1)))
    with pytest.raises(ConflictError, match="revoke some first"):
        keys.create(asked())
    keys.create(asked(tenant="bolt"))
    keys.revoke("acme", first.key.id)
    calendar.now += timedelta(minutes=1)
    keys.create(asked())
    keys.create(asked())
