"""An API key as it is known: what it is, and the row that keeps it. Its secret is in neither."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, Column, Connection, DateTime, Index, Row, String, Table, select

from foundation.database import metadata
from governance.identity import (
    LONGEST_SUBJECT,
    LONGEST_TENANT,
    CredentialKind,
    Identity,
    Refusal,
)
from governance.principal import PERMISSIONS, Permission, Principal, Role

KEY_SUBJECT = "key:"
"""How the subject of every key begins; its id follows."""

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("tenant", String(LONGEST_TENANT), nullable=False),
    Column("name", String(255), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("roles", JSON, nullable=False),
    # None: all that the roles allow.
    Column("scopes", JSON(none_as_null=True)),
    Column("attributes", JSON, nullable=False),
    Column("origins", JSON, nullable=False),
    Column("created_by", String(LONGEST_SUBJECT), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("last_used_at", DateTime(timezone=True)),
    Column("revoked_at", DateTime(timezone=True)),
    Index("api_keys_tenant", "tenant", "created_at"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRequest:
    """What a key should be. `scopes` narrow what the roles allow; None: they do not."""

    tenant: str
    name: str
    roles: frozenset[Role]
    ttl: timedelta
    scopes: frozenset[Permission] | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    origins: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What is known of a key. Its secret is not."""

    id: str
    name: str
    principal: Principal
    origins: frozenset[str]
    created_by: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None

    @property
    def identity(self) -> Identity:
        """What it proves while it is good."""
        return Identity(
            principal=self.principal,
            kind=CredentialKind.API_KEY,
            token_id=self.id,
            issued=self.created_at,
            expires=self.expires_at,
            key_id=self.id,
        )

    def refusal(self, now: datetime) -> Refusal | None:
        """Why it is not good any more, if it is not."""
        if self.revoked_at is not None:
            return Refusal.REVOKED
        return Refusal.EXPIRED if now >= self.expires_at else None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key with what it is sent as; the only moment at which both are known."""

    key: ApiKey
    text: str


def found_key(connection: Connection, key_id: str) -> ApiKey | None:
    """The key of this id, whatever has become of it."""
    row = connection.execute(select(api_keys).where(api_keys.c.id == key_id)).first()
    return None if row is None else key_of(row)


def maker_of(connection: Connection, tenant: str, subject: str) -> str:
    """Who made the tenant's key of this subject; empty where the subject is no such key's."""
    if not subject.startswith(KEY_SUBJECT):
        return ""
    key = found_key(connection, subject.removeprefix(KEY_SUBJECT))
    return key.created_by if key is not None and key.principal.tenant == tenant else ""


def key_scopes(
    roles: frozenset[Role], scopes: frozenset[Permission] | None
) -> frozenset[Permission] | None:
    """What a key may be used for: never to approve, whatever its roles or its row say.

    Who approves is a person: with a key of their own, one would be both who submits and who
    approves.
    """
    allowed = frozenset[Permission]().union(*(PERMISSIONS[role] for role in roles))
    if scopes is None and Permission.APPROVE_DOCUMENTS not in allowed:
        return None
    return (allowed if scopes is None else scopes) - {Permission.APPROVE_DOCUMENTS}


def values_of(key: ApiKey) -> dict[str, object]:
    """A key as column values, all but the digest of its secret."""
    principal = key.principal
    scopes = principal.scopes
    return {
        "id": key.id,
        "tenant": principal.tenant,
        "name": key.name,
        "roles": sorted(principal.roles),
        "scopes": None if scopes is None else sorted(scopes),
        "attributes": dict(principal.attributes),
        "origins": sorted(key.origins),
        "created_by": key.created_by,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "last_used_at": key.last_used_at,
        "revoked_at": key.revoked_at,
    }


def key_of(row: Row[Any]) -> ApiKey:
    """A row as a key."""
    roles = frozenset(Role(one) for one in row.roles)
    scopes = None if row.scopes is None else frozenset(Permission(one) for one in row.scopes)
    return ApiKey(
        id=row.id,
        name=row.name,
        principal=Principal(
            subject=f"{KEY_SUBJECT}{row.id}",
            tenant=row.tenant,
            roles=roles,
            attributes=row.attributes,
            scopes=key_scopes(roles, scopes),
            accountable=row.created_by,
        ),
        origins=frozenset(row.origins),
        created_by=row.created_by,
        created_at=_utc(row.created_at),
        expires_at=_utc(row.expires_at),
        last_used_at=None if row.last_used_at is None else _utc(row.last_used_at),
        revoked_at=None if row.revoked_at is None else _utc(row.revoked_at),
    )


def _utc(moment: datetime) -> datetime:
    # SQLite keeps no time zone; what was written was UTC.
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
