"""Reading the audit: a page at a time for people, whole for whoever verifies it elsewhere."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, select, tuple_

from foundation.database import Database
from foundation.errors import InvalidRequestError
from governance.audit.chain import audit_heads, audit_lines, told_time
from governance.audit.events import Action

_AT_ONCE = 2_000
_EVERYDAY = frozenset({Action.QUESTION_ASKED, Action.SEARCHED, Action.DENIED, Action.LIMITED})


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which lines of a chain: from a moment on, before a moment, by whom, of what action."""

    since: datetime | None = None
    before: datetime | None = None
    actor: str = ""
    action: Action | None = None

    def told(self) -> dict[str, object]:
        """What was asked for, as the line that tells of the reading holds it."""
        named = {
            "from": told_time(self.since) if self.since else "",
            "to": told_time(self.before) if self.before else "",
            "actor": self.actor,
            "action": self.action.value if self.action else "",
        }
        return {name: value for name, value in named.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLine:
    """A line for people. What retention has cleared is None or empty; the hashes never are."""

    number: int
    at: datetime
    action: str
    cleared: bool
    actor: str | None
    roles: tuple[str, ...]
    target: str | None
    details: Mapping[str, Any] | None
    seal: str
    previous: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPage:
    """Lines, the newest first; `cursor` leads to older ones, None: there are none."""

    lines: tuple[ReadLine, ...]
    cursor: int | None


def read_page(
    database: Database, tenant: str, wanted: AuditFilter, *, limit: int, cursor: int | None
) -> AuditPage:
    """A page of a chain. `cursor` is the number of the last line that was seen.

    Raises `InvalidRequestError` for a cursor that is no line of this chain.
    """
    with database.read() as connection:
        query = _query(tenant, wanted)
        if cursor is not None:
            query = query.where(
                tuple_(audit_lines.c.at, audit_lines.c.number)
                < (_time_of(connection, tenant, cursor), cursor)
            )
        # By time and not by number, so that an index serves any stretch of time at once.
        rows = connection.execute(
            query.order_by(audit_lines.c.at.desc(), audit_lines.c.number.desc()).limit(limit + 1)
        ).all()
    return AuditPage(
        lines=tuple(_read(row) for row in rows[:limit]),
        cursor=rows[limit - 1].number if len(rows) > limit else None,
    )


def export_lines(
    database: Database, tenants: Sequence[str] | None, wanted: AuditFilter
) -> Iterator[Mapping[str, object]]:
    """Everything that verifying these chains takes, line by line and last the heads.

    With a filter lines are missing, so hashes and seals can be verified, and the chain cannot.
    """
    with database.snapshot() as connection:
        heads = connection.execute(select(audit_heads).order_by(audit_heads.c.tenant)).all()
        shown = [one for one in heads if tenants is None or one.tenant in tenants]
        for head in shown:
            rows = connection.execution_options(yield_per=_AT_ONCE).execute(
                _query(head.tenant, wanted).order_by(audit_lines.c.number)
            )
            for row in rows:
                yield {
                    "tenant": row.tenant,
                    "number": row.number,
                    "at": row.at,
                    "action": row.action,
                    "sealed": row.sealed,
                    "seal": row.seal,
                    "previous": row.previous,
                    "hash": row.hash,
                }
        for head in shown:
            yield {"head": {"tenant": head.tenant, "number": head.number, "hash": head.hash}}


def _query(tenant: str, wanted: AuditFilter) -> Select[Any]:
    query = select(audit_lines).where(audit_lines.c.tenant == tenant)
    if wanted.since:
        query = query.where(audit_lines.c.at >= told_time(wanted.since))
    if wanted.before:
        query = query.where(audit_lines.c.at < told_time(wanted.before))
    actor: ColumnElement[str | None] = audit_lines.c.actor
    action: ColumnElement[str] = audit_lines.c.action
    if wanted.actor and wanted.action:
        # Of two indexes the database takes either; what is done every second tells less than who.
        if wanted.action in _EVERYDAY:
            action = action.concat("")
        else:
            actor = actor.concat("")
    if wanted.actor:
        query = query.where(actor == wanted.actor)
    if wanted.action:
        query = query.where(action == wanted.action.value)
    return query


def _time_of(connection: Connection, tenant: str, number: int) -> str:
    at = connection.execute(
        select(audit_lines.c.at).where(
            audit_lines.c.tenant == tenant, audit_lines.c.number == number
        )
    ).scalar()
    if at is None:
        raise InvalidRequestError("this cursor is no line of this chain; begin without one")
    return str(at)


def _read(row: Row[Any]) -> ReadLine:
    told = _told(row.sealed)
    return ReadLine(
        number=row.number,
        at=datetime.fromisoformat(row.at),
        action=row.action,
        cleared=told is None,
        actor=row.actor,
        roles=tuple(told["roles"]) if told else (),
        target=told["target"] if told else None,
        details=told["details"] if told else None,
        seal=row.seal,
        previous=row.previous,
        hash=row.hash,
    )


def _told(sealed: str | None) -> Mapping[str, Any] | None:
    if sealed is None:
        return None
    read: Mapping[str, Any] = json.loads(sealed)
    return read
