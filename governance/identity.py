"""Who is asking: what a credential proved, and how it is refused when it proves nothing."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from foundation.errors import CopilotError
from foundation.ids import new_id
from governance.principal import Permission, Principal, Role

LEEWAY = timedelta(seconds=30)
"""How far the clocks of two machines may differ."""
LONGEST_LIFE = timedelta(days=30)
"""How long a token may be good for, whoever issued it. API keys have a bound of their own."""
LONGEST_SUBJECT = 255
LONGEST_TENANT = 128
# As much as the database has room for: what is recorded names who it was.
_REFUSED = (
    "the token is not valid here or has expired; "
    "send a current one as 'Authorization: Bearer TOKEN' (partner-copilot token makes one)"
)


class CredentialKind(StrEnum):
    """What was sent to prove who is asking."""

    LOCAL_TOKEN = "local_token"  # noqa: S105 - the name of a kind
    ISSUER_TOKEN = "issuer_token"  # noqa: S105 - the name of a kind
    API_KEY = "api_key"
    WIDGET_TOKEN = "widget_token"  # noqa: S105 - the name of a kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a credential proved.

    `token_id` names the credential without being it: revocation, limits and the record use it;
    empty where an issuer gives its tokens no id. `origin` is where a widget token is good for,
    `key_id` the API key that was sent, or that minted the widget token that was.
    """

    principal: Principal
    kind: CredentialKind
    token_id: str
    issued: datetime
    expires: datetime
    origin: str = ""
    key_id: str = ""


class Refusal(StrEnum):
    """Why somebody was turned away: for the record, never for the answer."""

    MISSING = "missing"
    MALFORMED = "malformed"
    UNTRUSTED_HEADER = "untrusted_header"
    WRONG_ALGORITHM = "wrong_algorithm"
    UNKNOWN_KEY = "unknown_key"
    BAD_SIGNATURE = "bad_signature"
    WRONG_ISSUER = "wrong_issuer"
    WRONG_AUDIENCE = "wrong_audience"
    WRONG_CLAIMS = "wrong_claims"
    TOO_LONG_LIVED = "too_long_lived"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    REVOKED = "revoked"
    WRONG_ORIGIN = "wrong_origin"
    FORBIDDEN = "forbidden"


class UnauthenticatedError(CopilotError):
    """The request carries nothing that proves who is asking.

    The words never say which check failed: that would help only who is guessing. `reason` is for
    the record; `proven` is whom an intact signature names all the same, as on an expired token.
    """

    def __init__(
        self,
        message: str = _REFUSED,
        *,
        reason: Refusal = Refusal.MISSING,
        proven: Identity | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.proven = proven


class ForbiddenError(CopilotError):
    """The asker is known, and may not do this. `permission` is what they would need, if named."""

    def __init__(
        self,
        message: str = "",
        *,
        permission: Permission | None = None,
        reason: Refusal = Refusal.FORBIDDEN,
        proven: Identity | None = None,
    ) -> None:
        super().__init__(message)
        self.permission = permission
        self.reason = reason
        self.proven = proven


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
    token_id: str = field(default_factory=lambda: new_id("tok"))
