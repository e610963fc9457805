"""The JSON of who may come in: keys, widget tokens, revocations, and who one is."""

from datetime import datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, StringConstraints, model_validator

from governance.api_key import ApiKey, KeyRequest
from governance.api_keys import LONGEST_KEY_LIFE
from governance.identity import LONGEST_SUBJECT, CredentialKind, Identity
from governance.origins import LONGEST_ORIGIN
from governance.principal import Permission, Role
from governance.schemas import Body, NoNul, Whole, example
from governance.widget_tokens import (
    LONGEST_WIDGET_LIFE,
    LONGEST_WIDGET_SUBJECT,
    USUAL_WIDGET_LIFE,
    WidgetRequest,
)

_MOST_ORIGINS = 20
_YEAR = int(LONGEST_KEY_LIFE.total_seconds())
_HOUR = int(LONGEST_WIDGET_LIFE.total_seconds())
_USUAL = int(USUAL_WIDGET_LIFE.total_seconds())

# Of one line: control characters are no part of a name.
_PLAIN = r"^[^\x00-\x1f\x7f]*$"
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=255, pattern=_PLAIN),
    NoNul,
]
Origin = Annotated[
    str,
    StringConstraints(max_length=LONGEST_ORIGIN, pattern=r"^https?://[^/\s]+$"),
    Field(description="As a browser sends it: `https://host` or `https://host:port`."),
]


class KeyAttributesBody(Body):
    """What is known of whoever uses a key; each only as far as it holds for who makes it."""

    tier: Name | None = None
    region: Name | None = None
    partners: Name | None = Field(default=None, description="Of a channel manager.")
    queues: Name | None = Field(default=None, description="Of a support agent.")


class KeyBody(Body):
    """What an API key should be. It can never do or read more than who makes it."""

    model_config = example(
        {
            "name": "portal backend",
            "roles": ["partner_admin"],
            "scopes": ["mint_widget_tokens"],
            "origins": ["https://portal.example"],
            "attributes": {"tier": "gold"},
            "ttl_seconds": 7_776_000,
        }
    )

    name: Name
    roles: list[Role] = Field(min_length=1, max_length=len(Role))
    scopes: list[Permission] | None = Field(
        default=None,
        max_length=len(Permission),
        description="Narrows what the roles allow; left out: all of it.",
    )
    attributes: KeyAttributesBody = Field(default_factory=KeyAttributesBody)
    origins: list[Origin] = Field(
        default_factory=list,
        max_length=_MOST_ORIGINS,
        description="Pages for which it may mint widget tokens.",
    )
    ttl_seconds: Annotated[Whole, Field(ge=60, le=_YEAR)]

    def request(self, tenant: str) -> KeyRequest:
        """The same as the noun of this floor."""
        return KeyRequest(
            tenant=tenant,
            name=self.name,
            roles=frozenset(self.roles),
            scopes=None if self.scopes is None else frozenset(self.scopes),
            attributes=self.attributes.model_dump(exclude_none=True),
            origins=frozenset(self.origins),
            ttl=timedelta(seconds=self.ttl_seconds),
        )


class KeyJson(BaseModel):
    """What is known of an API key. Its secret is known to nobody but who made it."""

    id: str
    name: str
    tenant: str
    roles: list[Role]
    scopes: list[Permission] | None
    attributes: dict[str, str]
    origins: list[str]
    created_by: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = Field(description="To the minute.")
    revoked_at: datetime | None


class NewKeyJson(KeyJson):
    """A new API key. `key` is shown this once and never again."""

    key: str


class KeysJson(BaseModel):
    """A page of API keys, newest first; `total` counts what the whole list holds."""

    keys: list[KeyJson]
    total: int


class RevokeBody(Body):
    """Which token ends, by its id; or whose, all that were issued up to now."""

    model_config = example({"subject": "kim"})

    token_id: Name | None = None
    subject: Name | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.token_id is None) == (self.subject is None):
            message = "name either token_id or subject, and not both"
            raise ValueError(message)
        return self


class RevokedJson(BaseModel):
    """Says that it holds from the next request on."""

    status: Literal["revoked"]
    revoked_at: datetime


class WidgetAttributesBody(Body):
    """What the API key says of its people, or less of it."""

    tier: Name | None = None
    region: Name | None = None


class WidgetTokenBody(Body):
    """For whom a token is, and on which page."""

    model_config = example({"subject": "kim", "origin": "https://portal.example"})

    subject: Annotated[
        str,
        StringConstraints(
            strip_whitespace=True, min_length=1, max_length=LONGEST_WIDGET_SUBJECT, pattern=_PLAIN
        ),
        NoNul,
    ]
    origin: Origin
    attributes: WidgetAttributesBody | None = Field(
        default=None, description="Left out: all that the API key says."
    )
    ttl_seconds: Annotated[Whole, Field(ge=1, le=_HOUR)] = _USUAL

    def request(self) -> WidgetRequest:
        """The same as the noun of this floor."""
        said = self.attributes
        return WidgetRequest(
            subject=self.subject,
            origin=self.origin,
            attributes=None if said is None else said.model_dump(exclude_none=True),
            ttl=timedelta(seconds=self.ttl_seconds),
        )


class WidgetTokenJson(BaseModel):
    """A token for the page's widget. Ask for the next one before it ends."""

    token: str
    expires_in: int = Field(description="Seconds.")


class MeJson(BaseModel):
    """Whom the credential of this request proves, and what follows from it."""

    subject: str = Field(max_length=LONGEST_SUBJECT)
    tenant: str
    roles: list[Role]
    permissions: list[Permission]
    audiences: list[str] = Field(description="In the words of documents.")
    credential: CredentialKind
    token_id: str = Field(description="By which it can be revoked; empty where it has none.")
    expires_at: datetime


def key_json(key: ApiKey) -> KeyJson:
    """An API key as JSON."""
    principal = key.principal
    return KeyJson(
        id=key.id,
        name=key.name,
        tenant=principal.tenant,
        roles=sorted(principal.roles),
        scopes=None if principal.scopes is None else sorted(principal.scopes),
        attributes=dict(principal.attributes),
        origins=sorted(key.origins),
        created_by=key.created_by,
        created_at=key.created_at,
        expires_at=key.expires_at,
        last_used_at=key.last_used_at,
        revoked_at=key.revoked_at,
    )


def me_json(identity: Identity) -> MeJson:
    """Who somebody is, as JSON."""
    principal = identity.principal
    return MeJson(
        subject=principal.subject,
        tenant=principal.tenant,
        roles=sorted(principal.roles),
        permissions=sorted(principal.permissions),
        audiences=sorted(principal.audiences),
        credential=identity.kind,
        token_id=identity.token_id,
        expires_at=identity.expires,
    )
