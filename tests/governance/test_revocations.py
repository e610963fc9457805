"""What was revoked is refused with the next request, in every process, and nothing else is."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from foundation.afterwards import Afterwards
from foundation.database import Database
from foundation.errors import InvalidRequestError
from governance.api_key import KeyRequest
from governance.api_keys import ApiKeys
from governance.audit.chain import audit_lines
from governance.identity import CredentialKind, Identity
from governance.principal import Principal, Role
from governance.revocations import Revocation, Revocations, revocations
from tests.fakes.databases import empty, postgresql_server

NOW = datetime(2026, 11, 23, 12, 0, 0, 500_000, tzinfo=UTC)
ROOT = Path(__file__).parents[2]


class Calendar:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def calendar() -> Calendar:
    return Calendar()


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
def listed(database: Database, calendar: Calendar) -> Revocations:
    return Revocations(database, calendar)


def identity(
    tenant: str = "acme", subject: str = "kim", token_id: str = "tok_1",  # noqa: S107
    issued: datetime = NOW - timedelta(minutes=1),
    kind: CredentialKind = CredentialKind.LOCAL_TOKEN,
) -> Identity:  # fmt: skip
    return Identity(
        principal=Principal(
            subject=subject, tenant=tenant, roles=frozenset({Role.PARTNER_CONSULTANT})
        ),
        kind=kind,
        token_id=token_id,
        issued=issued,
        expires=issued + timedelta(hours=1),
    )


def covered(database: Database, listed: Revocations, one: Identity) -> bool:
    with database.read() as connection:
        return listed.cover(connection, one)


def test_one_token_ends_by_its_id(database: Database, listed: Revocations):
    assert not covered(database, listed, identity())
    listed.revoke(Revocation(tenant="acme", token_id="tok_1"))
    assert covered(database, listed, identity())
    assert not covered(database, listed, identity(token_id="tok_2"))
    assert not covered(database, listed, identity(token_id=""))


def test_all_that_somebody_has_now_ends_and_what_they_get_next_is_good(
    database: Database, listed: Revocations
):
    listed.revoke(Revocation(tenant="acme", subject="kim"))
    assert covered(database, listed, identity(token_id="tok_2"))
    assert covered(database, listed, identity(issued=NOW))
    assert not covered(database, listed, identity(issued=NOW + timedelta(microseconds=1)))
    assert not covered(database, listed, identity(subject="robin"))


def test_an_issuers_clock_may_be_ahead_of_ours(database: Database, listed: Revocations):
    listed.revoke(Revocation(tenant="acme", subject="kim"))
    for seconds, ended in ((29, True), (31, False)):
        dated = identity(issued=NOW + timedelta(seconds=seconds), kind=CredentialKind.ISSUER_TOKEN)
        assert covered(database, listed, dated) is ended


def test_a_tenant_ends_its_own_tokens_only(database: Database, listed: Revocations):
    listed.revoke(Revocation(tenant="bolt", token_id="tok_1"))
    listed.revoke(Revocation(tenant="bolt", subject="kim"))
    assert not covered(database, listed, identity())
    assert covered(database, listed, identity(tenant="bolt"))


def test_an_id_is_no_subject_and_a_subject_no_id(database: Database, listed: Revocations):
    listed.revoke(Revocation(tenant="acme", subject="tok_1"))
    listed.revoke(Revocation(tenant="acme", token_id="kim"))
    assert not covered(database, listed, identity())


def test_to_revoke_again_moves_the_moment(
    database: Database, listed: Revocations, calendar: Calendar
):
    listed.revoke(Revocation(tenant="acme", subject="kim"))
    calendar.now += timedelta(hours=1)
    assert not covered(database, listed, identity(issued=calendar.now))
    listed.revoke(Revocation(tenant="acme", subject="kim"))
    assert covered(database, listed, identity(issued=calendar.now))


def test_another_process_knows_it_with_its_next_question(
    request: pytest.FixtureRequest, database: Database, listed: Revocations, tmp_path: Path
):
    url = f"sqlite:///{tmp_path / 'c.db'}"
    if database.dialect == "postgresql":
        url = request.getfixturevalue("postgresql_url")
    program = f"""
from datetime import UTC, datetime
from foundation.database import open_database
from governance.revocations import Revocation, Revocations
database = open_database({url!r})
Revocations(database, lambda: datetime.now(UTC)).revoke(Revocation(tenant="acme", token_id="tok_1"))
"""
    assert not covered(database, listed, identity())
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=60)
    assert covered(database, listed, identity())


def test_what_has_ended_by_itself_is_forgotten_and_no_sooner(
    database: Database, listed: Revocations, calendar: Calendar
):
    def kept() -> int:
        with database.read() as connection:
            return int(connection.execute(select(func.count()).select_from(revocations)).scalar())

    listed.revoke(Revocation(tenant="acme", token_id="tok_1"))
    # An API key may live for a year.
    calendar.now += timedelta(days=365, seconds=59)
    listed.revoke(Revocation(tenant="acme", token_id="tok_2"))
    assert kept() == 2
    calendar.now += timedelta(seconds=2)
    listed.revoke(Revocation(tenant="acme", token_id="tok_3"))
    assert kept() == 2


def test_keys_that_somebody_made_end_with_them_and_the_record_says_so(
    database: Database, listed: Revocations, calendar: Calendar
):
    afterwards = Afterwards()
    keys = ApiKeys(database, calendar, afterwards)

    def made(tenant: str, maker: str) -> str:
        by = replace(
            identity(tenant, maker),
            principal=Principal(subject=maker, tenant=tenant, roles=frozenset({Role.ADMIN})),
        )
        request = KeyRequest(
            tenant=tenant,
            name="portal",
            roles=frozenset({Role.PARTNER_CONSULTANT}),
            ttl=timedelta(days=90),
        )
        return keys.create(request, by).key.id

    theirs = {made("acme", "kim"), made("acme", "kim")}
    made("acme", "robin")
    made("bolt", "kim")
    listed.revoke(
        Revocation(tenant="acme", subject="kim"),
        Principal(subject="ada", tenant="acme", roles=frozenset({Role.ADMIN})),
    )
    assert {one.id for one in keys.listed(None) if one.revoked_at} == theirs
    with database.read() as connection:
        rows = connection.execute(
            select(audit_lines).where(audit_lines.c.action == "key.revoked")
        ).all()
    lines = [json.loads(row.sealed) for row in rows]
    assert {line["target"] for line in lines} == theirs
    assert {line["actor"] for line in lines} == {"ada"}
    assert {row.tenant for row in rows} == {"acme"}
    afterwards.close()


def test_it_is_on_the_record_who_ended_what(database: Database, listed: Revocations):
    admin = Principal(subject="ada", tenant="acme", roles=frozenset({Role.ADMIN}))
    listed.revoke(Revocation(tenant="acme", token_id="tok_1"), admin)
    listed.revoke(Revocation(tenant="acme", subject="kim"))
    with database.read() as connection:
        rows = connection.execute(
            select(audit_lines).where(audit_lines.c.tenant == "acme").order_by(audit_lines.c.number)
        ).all()
    lines = [json.loads(row.sealed) for row in rows]
    assert [row.action for row in rows] == ["token.revoked"] * 2
    assert [line["actor"] for line in lines] == ["ada", "console"]
    assert lines[0]["target"] == "tok_1"
    assert lines[1]["details"] == {"subject": "kim"}


@pytest.mark.parametrize(
    "nothing",
    [
        Revocation(tenant="acme"),
        Revocation(tenant="acme", token_id="a", subject="b"),
        Revocation(tenant="acme", subject="s" * 256),
    ],
)
def test_what_names_nothing_is_told(listed: Revocations, nothing: Revocation):
    with pytest.raises(InvalidRequestError):
        listed.revoke(nothing)
