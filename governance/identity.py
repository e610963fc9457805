"""Who is asking: a signed token becomes a `Principal`, and nothing else does."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import jwt

from foundation.clock import Clock
from foundation.errors import CopilotError, InvalidRequestError
from foundation.ids import new_id
from foundation.secret_file import kept_secret
from governance.principal import Principal, Role

_ALGORITHM = "HS256"
_LEEWAY = timedelta(seconds=30)
_LONGEST_TTL = timedelta(days=30)
_LONGEST_TOKEN = 8_192
_ATTRIBUTES = "attributes"
# As much as the database has room for: what is recorded names who it was.
_LONGEST_SUBJECT = 255
_LONGEST_TENANT = 128


class UnauthenticatedError(CopilotError):
    """The request carries no token that proves who is asking."""


class ForbiddenError(CopilotError):
    """The asker is known, and may not do this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """What a token should say. `ttl` is how long it is good for.

    Without a `subject` the token is somebody's own: what two people ask must not meet under a
    name that neither of them chose.
    """

    tenant: str
    roles: frozenset[Role]
    attributes: Mapping[str, str] = field(default_factory=dict)
    subject: str = field(default_factory=lambda: f"user-{secrets.token_hex(8)}")
    ttl: timedelta = timedelta(hours=1)


class TokenAuthority:
    """Signs and verifies HS256 tokens with one secret, for one issuer and audience.

    The algorithm is pinned, so that a token cannot choose how it is checked (RFC 8725, 3.1).
    """

    def __init__(self, *, secret: str, issuer: str, audience: str, clock: Clock) -> None:
        self._secret = secret
        self._issuer = issuer
        self._audience = audience
        self._clock = clock

    def issue(self, request: TokenRequest) -> str:
        """A signed token. Raises `InvalidRequestError` for a lifetime that makes no sense."""
        if not timedelta(0) < request.ttl <= _LONGEST_TTL:
            message = f"a token lives between a second and {_LONGEST_TTL.days} days"
            raise InvalidRequestError(message)
        if not request.roles:
            raise InvalidRequestError("a token needs at least one role; name it with --role")
        if len(request.tenant) > _LONGEST_TENANT or len(request.subject) > _LONGEST_SUBJECT:
            message = (
                f"a tenant has at most {_LONGEST_TENANT} characters, "
                f"a subject at most {_LONGEST_SUBJECT}"
            )
            raise InvalidRequestError(message)
        now = self._clock()
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": request.subject,
            "jti": new_id("tok"),
            "iat": now,
            "exp": now + request.ttl,
            "tenant": request.tenant,
            "roles": sorted(role.value for role in request.roles),
            _ATTRIBUTES: dict(request.attributes),
        }
        return jwt.encode(claims, self._secret, algorithm=_ALGORITHM)

    def verify(self, token: str) -> Principal:
        """The principal a token proves; `UnauthenticatedError` for any other token.

        The message never says which check failed: that would help only who is guessing.
        """
        if len(token) > _LONGEST_TOKEN:
            raise UnauthenticatedError(_REFUSED)
        now = self._clock()
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[_ALGORITHM],
                issuer=self._issuer,
                audience=self._audience,
                options={
                    "require": ["exp", "iat", "sub", "iss", "aud"],
                    # Times are checked below, against the clock that is passed in.
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
            if not claims["iat"] - _LEEWAY.total_seconds() <= now.timestamp():
                raise UnauthenticatedError(_REFUSED)
            if now.timestamp() >= claims["exp"] + _LEEWAY.total_seconds():
                raise UnauthenticatedError(_REFUSED)
            return _principal(claims)
        except (jwt.InvalidTokenError, ValueError, TypeError, KeyError, UnicodeError):
            raise UnauthenticatedError(_REFUSED) from None


_REFUSED = (
    "the token is not valid here or has expired; "
    "send a current one as 'Authorization: Bearer TOKEN' (partner-copilot token makes one)"
)


def token_secret(data_dir: Path) -> str:
    """The secret in the data folder, made on first use and readable by its owner only."""
    return kept_secret(
        data_dir / "token-secret",
        what="token secret",
        when_damaged="delete it, and every token made with it ends",
    )


def _principal(claims: Mapping[str, object]) -> Principal:
    tenant, subject, roles = claims["tenant"], claims["sub"], claims["roles"]
    attributes = claims.get(_ATTRIBUTES, {})
    if not (isinstance(tenant, str) and tenant and isinstance(subject, str) and subject):
        raise ValueError
    if len(tenant) > _LONGEST_TENANT or len(subject) > _LONGEST_SUBJECT:
        raise ValueError
    if not (isinstance(roles, list) and roles and isinstance(attributes, dict)):
        raise TypeError
    return Principal(
        subject=subject,
        tenant=tenant,
        roles=frozenset(Role(role) for role in roles),
        attributes={str(name): str(value) for name, value in attributes.items()},
    )
