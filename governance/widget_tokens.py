"""Widget tokens: short-lived, for one person on one page, minted by the host's own backend.

The backend holds an API key and asks for a token for whoever is signed in on its page. The token
is good at that page's origin only, for a partner consultant of the key's tenant, and ends with
the key. It has a key, an audience and a type of its own, so that no other verifier takes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import jwt
from sqlalchemy import Connection

from foundation.clock import Clock
from foundation.database import Database
from foundation.errors import InvalidRequestError
from foundation.ids import new_id
from governance.api_key import ApiKey, found_key
from governance.audit import Action, event_of, record
from governance.identity import (
    LONGEST_SUBJECT,
    LONGEST_TENANT,
    CredentialKind,
    ForbiddenError,
    Identity,
    Refusal,
    UnauthenticatedError,
)
from governance.origins import LONGEST_ORIGIN, checked_origin
from governance.principal import Permission, Principal, Role
from governance.signed_tokens import (
    WIDGET_TYPE,
    Expected,
    attributes_of,
    in_time,
    moment,
    named,
    verified,
)

LONGEST_WIDGET_LIFE = timedelta(hours=1)
USUAL_WIDGET_LIFE = timedelta(minutes=15)
LONGEST_WIDGET_SUBJECT = 128
ATTRIBUTES = frozenset({"tier", "region"})
"""What a widget token may say of its person besides the name."""
_ALGORITHM = "HS256"
_ROLES = frozenset({Role.PARTNER_CONSULTANT})


@dataclass(frozen=True, slots=True, kw_only=True)
class WidgetRequest:
    """For whom, on which page and how long. `attributes` None: those of the API key."""

    subject: str
    origin: str
    attributes: Mapping[str, str] | None = None
    ttl: timedelta = USUAL_WIDGET_LIFE


@dataclass(frozen=True, slots=True, kw_only=True)
class Minted:
    """A widget token and how long it is good for."""

    token: str
    expires_in: timedelta


class WidgetTokens:
    """Mints widget tokens and verifies them."""

    def __init__(
        self, *, database: Database, key: bytes, issuer: str, audience: str, clock: Clock
    ) -> None:
        self._database = database
        self._key = key
        self._expected = Expected(
            issuer=issuer, audience=f"{audience}/widget", also_required=("jti",)
        )
        self._clock = clock

    def mint(self, request: WidgetRequest, by: Identity) -> Minted:
        """A token for a person on the host's page, on the record.

        Raises `ForbiddenError` where no API key asks, or where the key is not for this origin or
        these attributes.
        """
        origin = checked_origin(request.origin)
        subject = _subject(origin, request.subject)
        if not timedelta(0) < request.ttl <= LONGEST_WIDGET_LIFE:
            most = int(LONGEST_WIDGET_LIFE.total_seconds())
            raise InvalidRequestError(f"a widget token lives between 1 and {most} seconds")
        now = self._clock()
        with self._database.write() as connection:
            key = found_key(connection, by.key_id) if by.kind is CredentialKind.API_KEY else None
            if key is None:
                raise _refused("only an API key mints widget tokens; use one of the host's backend")
            if origin not in key.origins:
                raise _refused("the API key is not for this origin; make one that names it")
            attributes = _attributes(key, request.attributes)
            expires = min(now + request.ttl, key.expires_at)
            token_id = new_id("wgt")
            claims = {
                "iss": self._expected.issuer,
                "aud": self._expected.audience,
                "sub": subject,
                "jti": token_id,
                "iat": now.timestamp(),
                "exp": int(expires.timestamp()),
                "tenant": key.principal.tenant,
                "attributes": attributes,
                "origin": origin,
                "key": key.id,
            }
            record(
                connection,
                event_of(
                    key.principal,
                    at=now,
                    action=Action.WIDGET_TOKEN_ISSUED,
                    target=token_id,
                    details={
                        "subject": subject,
                        "origin": origin,
                        "attributes": attributes,
                        "expires_at": expires.isoformat(),
                    },
                ),
            )
        token = jwt.encode(claims, self._key, algorithm=_ALGORITHM, headers={"typ": WIDGET_TYPE})
        return Minted(token=token, expires_in=expires - now)

    def identify(self, connection: Connection, token: str) -> Identity:
        """Whom a token proves, on the page of its origin; raises `UnauthenticatedError`."""
        claims = verified(token, key=self._key, algorithm=_ALGORITHM, expected=self._expected)
        try:
            identity = Identity(
                principal=Principal(
                    subject=named(claims["sub"], LONGEST_SUBJECT),
                    tenant=named(claims["tenant"], LONGEST_TENANT),
                    roles=_ROLES,
                    attributes=attributes_of(claims),
                    minted_by=named(claims["key"], LONGEST_SUBJECT),
                ),
                kind=CredentialKind.WIDGET_TOKEN,
                token_id=named(claims["jti"], LONGEST_SUBJECT),
                issued=moment(claims["iat"]),
                expires=moment(claims["exp"]),
                origin=named(claims["origin"], LONGEST_ORIGIN),
                key_id=named(claims["key"], LONGEST_SUBJECT),
            )
        except (ValueError, TypeError, KeyError):
            raise UnauthenticatedError(reason=Refusal.WRONG_CLAIMS) from None
        now = self._clock()
        in_time(identity, claims, now)
        key = found_key(connection, identity.key_id)
        if key is None or key.principal.tenant != identity.principal.tenant or key.refusal(now):
            raise UnauthenticatedError(reason=Refusal.REVOKED, proven=identity)
        return identity


def _subject(origin: str, subject: str) -> str:
    """The person under the host's name: no host may speak for a person of elsewhere.

    What somebody asked belongs to tenant and subject, and hosts choose their names themselves.
    """
    if not 0 < len(subject) <= LONGEST_WIDGET_SUBJECT or not subject.isprintable():
        raise InvalidRequestError(
            f"a subject has 1 to {LONGEST_WIDGET_SUBJECT} characters, none of them control ones"
        )
    return f"{origin}/{subject}"


def _attributes(key: ApiKey, asked: Mapping[str, str] | None) -> dict[str, str]:
    """What the token says of its person: nothing that the key does not say itself."""
    own = {
        name: key.principal.attributes[name] for name in ATTRIBUTES & set(key.principal.attributes)
    }
    if asked is None:
        return own
    if not asked.items() <= own.items():
        raise _refused("the API key has no such attributes; make one that names them")
    return dict(asked)


def _refused(message: str) -> ForbiddenError:
    return ForbiddenError(message, permission=Permission.MINT_WIDGET_TOKENS)
