"""Tokens that the house signs itself, and every way in which one can be none."""

import base64
import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.errors import InvalidRequestError
from governance.identity import (
    CredentialKind,
    Identity,
    Refusal,
    TokenRequest,
    UnauthenticatedError,
)
from governance.local_tokens import TokenAuthority
from governance.principal import Role
from governance.signed_tokens import header_of

SECRET = "a secret that is long enough even for HS512, which wants sixty-four bytes of it"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def authority(secret: str = SECRET, now: datetime = NOW, **changes: str) -> TokenAuthority:
    values = {"issuer": "partner-copilot", "audience": "partner-copilot"} | changes
    return TokenAuthority(secret=secret, clock=lambda: now, **values)


def identify(token: str, by: TokenAuthority | None = None) -> Identity:
    return (by or authority()).identify(token, header_of(token))


def request(**changes: object) -> TokenRequest:
    values: dict[str, object] = {
        "tenant": "acme",
        "roles": frozenset({Role.PARTNER_CONSULTANT}),
        "attributes": {"tier": "gold"},
        "subject": "kim",
    }
    return TokenRequest(**(values | changes))  # type: ignore[arg-type]


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


def without(name: str) -> dict[str, object]:
    return {key: value for key, value in claims().items() if key != name}


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_token_proves_who_it_was_made_for():
    asked = request()
    identity = identify(authority().issue(asked))
    principal = identity.principal
    assert (principal.subject, principal.tenant) == ("kim", "acme")
    assert "tier:gold" in principal.audiences
    assert identity.kind is CredentialKind.LOCAL_TOKEN
    assert identity.token_id == asked.token_id
    assert identity.expires == NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    ("verifier", "reason"),
    [
        (authority(secret="another secret that is long enough for HS256"), Refusal.BAD_SIGNATURE),
        (authority(issuer="somebody-else"), Refusal.WRONG_ISSUER),
        (authority(audience="another-service"), Refusal.WRONG_AUDIENCE),
        (authority(now=NOW + timedelta(hours=2)), Refusal.EXPIRED),
        (authority(now=NOW - timedelta(hours=1)), Refusal.NOT_YET_VALID),
    ],
    ids=["secret", "issuer", "audience", "expired", "from the future"],
)
def test_a_token_is_refused_where_it_does_not_hold(verifier: TokenAuthority, reason: Refusal):
    with pytest.raises(UnauthenticatedError) as caught:
        identify(authority().issue(request()), verifier)
    assert caught.value.reason is reason


@pytest.mark.parametrize("by", [timedelta(hours=1, seconds=29), timedelta(seconds=-29)])
def test_clocks_may_differ_by_half_a_minute(by: timedelta):
    assert identify(authority().issue(request()), authority(now=NOW + by))


@pytest.mark.parametrize("by", [timedelta(hours=1, seconds=31), timedelta(seconds=-31)])
def test_and_by_not_more(by: timedelta):
    with pytest.raises(UnauthenticatedError):
        identify(authority().issue(request()), authority(now=NOW + by))


OTHER_HEADERS = {
    "a key of its own": {"jwk": {"kty": "oct", "k": "AAAA"}},
    "a key's address": {"jku": "https://evil.example/keys"},
    "a certificate's address": {"x5u": "https://evil.example/cert"},
    "a certificate": {"x5c": ["MIIB"]},
    "what must be understood": {"crit": ["exp"]},
    "a payload that is encoded": {"b64": True},
    "a packed payload": {"zip": "DEF"},
}

REFUSED = {
    "nothing": ("", Refusal.MALFORMED),
    "no token": ("nonsense", Refusal.MALFORMED),
    "far too long": ("x" * 100_000, Refusal.MALFORMED),
    "three dots": ("...", Refusal.MALFORMED),
    "another alphabet": ("ü.ü.ü", Refusal.MALFORMED),
    "a header that is a list": (f"{part([])}.{part(claims(iat=1, exp=2))}.x", Refusal.MALFORMED),
    "a payload that is not encoded": (f"{part({'alg': 'HS256', 'b64': False})}.{part({})}.AAAA",
                                      Refusal.MALFORMED),
    "a deep header": (f"{'WyJb' * 1500}.e30.", Refusal.MALFORMED),
    "algorithm none": (jwt.encode(claims(), key="", algorithm="none"), Refusal.WRONG_ALGORITHM),
    "algorithm none, signed": (
        f"{part({'alg': 'none'})}.{jwt.encode(claims(), SECRET).split('.', 1)[1]}",
        Refusal.WRONG_ALGORITHM,
    ),
    "algorithm NoNe": (f"{part({'alg': 'NoNe'})}.{part({})}.", Refusal.WRONG_ALGORITHM),
    "no algorithm": (f"{part({'typ': 'JWT'})}.{part({})}.", Refusal.WRONG_ALGORITHM),
    "another algorithm": (jwt.encode(claims(), SECRET, algorithm="HS512"),
                          Refusal.WRONG_ALGORITHM),
    "an unknown algorithm": (f"{part({'alg': 'HS257'})}.{part({})}.AAAA",
                             Refusal.WRONG_ALGORITHM),
    "cut short": (jwt.encode(claims(), SECRET)[:-2] + "AA", Refusal.BAD_SIGNATURE),
    "without a signature": (jwt.encode(claims(), SECRET).rsplit(".", 1)[0] + ".",
                            Refusal.BAD_SIGNATURE),
    "an unknown role": (jwt.encode(claims(roles=["emperor"]), SECRET), Refusal.WRONG_CLAIMS),
    "a known and an unknown role": (
        jwt.encode(claims(roles=["partner_consultant", "emperor"]), SECRET), Refusal.WRONG_CLAIMS,
    ),
    "no roles": (jwt.encode(claims(roles=[]), SECRET), Refusal.WRONG_CLAIMS),
    "roles as a word": (jwt.encode(claims(roles="admin"), SECRET), Refusal.WRONG_CLAIMS),
    "roles in roles": (jwt.encode(claims(roles=[["admin"]]), SECRET), Refusal.WRONG_CLAIMS),
    "the house itself": (jwt.encode(claims(tenant=""), SECRET), Refusal.WRONG_CLAIMS),
    "no tenant": (jwt.encode(claims(tenant=None), SECRET), Refusal.WRONG_CLAIMS),
    "a long tenant": (jwt.encode(claims(tenant="t" * 129), SECRET), Refusal.WRONG_CLAIMS),
    "a tenant with a NUL": (jwt.encode(claims(tenant="a\x00"), SECRET), Refusal.WRONG_CLAIMS),
    "half a character": (jwt.encode(claims(sub="a\ud800"), SECRET), Refusal.WRONG_CLAIMS),
    "a long subject": (jwt.encode(claims(sub="s" * 256), SECRET), Refusal.WRONG_CLAIMS),
    "a subject that is a number": (jwt.encode(claims(sub=7), SECRET), Refusal.WRONG_CLAIMS),
    "an id that is a number": (jwt.encode(claims(jti=7), SECRET), Refusal.WRONG_CLAIMS),
    "attributes as a list": (jwt.encode(claims(attributes=["tier"]), SECRET),
                             Refusal.WRONG_CLAIMS),
    "an attribute with a NUL": (jwt.encode(claims(attributes={"tier": "a\x00"}), SECRET),
                                Refusal.WRONG_CLAIMS),
    "too many attributes": (jwt.encode(claims(attributes={str(n): "" for n in range(33)}), SECRET),
                            Refusal.WRONG_CLAIMS),
    "no end": (jwt.encode(without("exp"), SECRET), Refusal.WRONG_CLAIMS),
    "no beginning": (jwt.encode(without("iat"), SECRET), Refusal.WRONG_CLAIMS),
    "no issuer": (jwt.encode(without("iss"), SECRET), Refusal.WRONG_CLAIMS),
    "an endless end": (jwt.encode(claims(exp=float("inf")), SECRET), Refusal.WRONG_CLAIMS),
    "an end that is no number": (jwt.encode(claims(exp=float("nan")), SECRET),
                                 Refusal.WRONG_CLAIMS),
    "an end in words": (jwt.encode(claims(exp="2000000000"), SECRET), Refusal.WRONG_CLAIMS),
    "an end that is true": (jwt.encode(claims(exp=True), SECRET), Refusal.WRONG_CLAIMS),
    "too long a life": (jwt.encode(claims(exp=NOW + timedelta(days=31)), SECRET),
                        Refusal.TOO_LONG_LIVED),
    "later": (jwt.encode(claims(nbf=NOW + timedelta(minutes=10)), SECRET), Refusal.NOT_YET_VALID),
    "a beginning in words": (jwt.encode(claims(nbf="soon"), SECRET), Refusal.WRONG_CLAIMS),
    "a widget's token": (jwt.encode(claims(), SECRET, headers={"typ": "widget+jwt"}),
                         Refusal.UNTRUSTED_HEADER),
    "a long key name": (jwt.encode(claims(), SECRET, headers={"kid": "../" * 100}),
                        Refusal.UNKNOWN_KEY),
} | {
    name: (f"{part({'alg': 'HS256', **more})}.{part({})}.AAAA", Refusal.UNTRUSTED_HEADER)
    for name, more in OTHER_HEADERS.items()
}  # fmt: skip


@pytest.mark.parametrize(("token", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_anything_else_is_refused_in_the_same_words(token: str, reason: Refusal):
    with pytest.raises(UnauthenticatedError, match="not valid here or has expired") as caught:
        identify(token)
    assert caught.value.reason is reason


@pytest.mark.parametrize("reason", [Refusal.EXPIRED, Refusal.NOT_YET_VALID, Refusal.TOO_LONG_LIVED])
def test_what_only_the_time_is_wrong_with_still_proves_whom_it_was_for(reason: Refusal):
    token = {
        Refusal.EXPIRED: jwt.encode(claims(iat=NOW - timedelta(hours=3), exp=NOW), SECRET),
        Refusal.NOT_YET_VALID: jwt.encode(claims(nbf=NOW + timedelta(hours=1)), SECRET),
        Refusal.TOO_LONG_LIVED: jwt.encode(claims(exp=NOW + timedelta(days=99)), SECRET),
    }[reason]
    with pytest.raises(UnauthenticatedError) as caught:
        identify(token, authority(now=NOW + timedelta(minutes=1)))
    assert caught.value.reason is reason
    assert caught.value.proven
    assert caught.value.proven.principal.tenant == "acme"


def test_what_is_not_signed_proves_nobody():
    forged = jwt.encode(claims(iat=NOW - timedelta(hours=3), exp=NOW), SECRET[::-1])
    with pytest.raises(UnauthenticatedError) as caught:
        identify(forged, authority(now=NOW + timedelta(hours=1)))
    assert caught.value.proven is None


TOKEN = authority().issue(request())


@given(st.integers(0, len(TOKEN) - 1), st.characters(codec="ascii"))
def test_no_other_character_anywhere_is_let_through(place: int, character: str):
    changed = TOKEN[:place] + character + TOKEN[place + 1 :]
    try:
        found = identify(changed)
    except UnauthenticatedError:
        return
    # The last character of a part in base64 has bits that mean nothing.
    assert found == identify(TOKEN)


def test_names_as_long_as_the_database_has_room_for_are_known():
    token = authority().issue(request(tenant="t" * 128, subject="s" * 255))
    assert len(identify(token).principal.subject) == 255
    for names in ({"tenant": "t" * 129}, {"subject": "s" * 256}):
        with pytest.raises(InvalidRequestError, match="at most"):
            authority().issue(request(**names))


def test_a_subject_that_no_terminal_shows_is_not_issued():
    with pytest.raises(InvalidRequestError, match="control characters"):
        authority().issue(request(subject="kim\x1b[2J"))


@pytest.mark.parametrize("ttl", [timedelta(0), timedelta(seconds=-1), timedelta(days=31)])
def test_a_lifetime_out_of_bounds_is_not_issued(ttl: timedelta):
    with pytest.raises(InvalidRequestError, match="lives between"):
        authority().issue(request(ttl=ttl))


def test_a_token_of_the_longest_life_is_good():
    moment = NOW + timedelta(microseconds=999_999)
    token = authority(now=moment).issue(request(ttl=timedelta(days=30)))
    assert identify(token, authority(now=moment))
