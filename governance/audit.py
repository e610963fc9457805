"""The audit: what was done, by whom, to what; append-only, one hash chain a tenant.

A line is written by `record` in the same transaction as the deed it tells of, so that neither is
there without the other. A line has two parts. The outer one is what the chain is made of: number,
time, action and two digests. The inner one, the sealed text, names people and things; retention
may clear it, and the chain still holds, because the chain rests on the text's digest. A sealed
text that is gone without a line that says so is an alteration.

    seal = SHA-256(sealed text)
    hash = SHA-256(canonical JSON of tenant, number, at, action, seal, previous hash)

The chain of tenant "" is the house's own. It holds what no tenant can be proven for, and the
beginning of every other chain, so that a chain cannot be removed as a whole unseen.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Index,
    Integer,
    String,
    Table,
    Text,
    insert,
    select,
    update,
)

from foundation.database import metadata, put
from governance.principal import Principal

HOUSE = ""
"""The tenant of the house's own chain."""
BEGINNING = "0" * 64
"""What a chain's first line names as the hash before it."""

audit_lines = Table(
    "audit_lines",
    metadata,
    Column("tenant", String(128), primary_key=True),
    Column("number", Integer, primary_key=True),
    # As it was hashed: a date type would lose what it cannot hold.
    Column("at", String(32), nullable=False),
    Column("action", String(64), nullable=False),
    # None: cleared by retention.
    Column("sealed", Text),
    Column("seal", String(64), nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index("audit_lines_at", "tenant", "at"),
)

audit_heads = Table(
    "audit_heads",
    metadata,
    Column("tenant", String(128), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
)


class Action(StrEnum):
    """What a line tells of."""

    CHAIN_STARTED = "chain.started"
    QUESTION_ASKED = "question.asked"
    SEARCHED = "search.performed"
    ESCALATED = "outcome.escalated"
    NOTE_ADDED = "escalation.noted"
    FEEDBACK_GIVEN = "feedback.given"
    DOCUMENT_ADDED = "document.added"
    DOCUMENT_SUBMITTED = "document.submitted"
    DOCUMENT_APPROVED = "document.approved"
    DOCUMENT_REJECTED = "document.rejected"
    DOCUMENT_WITHDRAWN = "document.withdrawn"
    DOCUMENT_EXPIRED = "document.expired"
    DOCUMENT_DELETED = "document.deleted"
    REVIEW_DUE = "document.review_due"
    UPLOAD_ACCEPTED = "upload.accepted"
    TOKEN_ISSUED = "token.issued"  # noqa: S105 - the name of a deed
    TOKEN_REVOKED = "token.revoked"  # noqa: S105 - the name of a deed
    KEY_CREATED = "key.created"
    KEY_REVOKED = "key.revoked"
    WIDGET_TOKEN_ISSUED = "widget_token.issued"  # noqa: S105 - the name of a deed
    DENIED = "request.denied"
    DENIALS_COUNTED = "request.denials_counted"
    LIMITED = "request.limited"
    AUDIT_READ = "audit.read"
    AUDIT_EXPORTED = "audit.exported"
    POLICY_CHANGED = "policy.changed"
    POLICY_REJECTED = "policy.rejected"
    RETENTION_APPLIED = "retention.applied"
    AUDIT_PURGED = "audit.purged"
    SECURITY_EVENT = "security.event"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """What is to be put on the record.

    `target` names what it was done to by id. `details` are plain JSON values; never a document's
    text, a token, a key, or a question that was not redacted.
    """

    tenant: str
    at: datetime
    action: Action
    actor: str = ""
    roles: tuple[str, ...] = ()
    target: str = ""
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Where a line stands in its chain."""

    tenant: str
    number: int
    hash: str


def event_of(  # noqa: PLR0913 - one keyword a fact
    principal: Principal,
    *,
    at: datetime,
    action: Action,
    target: str = "",
    details: Mapping[str, object] | None = None,
    tenant: str | None = None,
) -> AuditEvent:
    """An event done by a principal, in its own tenant's chain unless another is named."""
    return AuditEvent(
        tenant=principal.tenant if tenant is None else tenant,
        at=at,
        action=action,
        actor=principal.subject
        if tenant in (None, principal.tenant)
        else f"{principal.tenant}/{principal.subject}",
        roles=tuple(sorted(role.value for role in principal.roles)),
        target=target,
        details=details or {},
    )


def record(connection: Connection, event: AuditEvent) -> Written:
    """Put a line at the end of its tenant's chain, inside the caller's transaction.

    Of two transactions that write to one chain the second waits for the first, on PostgreSQL at
    the head's row and on SQLite at BEGIN; so numbers have no gaps and no line has two successors.
    """
    head = _head(connection, event.tenant)
    if head is None:
        head = _begun(connection, event)
    number, previous = head
    sealed = canonical(
        {
            "actor": event.actor,
            "roles": list(event.roles),
            "target": event.target,
            "details": dict(event.details),
            # Or short texts could be guessed from their digests after they were cleared.
            "salt": secrets.token_hex(16),
        }
    )
    at = told_time(event.at)
    seal = digest(sealed)
    line = line_hash(
        tenant=event.tenant,
        number=number + 1,
        at=at,
        action=event.action.value,
        seal=seal,
        previous=previous,
    )
    connection.execute(
        insert(audit_lines).values(
            tenant=event.tenant,
            number=number + 1,
            at=at,
            action=event.action.value,
            sealed=sealed,
            seal=seal,
            previous=previous,
            hash=line,
        )
    )
    connection.execute(
        update(audit_heads)
        .where(audit_heads.c.tenant == event.tenant)
        .values(number=number + 1, hash=line, changed_at=event.at)
    )
    return Written(tenant=event.tenant, number=number + 1, hash=line)


def _head(connection: Connection, tenant: str) -> tuple[int, str] | None:
    row = connection.execute(
        select(audit_heads.c.number, audit_heads.c.hash)
        .where(audit_heads.c.tenant == tenant)
        .with_for_update()
    ).first()
    return None if row is None else (row.number, row.hash)


def _begun(connection: Connection, event: AuditEvent) -> tuple[int, str]:
    if event.tenant != HOUSE:
        record(
            connection,
            AuditEvent(tenant=HOUSE, at=event.at, action=Action.CHAIN_STARTED, target=event.tenant),
        )
    put(
        connection,
        audit_heads,
        {"tenant": event.tenant, "number": 0, "hash": BEGINNING, "changed_at": event.at},
        replace=False,
    )
    # Read again, and locked: another transaction may have begun the same chain first.
    head = _head(connection, event.tenant)
    return head or (0, BEGINNING)


def line_hash(  # noqa: PLR0913 - these are what is hashed
    *, tenant: str, number: int, at: str, action: str, seal: str, previous: str
) -> str:
    """The hash of a line, over everything but the sealed text itself."""
    return digest(
        canonical(
            {
                "tenant": tenant,
                "number": number,
                "at": at,
                "action": action,
                "seal": seal,
                "previous": previous,
            }
        )
    )


def canonical(value: Mapping[str, object]) -> str:
    """JSON that is the same for the same value: sorted keys, no spaces, ASCII (cf. RFC 8785)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def digest(text: str) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def told_time(moment: datetime) -> str:
    """A moment as it is hashed and stored: UTC, microseconds, always of one length."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
