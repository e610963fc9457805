"""API keys: how machines say who they are. `pck_ID_SECRET`, shown once, kept as a digest.

The secret has 256 random bits, so a plain SHA-256 keeps it: there is nothing to guess from. A key
belongs to a tenant, ends by itself, and never may more than who made it.
"""

import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, func, insert, or_, select, update

from foundation.afterwards import Afterwards
from foundation.clock import Clock
from foundation.database import Database
from foundation.errors import ConflictError, InvalidRequestError, NotFoundError
from governance.api_key import (
    KEY_SUBJECT,
    ApiKey,
    KeyRequest,
    NewKey,
    api_keys,
    found_key,
    key_of,
    key_scopes,
    values_of,
)
from governance.audit import CONSOLE, Action, AuditEvent, event_of, record
from governance.identity import Identity, Refusal, UnauthenticatedError
from governance.key_rules import check_person, check_within
from governance.origins import checked_origin
from governance.principal import Permission, Principal

PREFIX = "pck_"
LONGEST_KEY_LIFE = timedelta(days=365)
MOST_KEYS = 200
"""So many keys of a tenant may be good at once; more are forgotten ones."""
_NOTED_EVERY = timedelta(minutes=1)
_ID = re.compile(r"[0-9a-f]{16}")
_NOBODYS = hashlib.sha256(b"").hexdigest()


class ApiKeys:
    """Makes keys, knows them again and ends them."""

    def __init__(self, database: Database, clock: Clock, afterwards: Afterwards) -> None:
        self._database = database
        self._clock = clock
        self._afterwards = afterwards
        self._noted: dict[str, datetime] = {}

    def create(self, request: KeyRequest, by: Identity | None = None) -> NewKey:
        """A new key, on the record. `by` is None at the console, which has no bounds to exceed.

        Raises `ForbiddenError` where it could do more than who makes it, `InvalidRequestError`
        where it makes no sense.
        """
        now = self._clock()
        _check(request)
        maker = by.principal.subject if by else CONSOLE
        key_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
        principal = Principal(
            subject=f"{KEY_SUBJECT}{key_id}",
            tenant=request.tenant,
            roles=request.roles,
            attributes=dict(request.attributes),
            scopes=key_scopes(request.roles, request.scopes),
            accountable=maker,
        )
        if by is not None:
            check_within(principal, by)
        elif not principal.permissions:
            raise InvalidRequestError("the key could do nothing; name other roles or scopes")
        key = ApiKey(
            id=key_id,
            name=request.name,
            principal=principal,
            origins=request.origins,
            created_by=maker,
            created_at=now,
            expires_at=now + request.ttl,
            last_used_at=None,
            revoked_at=None,
        )
        with self._database.write() as connection:
            if _good_keys(connection, request.tenant, now) >= MOST_KEYS:
                raise ConflictError(
                    f"{request.tenant} has {MOST_KEYS} keys that are good; revoke some first"
                )
            connection.execute(insert(api_keys).values(digest=_digest(secret), **values_of(key)))
            record(connection, _event(key, Action.KEY_CREATED, by.principal if by else None, now))
        return NewKey(key=key, text=f"{PREFIX}{key_id}_{secret}")

    def listed(self, tenant: str | None) -> tuple[ApiKey, ...]:
        """The keys of a tenant, ended ones too, newest first; None: of all tenants."""
        query = select(api_keys).order_by(api_keys.c.created_at.desc(), api_keys.c.id)
        if tenant is not None:
            query = query.where(api_keys.c.tenant == tenant)
        with self._database.read() as connection:
            return tuple(key_of(row) for row in connection.execute(query))

    def revoke(self, tenant: str | None, key_id: str, by: Principal | None = None) -> ApiKey:
        """End a key of this tenant, and with it the widget tokens that it minted.

        Without a tenant, as at the console, of any. Raises `NotFoundError` where there is no such
        key, `ForbiddenError` where a key would do it. One that has ended stays as it is.
        """
        check_person(by)
        now = self._clock()
        with self._database.write() as connection:
            key = found_key(connection, key_id)
            if key is None or tenant not in (None, key.principal.tenant):
                raise NotFoundError(f"there is no API key {key_id!r}; `keys list` shows them")
            if key.revoked_at is None:
                _end(connection, key, by, now)
            return found_key(connection, key_id) or key

    def identify(self, connection: Connection, text: str) -> Identity:
        """Whom a key proves; raises `UnauthenticatedError`."""
        key_id, _, secret = text.removeprefix(PREFIX).partition("_")
        if not _ID.fullmatch(key_id):
            raise UnauthenticatedError(reason=Refusal.MALFORMED)
        row = connection.execute(select(api_keys).where(api_keys.c.id == key_id)).first()
        # Compared where there is no such key too, in the same time.
        digest = row.digest if row is not None else _NOBODYS
        matches = hmac.compare_digest(_digest(secret), digest)
        if row is None:
            raise UnauthenticatedError(reason=Refusal.UNKNOWN_KEY)
        if not matches:
            raise UnauthenticatedError(reason=Refusal.BAD_SIGNATURE)
        key, now = key_of(row), self._clock()
        if reason := key.refusal(now):
            raise UnauthenticatedError(reason=reason, proven=key.identity)
        self._note_use(key, now)
        return key.identity

    def _note_use(self, key: ApiKey, now: datetime) -> None:
        noted = max(
            (one for one in (key.last_used_at, self._noted.get(key.id)) if one), default=None
        )
        if noted is not None and timedelta(0) <= now - noted < _NOTED_EVERY:
            return
        self._noted[key.id] = now
        self._afterwards.do(lambda: self._put_use(key.id, now))

    def _put_use(self, key_id: str, now: datetime) -> None:
        with self._database.write() as connection:
            connection.execute(
                update(api_keys)
                .where(
                    api_keys.c.id == key_id,
                    or_(api_keys.c.last_used_at.is_(None), api_keys.c.last_used_at < now),
                )
                .values(last_used_at=now)
            )


def end_keys(
    connection: Connection,
    tenant: str,
    which: ColumnElement[bool],
    *,
    by: Principal | None,
    now: datetime,
) -> None:
    """End those keys of a tenant that are still good, each on the record."""
    good = select(api_keys).where(
        api_keys.c.tenant == tenant,
        api_keys.c.revoked_at.is_(None),
        api_keys.c.expires_at > now,
        which,
    )
    for row in connection.execute(good.order_by(api_keys.c.id)).all():
        _end(connection, key_of(row), by, now)


def _end(connection: Connection, key: ApiKey, by: Principal | None, now: datetime) -> None:
    connection.execute(update(api_keys).where(api_keys.c.id == key.id).values(revoked_at=now))
    record(connection, _event(key, Action.KEY_REVOKED, by, now))


def _check(request: KeyRequest) -> None:
    if not timedelta(minutes=1) <= request.ttl <= LONGEST_KEY_LIFE:
        message = f"an API key lives between a minute and {LONGEST_KEY_LIFE.days} days"
        raise InvalidRequestError(message)
    if not request.roles:
        raise InvalidRequestError("an API key needs at least one role")
    if Permission.APPROVE_DOCUMENTS in (request.scopes or ()):
        raise InvalidRequestError(
            "an API key approves no documents, a person does; leave out the scope "
            f"{Permission.APPROVE_DOCUMENTS.value}"
        )
    if not request.name.strip() or not request.name.isprintable():
        raise InvalidRequestError("an API key needs a name, so that people know it again")
    if not all(value.isprintable() for value in request.attributes.values()):
        raise InvalidRequestError("an attribute has no control characters; write it without them")
    for origin in request.origins:
        checked_origin(origin)


def _good_keys(connection: Connection, tenant: str, now: datetime) -> int:
    good = select(func.count()).where(
        api_keys.c.tenant == tenant, api_keys.c.revoked_at.is_(None), api_keys.c.expires_at > now
    )
    return int(connection.execute(good).scalar() or 0)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


def _event(key: ApiKey, action: Action, by: Principal | None, now: datetime) -> AuditEvent:
    principal = key.principal
    details: dict[str, object] = {"name": key.name}
    if action is Action.KEY_CREATED:
        details |= {
            "roles": sorted(principal.roles),
            "scopes": None if principal.scopes is None else sorted(principal.scopes),
            "attributes": dict(principal.attributes),
            "origins": sorted(key.origins),
            "expires_at": key.expires_at.isoformat(),
        }
    if by is None:
        return AuditEvent(
            tenant=principal.tenant,
            at=now,
            action=action,
            actor=CONSOLE,
            target=key.id,
            details=details,
        )
    return event_of(by, at=now, action=action, target=key.id, details=details)
