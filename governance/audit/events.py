"""The audit: what was done, by whom, to what; append-only, one hash chain a tenant.

A line is written by `record` in the same transaction as the deed it tells of, so that neither is
there without the other. `chain` says what a chain is made of, `verification` finds
what was done to one.
"""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, bindparam, insert, select, update

from foundation.database import outside_key_of, put
from governance.audit.chain import (
    BEGINNING,
    HOUSE,
    audit_heads,
    audit_lines,
    canonical,
    digest,
    head_mark,
    line_hash,
    told_time,
)
from governance.principal import Principal

__all__ = ["CONSOLE", "HOUSE", "Action", "AuditEvent", "Written", "event_of", "record"]

CONSOLE = "console"
"""The actor of what is done on the command line: whoever has the data folder in hand."""

# Built once: they run with every question.
_HEAD = (
    select(audit_heads.c.number, audit_heads.c.hash, audit_heads.c.mark)
    .where(audit_heads.c.tenant == bindparam("of"))
    .with_for_update()
)
_APPEND = insert(audit_lines)
_MOVE_HEAD = (
    update(audit_heads)
    .where(audit_heads.c.tenant == bindparam("of"))
    .values(
        number=bindparam("number"),
        hash=bindparam("hash"),
        mark=bindparam("mark"),
    )
)


class Action(StrEnum):
    """What a line tells of."""

    CHAIN_STARTED = "chain.started"
    CHAIN_REMARKED = "chain.remarked"
    QUESTION_ASKED = "question.asked"
    SEARCHED = "search.performed"
    ESCALATED = "outcome.escalated"
    NOTE_ADDED = "escalation.noted"
    FEEDBACK_GIVEN = "feedback.given"
    EVALUATED = "evaluation.run"
    CALIBRATED = "evaluation.calibrated"
    RANKER_CHANGED = "ranker.changed"
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
    key = outside_key_of(connection)
    head = _head(connection, event.tenant) or _begun(connection, event, key)
    if key and head.number and not head.bears_mark_of(key):
        # Nothing is put on top of it in silence, or the new mark would cover what was done.
        head = _appended(
            connection,
            head,
            AuditEvent(
                tenant=event.tenant,
                at=event.at,
                action=Action.CHAIN_REMARKED,
                target=str(head.number),
                details={"hash": head.hash},
            ),
            key,
        )
    written = _appended(connection, head, event, key)
    return Written(tenant=event.tenant, number=written.number, hash=written.hash)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    tenant: str
    number: int
    hash: str
    mark: str

    def bears_mark_of(self, key: str) -> bool:
        made = head_mark(key, tenant=self.tenant, number=self.number, hash_=self.hash)
        return hmac.compare_digest(made, self.mark)


def _appended(connection: Connection, head: _Head, event: AuditEvent, key: str) -> _Head:
    number = head.number + 1
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
        number=number,
        at=at,
        action=event.action.value,
        seal=seal,
        previous=head.hash,
    )
    mark = head_mark(key, tenant=event.tenant, number=number, hash_=line)
    connection.execute(
        _APPEND,
        {
            "tenant": event.tenant,
            "number": number,
            "at": at,
            "action": event.action.value,
            "sealed": sealed,
            "actor": event.actor,
            "seal": seal,
            "previous": head.hash,
            "hash": line,
        },
    )
    connection.execute(
        _MOVE_HEAD,
        {
            "of": event.tenant,
            "number": number,
            "hash": line,
            "mark": mark,
        },
    )
    return _Head(tenant=event.tenant, number=number, hash=line, mark=mark)


def _head(connection: Connection, tenant: str) -> _Head | None:
    row = connection.execute(_HEAD, {"of": tenant}).first()
    if row is None:
        return None
    return _Head(tenant=tenant, number=row.number, hash=row.hash, mark=row.mark)


def _begun(connection: Connection, event: AuditEvent, key: str) -> _Head:
    if event.tenant != HOUSE:
        record(
            connection,
            AuditEvent(tenant=HOUSE, at=event.at, action=Action.CHAIN_STARTED, target=event.tenant),
        )
    first = _Head(
        tenant=event.tenant,
        number=0,
        hash=BEGINNING,
        mark=head_mark(key, tenant=event.tenant, number=0, hash_=BEGINNING),
    )
    put(
        connection,
        audit_heads,
        {
            "tenant": first.tenant,
            "number": first.number,
            "hash": first.hash,
            "mark": first.mark,
        },
        replace=False,
    )
    # Read again, and locked: another transaction may have begun the same chain first.
    return _head(connection, event.tenant) or first
