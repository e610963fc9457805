"""Tokens of another issuer, with its keys behind a real server."""

import hashlib
import hmac
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from foundation.errors import ConfigurationError
from governance import jwks
from governance.identity import CredentialKind, Identity, Refusal, UnauthenticatedError
from governance.jwks import FRESH_SECONDS, REFETCHES_AT_ONCE, IssuerKeys, IssuerTokens
from governance.signed_tokens import header_of
from tests.fakes.issuer import (
    AUDIENCE,
    NAME,
    Issuer,
    SigningKey,
    ec_key,
    part,
    rsa_key,
    said,
    served,
)
from tests.fakes.waiting import wait_until

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
RSA, EC = rsa_key("r1"), ec_key("e1")


class Seconds:
    """A monotonic clock that a test turns."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with served(RSA, EC) as one:
        yield one


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


Identify = Callable[[str], Identity]


@pytest.fixture
def identify(issuer: Issuer, seconds: Seconds) -> Identify:
    keys = IssuerKeys(issuer.url, seconds=seconds)
    tokens = IssuerTokens(keys=keys, issuer=NAME, audience=AUDIENCE, clock=lambda: NOW)
    return lambda token: tokens.identify(token, header_of(token))


def refused(identify: Identify, token: str) -> Refusal:
    with pytest.raises(UnauthenticatedError, match="not valid here or has expired") as caught:
        identify(token)
    return caught.value.reason


class TestAToken:
    @pytest.mark.parametrize("key", [RSA, EC], ids=["RS256", "ES256"])
    def test_of_either_algorithm_proves_who_it_was_made_for(
        self, identify: Identify, key: SigningKey
    ):
        identity = identify(key.sign(said(NOW, attributes={"tier": "gold"})))
        assert identity.kind is CredentialKind.ISSUER_TOKEN
        assert identity.token_id == "one"
        assert identity.principal.subject == "kim"
        assert "tier:gold" in identity.principal.audiences

    def test_may_be_for_several_audiences_and_call_itself_an_access_token(self, identify: Identify):
        assert identify(RSA.sign(said(NOW, aud=["other", AUDIENCE]), typ="at+JWT"))

    def test_needs_no_id(self, identify: Identify):
        claims = {name: value for name, value in said(NOW).items() if name != "jti"}
        assert identify(RSA.sign(claims)).token_id == ""

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"iss": "https://other.example"}, Refusal.WRONG_ISSUER),
            ({"aud": "other"}, Refusal.WRONG_AUDIENCE),
            ({"iat": NOW - timedelta(hours=2), "exp": NOW - timedelta(hours=1)}, Refusal.EXPIRED),
            ({"iat": NOW + timedelta(minutes=1)}, Refusal.NOT_YET_VALID),
            ({"nbf": NOW + timedelta(minutes=1)}, Refusal.NOT_YET_VALID),
            ({"exp": NOW + timedelta(days=31)}, Refusal.TOO_LONG_LIVED),
            ({"roles": ["emperor"]}, Refusal.WRONG_CLAIMS),
            ({"tenant": ""}, Refusal.WRONG_CLAIMS),
        ],
        ids=lambda one: next(iter(one)) if isinstance(one, dict) else None,
    )
    def test_that_does_not_hold_is_refused(
        self, identify: Identify, changes: dict[str, object], reason: Refusal
    ):
        assert refused(identify, EC.sign(said(NOW, **changes))) is reason


class TestAForgedToken:
    def test_without_an_algorithm(self, identify: Identify):
        claims = said(iat=1, exp=2**31)
        for algorithm in ("none", "NONE", ""):
            token = f"{part({'alg': algorithm, 'kid': 'r1'})}.{part(claims)}."
            assert refused(identify, token) is Refusal.WRONG_ALGORITHM

    @pytest.mark.parametrize("form", ["pem", "pem without its end", "jwk"])
    def test_signed_with_the_public_key_as_a_shared_secret(self, identify: Identify, form: str):
        pem = RSA.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        secret = {"pem": pem, "pem without its end": pem.strip(),
                  "jwk": str(RSA.public["n"]).encode()}[form]  # fmt: skip
        body = f"{part({'alg': 'HS256', 'typ': 'JWT', 'kid': 'r1'})}.{part(said(iat=1, exp=2**31))}"
        signature = hmac.new(secret, body.encode(), hashlib.sha256).digest()
        token = f"{body}.{jwt.utils.base64url_encode(signature).decode()}"
        assert refused(identify, token) is Refusal.WRONG_ALGORITHM

    def test_under_the_name_of_a_key_of_the_other_kind(self, identify: Identify):
        token = EC.sign(said(NOW), kid="r1")
        assert refused(identify, token) is Refusal.WRONG_ALGORITHM

    @pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS256"])
    def test_with_a_relative_of_the_algorithm(self, identify: Identify, algorithm: str):
        token = jwt.encode(said(NOW), RSA.private, algorithm=algorithm, headers={"kid": "r1"})
        assert refused(identify, token) is Refusal.WRONG_ALGORITHM

    def test_by_somebody_else_under_a_known_name(self, identify: Identify):
        token = rsa_key("another").sign(said(NOW), kid="r1")
        assert refused(identify, token) is Refusal.BAD_SIGNATURE

    def test_that_brings_its_own_key(self, identify: Identify):
        own = rsa_key("another")
        for header in ({"jwk": own.public}, {"jku": "https://evil.example/keys"},
                       {"x5u": "https://evil.example/x"}, {"x5c": ["MIIB"]}):  # fmt: skip
            assert refused(identify, own.sign(said(NOW), **header)) is Refusal.UNTRUSTED_HEADER

    @pytest.mark.parametrize("kid", ["../../etc/passwd", "r1'--", "http://evil.example", "", "R1"])
    def test_whose_key_name_leads_somewhere(self, identify: Identify, kid: str):
        assert refused(identify, RSA.sign(said(NOW), kid=kid)) is Refusal.UNKNOWN_KEY

    def test_changed_after_it_was_signed(self, identify: Identify):
        head, _, signature = RSA.sign(said(NOW)).split(".")
        claims = part({**said(), "iat": 1, "exp": 2**31, "roles": ["admin"]})
        assert refused(identify, f"{head}.{claims}.{signature}") is Refusal.BAD_SIGNATURE

    def test_without_a_key_name_where_there_are_several_keys(
        self, issuer: Issuer, seconds: Seconds
    ):
        issuer.keys = [RSA.public, rsa_key("r2").public]
        tokens = IssuerTokens(
            keys=IssuerKeys(issuer.url, seconds=seconds),
            issuer=NAME, audience=AUDIENCE, clock=lambda: NOW,
        )  # fmt: skip
        token = SigningKey(None, "RS256", RSA.private).sign(said(NOW))
        assert refused(lambda one: tokens.identify(one, header_of(one)), token) is (
            Refusal.UNKNOWN_KEY
        )


def test_without_a_key_name_the_only_key_of_the_algorithm_is_meant(identify: Identify):
    for key in (RSA, EC):
        assert identify(SigningKey(None, key.algorithm, key.private).sign(said(NOW)))


class TestKeysThatChange:
    def test_a_new_key_is_known_at_once(self, issuer: Issuer, identify: Identify):
        new = rsa_key("r2")
        issuer.keys = [new.public]
        assert identify(new.sign(said(NOW)))
        assert refused(identify, RSA.sign(said(NOW))) is Refusal.UNKNOWN_KEY

    def test_a_key_that_was_taken_back_ends_when_the_keys_are_no_longer_fresh(
        self, issuer: Issuer, identify: Identify, seconds: Seconds
    ):
        issuer.keys = [EC.public]
        assert identify(RSA.sign(said(NOW)))
        seconds.now += FRESH_SECONDS
        # Asked for beside the request, which is still answered by the keys that were known.
        assert identify(EC.sign(said(NOW)))
        wait_until(lambda: issuer.asked == 2)
        wait_until(lambda: _is_refused(identify, RSA.sign(said(NOW))))

    def test_made_up_names_do_not_become_requests(
        self, issuer: Issuer, identify: Identify, seconds: Seconds
    ):
        for number in range(300):
            assert refused(identify, RSA.sign(said(NOW), kid=str(number))) is Refusal.UNKNOWN_KEY
        assert issuer.asked == 1 + REFETCHES_AT_ONCE
        seconds.now += 25
        for number in range(300):
            refused(identify, RSA.sign(said(NOW), kid=str(number)))
        assert issuer.asked == 1 + REFETCHES_AT_ONCE + 2

    def test_made_up_names_hold_nobody_up_while_the_issuer_is_slow(
        self, issuer: Issuer, identify: Identify
    ):
        issuer.awake.clear()
        good, bad = RSA.sign(said(NOW)), RSA.sign(said(NOW), kid="made-up")
        with ThreadPoolExecutor(8) as pool:
            flood = [pool.submit(refused, identify, bad) for _ in range(8)]
            # Three wait for the issuer at most; the others are refused meanwhile.
            wait_until(lambda: sum(one.done() for one in flood) >= 5)
            began = time.monotonic()
            assert identify(good)
            assert time.monotonic() - began < 1
            issuer.awake.set()
            assert {one.result() for one in flood} == {Refusal.UNKNOWN_KEY}

    def test_while_the_issuer_is_away_the_known_keys_go_on(
        self, issuer: Issuer, identify: Identify, seconds: Seconds,
        caplog: pytest.LogCaptureFixture,
    ):  # fmt: skip
        issuer.status = 503
        seconds.now += 10 * FRESH_SECONDS
        assert identify(RSA.sign(said(NOW)))
        wait_until(lambda: "stay in use" in caplog.text)
        assert refused(identify, rsa_key("r2").sign(said(NOW))) is Refusal.UNKNOWN_KEY
        assert identify(EC.sign(said(NOW)))


def test_only_an_unknown_key_name_may_have_the_issuer_asked(issuer: Issuer):
    tokens = IssuerTokens(
        keys=IssuerKeys(issuer.url), issuer=NAME, audience=AUDIENCE, clock=lambda: NOW
    )
    assert not tokens.waits(RSA.sign(said(NOW)))
    assert not tokens.waits("nonsense")
    assert tokens.waits(RSA.sign(said(NOW), kid="r2"))


def _is_refused(identify: Identify, token: str) -> bool:
    try:
        identify(token)
    except UnauthenticatedError:
        return True
    return False


class TestAtTheStart:
    def test_an_issuer_that_does_not_answer_is_named(self):
        with served(RSA) as issuer:
            url = issuer.url
        with pytest.raises(ConfigurationError, match=r"COPILOT_JWT_JWKS_URL: .*cannot be fetched"):
            IssuerKeys(url)

    @pytest.mark.parametrize(
        ("body", "told"),
        [
            (b"<html>", "is not JSON"),
            (b"[]", "is no key set"),
            (b'{"keys": {}}', "is no key set"),
            (b'{"keys": []}', "no key at"),
            (b'{"keys": [1, null, {"kty": "RSA"}, {"kty": "EC", "crv": "P-256"}]}', "no key at"),
            (b"[" * 100_000, "is not JSON"),
            (b'{"keys": [' + b" " * 300_000 + b"]}", "sends more than 256 KiB"),
        ],
        ids=lambda one: one[:20] if isinstance(one, bytes) else None,
    )
    def test_what_are_no_keys_is_told(self, issuer: Issuer, body: bytes, told: str):
        issuer.body = body
        with pytest.raises(ConfigurationError, match=told):
            IssuerKeys(issuer.url)

    @pytest.mark.parametrize("status", [204, 302, 404, 500])
    def test_another_answer_than_200_is_told(self, issuer: Issuer, status: int):
        issuer.status, issuer.headers = status, {"Location": issuer.url}
        with pytest.raises(ConfigurationError, match=f"answers with {status}"):
            IssuerKeys(issuer.url)
        assert issuer.asked == 1

    def test_one_that_sends_nothing_is_not_waited_for(
        self, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(jwks, "TIMEOUT_SECONDS", 0.2)
        issuer.awake.clear()
        with pytest.raises(ConfigurationError, match="ReadTimeout"):
            IssuerKeys(issuer.url)

    def test_no_password_in_the_address_is_shown(self):
        with served(RSA) as issuer:
            url = issuer.url.replace("http://", "http://name:heliotrope@") + "?key=heliotrope"
        with pytest.raises(ConfigurationError) as caught:
            IssuerKeys(url)
        assert "heliotrope" not in str(caught.value)

    @pytest.mark.parametrize(
        "unusable",
        [
            {"use": "enc"},
            {"alg": "RS512"},
            {"alg": "none"},
            {"key_ops": ["encrypt"]},
            {"kty": "oct", "k": "AAAA"},
            {"kid": 7},
            {"d": "AQAB"},
            {"n": "!"},
        ],
        ids=str,
    )
    def test_keys_that_are_for_something_else_are_not_used(
        self, issuer: Issuer, unusable: dict[str, object]
    ):
        issuer.keys = [RSA.public | unusable, EC.public]
        keys = IssuerKeys(issuer.url)
        assert keys.named("r1") == ()
        assert len(keys.named("e1")) == 1

    def test_a_short_key_is_not_used(self, issuer: Issuer):
        issuer.keys = [rsa_key("short", 1024).public, EC.public]
        assert IssuerKeys(issuer.url).named("short") == ()
