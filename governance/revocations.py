"""Tokens that ended before their time: by their id, or all of a person's up to a moment.

A revocation holds with the next request, in every process: each request asks the database, by
primary key. What names an API key ends the key itself, so that its widget tokens end as well. A
tenant can end its own only: everything is found by the tenant of what is asked about.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    DateTime,
    String,
    Table,
    bindparam,
    delete,
    or_,
    select,
)

from foundation.clock import Clock
from foundation.database import Database, metadata, put
from foundation.errors import InvalidRequestError
from governance.api_key import KEY_SUBJECT, api_keys
from governance.api_keys import LONGEST_KEY_LIFE, end_keys
from governance.audit import CONSOLE, Action, AuditEvent, event_of, record
from governance.identity import (
    LEEWAY,
    LONGEST_LIFE,
    LONGEST_SUBJECT,
    LONGEST_TENANT,
    CredentialKind,
    Identity,
)
from governance.key_rules import check_person
from governance.principal import Principal

revocations = Table(
    "revocations",
    metadata,
    Column("tenant", String(LONGEST_TENANT), primary_key=True),
    # `token:ID` or `subject:NAME`.
    Column("what", String(LONGEST_SUBJECT + 16), primary_key=True),
    # Microseconds since 1970: what was issued later is not meant.
    Column("up_to", BigInteger, nullable=False),
    # By then every token that it could be about has ended by itself.
    Column("keep_until", DateTime(timezone=True), nullable=False),
)

_LONGEST = max(LONGEST_LIFE, LONGEST_KEY_LIFE)
_ALWAYS = 2**62
_REVOKED = (
    select(revocations.c.up_to)
    .where(
        revocations.c.tenant == bindparam("tenant"),
        revocations.c.what.in_((bindparam("token"), bindparam("subject"))),
        revocations.c.up_to >= bindparam("issued"),
    )
    .limit(1)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """What is to end: one token by its id, or all that a subject has at this moment."""

    tenant: str
    token_id: str = ""
    subject: str = ""

    @property
    def what(self) -> str:
        """What it ends, in the table's words."""
        return f"token:{self.token_id}" if self.token_id else f"subject:{self.subject}"


class Revocations:
    """The list, and who ended what."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def revoke(self, revocation: Revocation, by: Principal | None = None) -> datetime:
        """End what is named, and put it on the record; returns the moment up to which.

        `by` is None where it is done at the console. Keys that the subject made end for good: they
        would go on for it. Raises `ForbiddenError` where an API key would do it.
        """
        check_person(by)
        if bool(revocation.token_id) == bool(revocation.subject):
            raise InvalidRequestError("name either a token's id or a subject, and not both")
        if len(revocation.token_id or revocation.subject) > LONGEST_SUBJECT:
            raise InvalidRequestError(f"a name has at most {LONGEST_SUBJECT} characters")
        now = self._clock()
        with self._database.write() as connection:
            connection.execute(delete(revocations).where(revocations.c.keep_until < now))
            values = {
                "tenant": revocation.tenant,
                "what": revocation.what,
                "up_to": _ALWAYS if revocation.token_id else _microseconds(now),
                "keep_until": now + _LONGEST + 2 * LEEWAY,
            }
            put(connection, revocations, values, replace=True)
            record(connection, _event(revocation, by, now))
            end_keys(connection, revocation.tenant, _keys(revocation), by=by, now=now)
        return now

    def forget(self, now: datetime) -> int:
        """Drop what no token can be about any more; returns how much that was."""
        with self._database.write() as connection:
            return connection.execute(
                delete(revocations).where(revocations.c.keep_until < now)
            ).rowcount

    def cover(self, connection: Connection, identity: Identity) -> bool:
        """Whether what proved this identity has been ended."""
        issued = identity.issued
        if identity.kind is CredentialKind.ISSUER_TOKEN:
            # Its clock may be ahead of ours: what it dates later may have been issued before.
            issued -= LEEWAY
        principal = identity.principal
        found = connection.execute(
            _REVOKED,
            {
                "tenant": principal.tenant,
                "token": f"token:{identity.token_id}",
                "subject": f"subject:{principal.subject}",
                "issued": _microseconds(issued),
            },
        )
        return found.first() is not None


def _keys(revocation: Revocation) -> ColumnElement[bool]:
    """The keys that end with it: one that it names, and those that the subject made."""
    named = revocation.token_id
    if revocation.subject.startswith(KEY_SUBJECT):
        named = revocation.subject.removeprefix(KEY_SUBJECT)
    if revocation.subject:
        return or_(api_keys.c.id == named, api_keys.c.created_by == revocation.subject)
    return api_keys.c.id == named


def _microseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _event(revocation: Revocation, by: Principal | None, now: datetime) -> AuditEvent:
    details = {"subject": revocation.subject} if revocation.subject else {}
    if by is None:
        return AuditEvent(
            tenant=revocation.tenant,
            at=now,
            action=Action.TOKEN_REVOKED,
            actor=CONSOLE,
            target=revocation.token_id,
            details=details,
        )
    return event_of(
        by, at=now, action=Action.TOKEN_REVOKED, target=revocation.token_id, details=details
    )
