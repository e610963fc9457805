"""Tokens as JSON Web Tokens: what holds for every kind of them, whoever signed it.

PyJWT checks the signature; here stands what a token may not decide about its own checking
(RFC 8725): the algorithm is pinned to the key, and a header that brings a key along, or asks to
be understood, is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import jwt
from jwt import PyJWK

from governance.identity import (
    LEEWAY,
    LONGEST_LIFE,
    LONGEST_SUBJECT,
    LONGEST_TENANT,
    CredentialKind,
    Identity,
    Refusal,
    UnauthenticatedError,
)
from governance.principal import Principal, Role

LONGEST_TOKEN = 8_192
WIDGET_TYPE = "widget+jwt"
PEOPLE_TYPES = frozenset({"", "jwt", "at+jwt", "application/at+jwt"})
"""What a token of a person calls itself in `typ` (RFC 9068 for the longer ones)."""

# Each would have the sender say with which key, or how, its token is to be checked.
_UNTRUSTED = frozenset({"jwk", "jku", "x5u", "x5c", "crit", "b64", "zip", "enc"})
_LONGEST_KID = 200
_MOST_ATTRIBUTES = 32
# Exceptions of PyJWT, narrower ones first.
_REASONS: Sequence[tuple[type[Exception], Refusal]] = (
    (jwt.InvalidSignatureError, Refusal.BAD_SIGNATURE),
    (jwt.InvalidAlgorithmError, Refusal.WRONG_ALGORITHM),
    (jwt.InvalidIssuerError, Refusal.WRONG_ISSUER),
    (jwt.InvalidAudienceError, Refusal.WRONG_AUDIENCE),
    (jwt.DecodeError, Refusal.MALFORMED),
    (jwt.InvalidTokenError, Refusal.WRONG_CLAIMS),
)
_NO_ATTRIBUTES: Mapping[str, str] = MappingProxyType({})
_LATEST = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a token must say of who issued it and for whom."""

    issuer: str
    audience: str
    also_required: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What of a token's header is looked at before its signature is checked."""

    type: str
    key_id: str | None


def header_of(token: str) -> Header:
    """The header of a token that nothing is known of; raises `UnauthenticatedError`."""
    if len(token) > LONGEST_TOKEN:
        raise UnauthenticatedError(reason=Refusal.MALFORMED)
    try:
        found: Mapping[str, Any] = jwt.get_unverified_header(token)
    except (jwt.DecodeError, ValueError, RecursionError):
        raise UnauthenticatedError(reason=Refusal.MALFORMED) from None
    except jwt.InvalidTokenError:
        raise UnauthenticatedError(reason=Refusal.UNTRUSTED_HEADER) from None
    if not _UNTRUSTED.isdisjoint(found):
        raise UnauthenticatedError(reason=Refusal.UNTRUSTED_HEADER)
    kind, key_id = found.get("typ", ""), found.get("kid")
    if not isinstance(kind, str) or not (key_id is None or isinstance(key_id, str)):
        raise UnauthenticatedError(reason=Refusal.MALFORMED)
    if key_id is not None and len(key_id) > _LONGEST_KID:
        raise UnauthenticatedError(reason=Refusal.UNKNOWN_KEY)
    return Header(type=kind.casefold(), key_id=key_id)


def verified(
    token: str, *, key: str | bytes | PyJWK, algorithm: str, expected: Expected
) -> Mapping[str, Any]:
    """The claims of a token whose signature, issuer and audience hold.

    Times are left to the caller, who has the clock. Raises `UnauthenticatedError`.
    """
    try:
        claims: Mapping[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            issuer=expected.issuer,
            audience=expected.audience,
            options={
                "require": ["exp", "iat", "sub", "iss", "aud", *expected.also_required],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
    except (jwt.InvalidTokenError, ValueError, TypeError, RecursionError) as error:
        reason = next(
            (reason for kind, reason in _REASONS if isinstance(error, kind)), Refusal.MALFORMED
        )
        raise UnauthenticatedError(reason=reason) from None
    return claims


def person_of(claims: Mapping[str, Any], kind: CredentialKind) -> Identity:
    """Whom verified claims name; raises `UnauthenticatedError` where they make no sense.

    A role that is not known here refuses the token: what we do not understand we do not guess.
    """
    try:
        return Identity(
            principal=Principal(
                subject=named(claims["sub"], LONGEST_SUBJECT),
                tenant=named(claims["tenant"], LONGEST_TENANT),
                roles=_roles(claims["roles"]),
                attributes=attributes_of(claims),
            ),
            kind=kind,
            token_id=named(claims["jti"], LONGEST_SUBJECT) if "jti" in claims else "",
            issued=moment(claims["iat"]),
            expires=moment(claims["exp"]),
        )
    except (ValueError, TypeError, KeyError):
        raise UnauthenticatedError(reason=Refusal.WRONG_CLAIMS) from None


def _roles(found: object) -> frozenset[Role]:
    if not isinstance(found, list) or not found:
        raise TypeError
    return frozenset(Role(one) for one in found)


def in_time(identity: Identity, claims: Mapping[str, Any], now: datetime) -> Identity:
    """The same identity, if its token holds at this moment; raises `UnauthenticatedError`.

    Comes after the signature: the record may name whom an expired token proves.
    """
    try:
        begins = max(identity.issued, moment(claims.get("nbf", 0)))
    except ValueError:
        raise UnauthenticatedError(reason=Refusal.WRONG_CLAIMS) from None
    if identity.expires - identity.issued > LONGEST_LIFE:
        raise UnauthenticatedError(reason=Refusal.TOO_LONG_LIVED, proven=identity)
    if now < begins - LEEWAY:
        raise UnauthenticatedError(reason=Refusal.NOT_YET_VALID, proven=identity)
    if now >= identity.expires + LEEWAY:
        raise UnauthenticatedError(reason=Refusal.EXPIRED, proven=identity)
    return identity


def moment(value: object) -> datetime:
    """A NumericDate (RFC 7519, section 2) as a moment; raises `ValueError`."""
    # True is an int to Python, and NaN and infinity are JSON to its parser.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _LATEST:
        raise ValueError
    return datetime.fromtimestamp(value, UTC)


def attributes_of(claims: Mapping[str, Any]) -> Mapping[str, str]:
    """The claim `attributes`; raises `ValueError` or `TypeError` where it is none."""
    found = claims.get("attributes", _NO_ATTRIBUTES)
    if not isinstance(found, Mapping):
        raise TypeError
    if len(found) > _MOST_ATTRIBUTES:
        raise ValueError
    attributes = {str(name): str(value) for name, value in found.items()}
    # They become audiences, and those go to the database and the index.
    if not all(name.isprintable() and value.isprintable() for name, value in attributes.items()):
        raise ValueError
    return attributes


def named(value: object, longest: int) -> str:
    """A name that can be stored and shown; raises `ValueError`.

    Control characters and lone surrogates are what no database and no terminal takes well.
    """
    if not isinstance(value, str) or not 0 < len(value) <= longest or not value.isprintable():
        raise ValueError
    return value
