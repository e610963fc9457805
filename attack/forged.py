"""Credentials that prove nothing, each as somebody would make it: forged, stolen, old, or ended."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from types import MappingProxyType
from typing import Any

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from attack.house import AttackedHouse, Door, Person
from governance.api_key import KeyRequest
from governance.house_secret import token_secret
from governance.principal import Permission, Role
from governance.revocations import Revocation
from tests.fakes.issuer import SigningKey

TENANT = "acme"
PORTAL, ELSEWHERE = "https://portal.example", "https://elsewhere.example"
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What somebody sends as proof of who they are. `headers` go along with it."""

    name: str
    bearer: str | None
    headers: Mapping[str, str] = field(default_factory=lambda: _NO_HEADERS)
    status: int = 401
    path: str = "/v1/me"

    @property
    def sent(self) -> dict[str, str]:
        """The headers of the request."""
        proof = {} if self.bearer is None else {"Authorization": f"Bearer {self.bearer}"}
        return {**proof, **self.headers}


@dataclass(slots=True)
class Forge:
    """Makes credentials for a house whose secret is stolen only where that is what is tried."""

    door: Door
    draw: Random
    trap: str
    """An address of ours: a house that fetches what a token names would be seen there."""
    number: int = 0

    @property
    def house(self) -> AttackedHouse:
        """The house that is attacked."""
        return self.door.house

    def claims(self, **changes: object) -> dict[str, Any]:
        """What a good token says, with changes; None takes a claim out."""
        self.number += 1
        now = int(self.house.calendar.now.timestamp())
        said = {
            "iss": self.house.settings.jwt_issuer,
            "aud": self.house.settings.jwt_audience,
            "sub": f"mallory-{self.number}",
            "jti": f"tok_forged{self.number}",
            "iat": now,
            "exp": now + 3600,
            "tenant": TENANT,
            "roles": ["partner_consultant"],
        }
        return {name: value for name, value in {**said, **changes}.items() if value is not None}

    def signed(self, claims: Mapping[str, Any], **header: object) -> str:
        """Signed with the house's own secret: only what is said is wrong."""
        secret = token_secret(self.house.settings.data_dir)
        # By hand: the library makes no token of claims that make no sense.
        unsigned = raw({"alg": "HS256", "typ": "JWT", **header}, claims)
        return resigned(unsigned, secret.encode())

    def good(self) -> str:
        """A token that holds."""
        return self.signed(self.claims())

    def moment(self, **ago: int) -> int:
        """Seconds since 1970, so long ago."""
        return int((self.house.calendar.now - timedelta(**ago)).timestamp())


def raw(header: object, claims: object, signature: bytes = b"") -> str:
    """A token put together by hand."""
    parts = [json.dumps(one).encode() for one in (header, claims)]
    return ".".join(
        base64.urlsafe_b64encode(one).rstrip(b"=").decode() for one in (*parts, signature)
    )


def local_forgeries(forge: Forge) -> Iterator[Credential]:
    """Against a house that signs its own tokens."""
    good = forge.good()
    yield Credential(name="none", bearer=None)
    for name, given in (
        ("of another scheme", "Basic YWRtaW46YWRtaW4="),
        ("twice in one header", f"Bearer {good} {good}"),
        ("without its scheme", good),
    ):
        yield Credential(name=name, bearer=None, headers={"Authorization": given})
    yield Credential(name="in the query", bearer=None, path=f"/v1/me?access_token={good}")
    yield Credential(name="in a cookie", bearer=None, headers={"Cookie": f"token={good}"})
    for name, bearer in (
        ("empty", ""),
        ("nonsense", "nonsense"),
        ("five parts", ".".join([*good.split("."), "a", "b"])),
        ("without signature", good.rpartition(".")[0] + "."),
        ("another's signature", f"{good.rpartition('.')[0]}.{forge.good().rpartition('.')[2]}"),
        ("oversized", good + "A" * 20_000),
        ("of another secret", jwt.encode(forge.claims(), "x" * 48, algorithm="HS256")),
        ("of an empty secret", _with_empty_secret(forge.claims())),
        ("HS512", _with_secret(forge, "HS512")),
    ):
        yield Credential(name=name, bearer=bearer)
    for spelled in ("none", "None", "NONE", "nOnE", "", None, 0):
        header = {"alg": spelled, "typ": "JWT"}
        yield Credential(name=f"alg {spelled!r}", bearer=raw(header, forge.claims()))
        signature = base64.urlsafe_b64decode(good.rpartition(".")[2] + "==")
        yield Credential(
            name=f"alg {spelled!r}, signed", bearer=raw(header, forge.claims(), signature)
        )
    yield from _wrong_claims(forge)
    yield from _wrong_headers(forge)
    yield from _mutations(forge)
    yield from _ended(forge)
    yield from _keys(forge)
    yield from _widgets(forge)


def _with_empty_secret(claims: Mapping[str, Any]) -> str:
    return resigned(raw({"alg": "HS256", "typ": "JWT", "kid": "/dev/null"}, claims), b"")


def _with_secret(forge: Forge, algorithm: str) -> str:
    secret = token_secret(forge.house.settings.data_dir)
    return jwt.encode(forge.claims(), secret.ljust(64, "x"), algorithm=algorithm)


def _wrong_claims(forge: Forge) -> Iterator[Credential]:
    changes: Mapping[str, Mapping[str, object]] = {
        "expired": {"iat": forge.moment(hours=3), "exp": forge.moment(hours=2)},
        "expired beyond the leeway": {
            "iat": forge.moment(hours=1),
            "exp": forge.moment(seconds=31),
        },
        "without end": {"exp": None},
        "an end that is text": {"exp": "tomorrow"},
        "an end beyond all time": {"exp": 10**30},
        "an end in milliseconds": {"exp": forge.moment(hours=-1) * 1000},
        "too long-lived": {"exp": forge.moment(days=-365)},
        "issued tomorrow": {"iat": forge.moment(days=-1), "exp": forge.moment(days=-2)},
        "not yet valid": {"nbf": forge.moment(hours=-1)},
        "another issuer": {"iss": "https://evil.example"},
        "no issuer": {"iss": None},
        "issuers": {"iss": ["partner-copilot", "https://evil.example"]},
        "another audience": {"aud": "another-service"},
        "no audience": {"aud": None},
        "the widgets' audience": {"aud": "partner-copilot/widget"},
        "no subject": {"sub": None},
        "a subject that is a list": {"sub": ["ada"]},
        "a subject with a line break": {"sub": "ada\nroot"},
        "no tenant": {"tenant": None},
        "an empty tenant": {"tenant": ""},
        "tenants": {"tenant": ["acme", "northstar"]},
        "an endless tenant": {"tenant": "a" * 5_000},
        "no roles": {"roles": None},
        "no role": {"roles": []},
        "roles that are text": {"roles": "admin"},
        "an unknown role": {"roles": ["emperor"]},
        "an unknown role among others": {"roles": ["admin", "emperor"]},
        "attributes that are a list": {"attributes": ["tier=gold"]},
        "an attribute that hides a marker": {"attributes": {"tier": "gold\x1fowner:northstar"}},
    }
    for name, change in changes.items():
        yield Credential(name=name, bearer=forge.signed(forge.claims(**change)))


def _wrong_headers(forge: Forge) -> Iterator[Credential]:
    own = {"kty": "oct", "k": base64.urlsafe_b64encode(b"x" * 32).decode()}
    headers: Mapping[str, Mapping[str, object]] = {
        "a key of its own (jwk)": {"jwk": own},
        "an address of keys (jku)": {"jku": f"{forge.trap}/keys"},
        "an address of a certificate (x5u)": {"x5u": f"{forge.trap}/certificate"},
        "a certificate of its own (x5c)": {"x5c": ["MIIB"]},
        "to be understood (crit)": {"crit": ["exp"]},
        "unencoded (b64)": {"b64": False},
        "packed (zip)": {"zip": "DEF"},
        "called a widget's": {"typ": "widget+jwt"},
        "called an identity token": {"typ": "logout+jwt"},
        "a kid that is a list": {"kid": ["a", "b"]},
        "an endless kid": {"kid": "a" * 3_000},
    }
    secret = token_secret(forge.house.settings.data_dir)
    for name, header in headers.items():
        bearer = raw({"alg": "HS256", "typ": "JWT", **header}, forge.claims())
        yield Credential(name=name, bearer=resigned(bearer, secret.encode()))
    for kid in ("../../../../dev/null", "/etc/passwd", "' OR '1'='1", "|id", "token-secret"):
        bearer = raw({"alg": "HS256", "typ": "JWT", "kid": kid}, forge.claims())
        yield Credential(name=f"kid {kid}", bearer=resigned(bearer, b""))


def resigned(token: str, secret: bytes) -> str:
    """HS256 with any secret: the library refuses what an attacker would do."""
    text = token.rpartition(".")[0]
    digest = hmac.new(secret, text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def _mutations(forge: Forge, number: int = 60) -> Iterator[Credential]:
    """One character of a good token changed, anywhere; and its claims made greater."""
    greater = {"roles": ["admin"]}, {"tenant": "northstar"}, {"exp": 4_000_000_000}
    for change in greater:
        header, _, signature = forge.good().split(".")
        body = raw({}, forge.claims(**change)).split(".")[1]
        yield Credential(name=f"tampered: {change}", bearer=f"{header}.{body}.{signature}")
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for turn in range(number):
        token = forge.good()
        # The last character of a signature has bits that say nothing.
        at = forge.draw.randrange(len(token) - 1)
        if token[at] == ".":
            continue
        other = forge.draw.choice([one for one in letters if one != token[at]])
        bearer = f"{token[:at]}{other}{token[at + 1 :]}"
        yield Credential(name=f"one character changed ({turn})", bearer=bearer)


def _ended(forge: Forge) -> Iterator[Credential]:
    revocations = forge.house.access.revocations
    claims = forge.claims()
    revocations.revoke(Revocation(tenant=TENANT, token_id=claims["jti"]))
    yield Credential(name="revoked by its id", bearer=forge.signed(claims))
    claims = forge.claims()
    revocations.revoke(Revocation(tenant=TENANT, subject=claims["sub"]))
    yield Credential(name="revoked with its subject", bearer=forge.signed(claims))


def _key(forge: Forge, **changes: object) -> tuple[str, str]:
    forge.number += 1
    values: dict[str, Any] = {
        "tenant": TENANT,
        "name": f"key {forge.number}",
        "roles": frozenset({Role.PARTNER_ADMIN}),
        "origins": frozenset({PORTAL}),
        "ttl": timedelta(days=30),
    }
    made = forge.house.access.api_keys.create(KeyRequest(**(values | changes)))
    return made.key.id, made.text


def _keys(forge: Forge) -> Iterator[Credential]:
    identity, text = _key(forge)
    _, other = _key(forge)
    secret = other.rpartition("_")[2]
    for name, bearer in (
        ("an API key that nobody made", f"pck_0123456789abcdef_{'A' * 43}"),
        ("an API key with another's secret", f"pck_{identity}_{secret}"),
        ("an API key without its end", text[:-1]),
        ("an API key in capitals", text.upper()),
        ("an API key with more", text + "A"),
        ("an API key's id", identity),
    ):
        yield Credential(name=name, bearer=bearer)
    calendar = forge.house.calendar
    _, short = _key(forge, ttl=timedelta(minutes=1))
    calendar.now += timedelta(minutes=2)
    yield Credential(name="an expired API key", bearer=short)
    ended, text = _key(forge)
    forge.house.access.api_keys.revoke(TENANT, ended)
    yield Credential(name="a revoked API key", bearer=text)
    _, narrow = _key(forge, scopes=frozenset({Permission.ASK}))
    for path in ("/v1/documents", "/v1/keys", "/v1/jobs"):
        yield Credential(
            name=f"an API key beyond its scope, {path}", bearer=narrow, path=path, status=403
        )


def _widgets(forge: Forge) -> Iterator[Credential]:
    key, text = _key(forge)
    token = widget_token(forge.door, text)
    at_home = {"Origin": PORTAL}
    for name, headers in (
        ("from another origin", {"Origin": ELSEWHERE}),
        ("without an origin", {}),
        ("from no origin", {"Origin": "null"}),
        ("from its origin's sibling", {"Origin": f"{PORTAL}.evil.example"}),
        ("from its origin over http", {"Origin": PORTAL.replace("https", "http")}),
        ("from two origins", {"Origin": f"{PORTAL}, {ELSEWHERE}"}),
        ("from a page on the same host, it says", {"Sec-Fetch-Site": "same-site"}),
    ):
        yield Credential(name=f"a widget token {name}", bearer=token, headers=headers, status=403)
    for path in ("/v1/keys", "/v1/jobs", "/v1/audit"):
        yield Credential(
            name=f"a widget token beyond its role, {path}",
            bearer=token,
            headers=at_home,
            path=path,
            status=403,
        )
    changed = raw({"alg": "HS256", "typ": "widget+jwt"}, {"tenant": "northstar"}).split(".")
    yield Credential(
        name="a widget token, tampered",
        bearer=f"{token.split('.')[0]}.{changed[1]}.{token.split('.')[2]}",
        headers=at_home,
    )
    forge.house.calendar.now += timedelta(minutes=16)
    yield Credential(name="a widget token that has ended", bearer=token, headers=at_home)
    late = widget_token(forge.door, text)
    forge.house.access.api_keys.revoke(TENANT, key)
    yield Credential(name="a widget token of a revoked key", bearer=late, headers=at_home)


def widget_token(door: Door, key: str) -> str:
    """A widget token for a person on the portal's page."""
    response = door.client.post(
        "/v1/widget-tokens",
        json={"subject": "kim", "origin": PORTAL},
        headers={"Authorization": f"Bearer {key}"},
    )
    token: str = response.json()["token"]
    return token


def issuer_forgeries(
    forge: Forge, known: SigningKey, other: SigningKey, claims: Callable[..., dict[str, Any]]
) -> Iterator[Credential]:
    """Against a house whose tokens another issuer signs, with the key that it publishes."""
    public = known.private.public_key()
    stolen = {
        "PEM": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "PEM without line break": public.public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        ).strip(),
        "DER": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "JWK": json.dumps(known.public).encode(),
        "modulus": str(known.public.get("n", "")).encode(),
    }
    for name, secret in stolen.items():
        for kid in (known.id, None):
            header = {"alg": "HS256", "typ": "JWT"} | ({"kid": kid} if kid else {})
            bearer = resigned(raw(header, claims()), secret)
            yield Credential(name=f"HS256 with the public key ({name}), kid {kid}", bearer=bearer)
    for name, bearer in (
        ("another key under the same name", other.sign(claims(), kid=known.id)),
        ("another key under no name", other.sign(claims())),
        ("RS512 with the right key", _with_algorithm(known, "RS512", claims())),
        ("PS256 with the right key", _with_algorithm(known, "PS256", claims())),
        ("none under the right name", raw({"alg": "none", "kid": known.id}, claims())),
        ("the house's own secret", forge.good()),
        ("a key of its own", other.sign(claims(), jwk=other.public)),
        ("an address of keys", other.sign(claims(), jku=f"{forge.trap}/keys")),
        ("an address of a certificate", other.sign(claims(), x5u=f"{forge.trap}/x")),
        ("another issuer", known.sign(claims(iss="https://evil.example"))),
        ("another audience", known.sign(claims(aud="another"))),
        ("expired", known.sign(claims(iat=forge.moment(hours=2), exp=forge.moment(hours=1)))),
        ("an unknown role", known.sign(claims(roles=["emperor"]))),
    ):
        yield Credential(name=f"issuer: {name}", bearer=bearer)
    for kid in ("../../etc/passwd", "unknown", "' OR 1=1 --", "", "a" * 500):
        yield Credential(name=f"issuer: kid {kid[:20]!r}", bearer=other.sign(claims(), kid=kid))


def _with_algorithm(key: SigningKey, algorithm: str, claims: Mapping[str, Any]) -> str:
    return jwt.encode(dict(claims), key.private, algorithm=algorithm, headers={"kid": key.id})


def goodies(door: Door) -> Iterator[Credential]:
    """What must be let in: or else nothing here would mean anything."""
    person = Person(tenant=TENANT, role=Role.PARTNER_CONSULTANT, subject="ada")
    yield Credential(name="a good token", bearer=door.house.token(person), status=200)
