"""Tokens that this house signs itself: HS256 with one secret, for one issuer and audience."""

from datetime import timedelta

import jwt
from sqlalchemy import Connection

from foundation.clock import Clock
from foundation.errors import InvalidRequestError
from governance.audit import CONSOLE, Action, AuditEvent, record
from governance.identity import (
    LONGEST_LIFE,
    LONGEST_SUBJECT,
    LONGEST_TENANT,
    CredentialKind,
    Identity,
    Refusal,
    TokenRequest,
    UnauthenticatedError,
)
from governance.signed_tokens import PEOPLE_TYPES, Expected, Header, in_time, person_of, verified

_ALGORITHM = "HS256"


class TokenAuthority:
    """Signs tokens and verifies them.

    The algorithm is pinned, so that a token cannot choose how it is checked (RFC 8725, 3.1).
    """

    def __init__(self, *, secret: str, issuer: str, audience: str, clock: Clock) -> None:
        self._secret = secret
        self._expected = Expected(issuer=issuer, audience=audience)
        self._clock = clock

    def waits(self, token: str) -> bool:  # noqa: ARG002 - others do
        """It needs nothing but its secret."""
        return False

    def issue(self, request: TokenRequest) -> str:
        """A signed token. Raises `InvalidRequestError` for a lifetime that makes no sense."""
        if not timedelta(0) < request.ttl <= LONGEST_LIFE:
            message = f"a token lives between a second and {LONGEST_LIFE.days} days"
            raise InvalidRequestError(message)
        if not request.roles:
            raise InvalidRequestError("a token needs at least one role; name it with --role")
        if len(request.tenant) > LONGEST_TENANT or len(request.subject) > LONGEST_SUBJECT:
            message = (
                f"a tenant has at most {LONGEST_TENANT} characters, "
                f"a subject at most {LONGEST_SUBJECT}"
            )
            raise InvalidRequestError(message)
        if not request.subject.isprintable():
            raise InvalidRequestError("a subject has no control characters; choose another one")
        now = self._clock()
        claims = {
            "iss": self._expected.issuer,
            "aud": self._expected.audience,
            "sub": request.subject,
            "jti": request.token_id,
            # With its fraction: who is revoked and comes back within the second is let in again.
            "iat": now.timestamp(),
            "exp": int((now + request.ttl).timestamp()),
            "tenant": request.tenant,
            "roles": sorted(role.value for role in request.roles),
            "attributes": dict(request.attributes),
        }
        return jwt.encode(claims, self._secret, algorithm=_ALGORITHM)

    def identify(self, token: str, header: Header) -> Identity:
        """Whom a token proves; `UnauthenticatedError` for any other token."""
        if header.type not in PEOPLE_TYPES:
            raise UnauthenticatedError(reason=Refusal.UNTRUSTED_HEADER)
        claims = verified(token, key=self._secret, algorithm=_ALGORITHM, expected=self._expected)
        return in_time(person_of(claims, CredentialKind.LOCAL_TOKEN), claims, self._clock())


def put_on_record(connection: Connection, request: TokenRequest, *, clock: Clock) -> None:
    """Say that a token was made at the console, inside the caller's transaction."""
    now = clock()
    record(
        connection,
        AuditEvent(
            tenant=request.tenant,
            at=now,
            action=Action.TOKEN_ISSUED,
            actor=CONSOLE,
            target=request.token_id,
            details={
                "subject": request.subject,
                "roles": sorted(role.value for role in request.roles),
                "expires_at": (now + request.ttl).isoformat(),
            },
        ),
    )
