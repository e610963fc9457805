import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest

from foundation.errors import InvalidRequestError, StorageError
from governance.identity import TokenAuthority, TokenRequest, UnauthenticatedError, token_secret
from governance.principal import Role

SECRET = "a secret that is long enough even for HS512, which wants sixty-four bytes of it"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def authority(secret: str = SECRET, now: datetime = NOW, **changes: str) -> TokenAuthority:
    values = {"issuer": "partner-copilot", "audience": "partner-copilot"} | changes
    return TokenAuthority(secret=secret, clock=lambda: now, **values)


def request(**changes: object) -> TokenRequest:
    values: dict[str, object] = {
        "tenant": "acme",
        "roles": frozenset({Role.PARTNER_CONSULTANT}),
        "attributes": {"tier": "gold"},
        "subject": "kim",
    }
    return TokenRequest(**(values | changes))  # type: ignore[arg-type]


def test_a_token_proves_who_it_was_made_for():
    principal = authority().verify(authority().issue(request()))
    assert (principal.subject, principal.tenant) == ("kim", "acme")
    assert "tier:gold" in principal.audiences


@pytest.mark.parametrize(
    "verifier",
    [
        authority(secret="another secret that is long enough for HS256"),
        authority(issuer="somebody-else"),
        authority(audience="another-service"),
        authority(now=NOW + timedelta(hours=2)),
        authority(now=NOW - timedelta(hours=1)),
    ],
    ids=["secret", "issuer", "audience", "expired", "from the future"],
)
def test_a_token_is_refused_where_it_does_not_hold(verifier: TokenAuthority):
    with pytest.raises(UnauthenticatedError):
        verifier.verify(authority().issue(request()))


def claims(**changes: object) -> dict[str, object]:
    return {
        "iss": "partner-copilot",
        "aud": "partner-copilot",
        "sub": "kim",
        "iat": NOW,
        "exp": NOW + timedelta(hours=1),
        "tenant": "acme",
        "roles": ["partner_consultant"],
    } | changes


@pytest.mark.parametrize(
    "token",
    [
        "",
        "nonsense",
        "x" * 100_000,
        jwt.encode(claims(), key="", algorithm="none"),
        jwt.encode(claims(), SECRET, algorithm="HS512"),
        jwt.encode(claims(roles=["emperor"]), SECRET),
        jwt.encode(claims(roles=[]), SECRET),
        jwt.encode(claims(roles="admin"), SECRET),
        jwt.encode(claims(tenant=""), SECRET),
        jwt.encode(claims(tenant=None), SECRET),
        jwt.encode(claims(tenant="t" * 129), SECRET),
        jwt.encode(claims(sub="s" * 256), SECRET),
        jwt.encode(claims(attributes=["tier"]), SECRET),
        jwt.encode({k: v for k, v in claims().items() if k != "exp"}, SECRET),
        jwt.encode(claims(), SECRET)[:-2] + "AA",
    ],
)
def test_anything_else_is_refused_in_the_same_words(token: str):
    with pytest.raises(UnauthenticatedError, match="not valid here or has expired"):
        authority().verify(token)


def test_names_as_long_as_the_database_has_room_for_are_known():
    token = authority().issue(request(tenant="t" * 128, subject="s" * 255))
    assert len(authority().verify(token).subject) == 255
    for names in ({"tenant": "t" * 129}, {"subject": "s" * 256}):
        with pytest.raises(InvalidRequestError, match="at most"):
            authority().issue(request(**names))


@pytest.mark.parametrize("ttl", [timedelta(0), timedelta(seconds=-1), timedelta(days=31)])
def test_a_lifetime_out_of_bounds_is_not_issued(ttl: timedelta):
    with pytest.raises(InvalidRequestError, match="lives between"):
        authority().issue(request(ttl=ttl))


def test_the_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path):
    first = token_secret(tmp_path / "data")
    assert token_secret(tmp_path / "data") == first
    path = tmp_path / "data" / "token-secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["token-secret"]


def test_a_damaged_secret_is_named_and_never_shown(tmp_path: Path):
    (tmp_path / "token-secret").write_text("short")
    with pytest.raises(StorageError, match="damaged") as caught:
        token_secret(tmp_path)
    assert "short" not in str(caught.value)


def test_a_secret_that_is_no_text_is_named_and_never_shown(tmp_path: Path):
    (tmp_path / "token-secret").write_bytes("ü".encode() * 40)
    with pytest.raises(StorageError, match="damaged"):
        token_secret(tmp_path)


def test_a_folder_where_the_secret_should_be_is_told_in_one_line(tmp_path: Path):
    (tmp_path / "token-secret").mkdir()
    with pytest.raises(StorageError, match="cannot read the token secret"):
        token_secret(tmp_path)
