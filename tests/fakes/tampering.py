"""Random histories of the audit, and random ways to falsify them by who has the database."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from foundation.database import Database
from governance.audit import HOUSE, Action, AuditEvent, record
from governance.audit.chain import (
    BEGINNING,
    audit_heads,
    audit_lines,
    canonical,
    digest,
    line_hash,
)
from governance.audit.purges import NEVER_CLEARED, Purge

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
TENANTS = ("acme", "birchwood", "bolt")
_DEEDS = (Action.QUESTION_ASKED, Action.SEARCHED, Action.DOCUMENT_APPROVED, Action.DENIED)
_COLUMNS = tuple(column.name for column in audit_lines.c)
Line = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tampered:
    """What was done, and the places of which a verification must name one."""

    what: str
    places: frozenset[tuple[str, int]]


def write_history(database: Database, draw: random.Random) -> None:
    """A history of several tenants, of which retention may have cleared some texts."""
    now = BEGAN
    for _ in range(draw.randint(4, 24)):
        now += timedelta(minutes=draw.randint(0, 90))
        with database.write() as connection:
            record(
                connection,
                AuditEvent(
                    tenant=draw.choice((*TENANTS, HOUSE)),
                    at=now,
                    action=draw.choice(_DEEDS),
                    actor=draw.choice(("ada", "eve", 'o"brien', "Zoë")),
                    target=f"out_{draw.randint(1, 99)}",
                    details={"question": "What does ERR-4012 mean?", "k": draw.randint(0, 9)},
                ),
            )
            if draw.random() < 0.15:
                clear_texts(connection, draw.choice(TENANTS), now)


def clear_texts(connection: Connection, tenant: str, now: datetime) -> None:
    """Clear all of a chain, and say so."""
    last = connection.execute(
        select(audit_heads.c.number).where(audit_heads.c.tenant == tenant)
    ).scalar()
    if last is None:
        return
    connection.execute(
        update(audit_lines)
        .where(audit_lines.c.tenant == tenant, audit_lines.c.action.not_in(NEVER_CLEARED))
        .values(sealed=None, actor=None)
    )
    purge = Purge(first=1, last=last)
    record(
        connection,
        AuditEvent(tenant=tenant, at=now, action=Action.AUDIT_PURGED, details=purge.details()),
    )


def contents(connection: Connection) -> tuple[list[Line], list[Line]]:
    """All lines and all heads."""
    lines = connection.execute(
        select(audit_lines).order_by(audit_lines.c.tenant, audit_lines.c.number)
    )
    heads = connection.execute(select(audit_heads).order_by(audit_heads.c.tenant))
    return [dict(row) for row in lines.mappings()], [dict(row) for row in heads.mappings()]


def put_back(database: Database, kept: tuple[Sequence[Line], Sequence[Line]]) -> None:
    """Make the audit what it was."""
    with database.write() as connection:
        for table, rows in zip((audit_lines, audit_heads), kept, strict=True):
            connection.execute(delete(table))
            if rows:
                connection.execute(insert(table), list(rows))


def tamper(connection: Connection, draw: random.Random) -> Tampered:
    """Falsify one thing. Always changes something."""
    while True:
        way = draw.choice(WAYS)
        done = way(connection, draw)
        if done is not None:
            return Tampered(what=way.__name__.strip("_"), places=frozenset(done))


Places = set[tuple[str, int]]


def _a_column(connection: Connection, draw: random.Random) -> Places | None:
    lines, heads = contents(connection)
    line = draw.choice(lines)
    name = draw.choice(_COLUMNS)
    new = _other(line, name, lines, heads, draw)
    if new == line[name]:
        return None
    _change(connection, line, {name: new})
    places = {(line["tenant"], line["number"])}
    if name in ("tenant", "number"):
        places |= {(new, line["number"])} if name == "tenant" else {(line["tenant"], new)}
    return places


def _other(
    line: Line, name: str, lines: Sequence[Line], heads: Sequence[Line], draw: random.Random
) -> object:
    if name == "number":
        last = max(one["number"] for one in lines if one["tenant"] == line["tenant"])
        return draw.choice((last + 1, last + draw.randint(2, 9), 0, -3))
    if name == "tenant":
        return draw.choice(
            [one["tenant"] for one in heads if one["number"] < line["number"]] + ["nobody"]
        )
    donor = draw.choice(lines)[name]
    if name in ("sealed", "actor"):
        return draw.choice((donor, None, f"{line[name]} ", ""))
    text = line[name]
    at = draw.randrange(len(text))
    flipped = text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :]
    return draw.choice((donor, flipped, ""))


def _a_head(connection: Connection, draw: random.Random) -> Places | None:
    lines, heads = contents(connection)
    head = draw.choice(heads)
    name = draw.choice(("tenant", "number", "hash", "mark"))
    values: Mapping[str, Sequence[object]] = {
        "tenant": ("nobody",),
        "number": (head["number"] + draw.randint(1, 3), head["number"] - 1, 0, -1),
        "hash": (draw.choice(lines)["hash"], BEGINNING, ""),
        "mark": ("", "0" * 64, draw.choice(heads)["mark"]),
    }
    new = draw.choice(values[name])
    if new == head[name]:
        return None
    connection.execute(
        update(audit_heads).where(audit_heads.c.tenant == head["tenant"]).values({name: new})
    )
    number = new if name == "number" and isinstance(new, int) else head["number"]
    return {(head["tenant"], at) for at in (number, number + 1, head["number"] + 1)}


def _remove_lines(connection: Connection, draw: random.Random) -> Places:
    lines, _ = contents(connection)
    first = draw.choice(lines)
    many = draw.choice((1, 1, 2, 5))
    connection.execute(
        delete(audit_lines).where(
            audit_lines.c.tenant == first["tenant"],
            audit_lines.c.number >= first["number"],
            audit_lines.c.number < first["number"] + many,
        )
    )
    return {(first["tenant"], first["number"])}


def _swap(connection: Connection, draw: random.Random) -> Places | None:
    lines, _ = contents(connection)
    one = draw.choice(lines)
    others = [line for line in lines if line["tenant"] == one["tenant"] and line is not one]
    if not others:
        return None
    other = draw.choice(others)
    whole = draw.random() < 0.5
    names = [name for name in _COLUMNS if name not in ("tenant", "number")]
    if not whole:
        names = [name for name in names if name not in ("previous", "hash")]
    for line, source in ((one, other), (other, one)):
        _change(connection, line, {name: source[name] for name in names})
    return {(one["tenant"], one["number"]), (one["tenant"], other["number"])}


def _copy_to_the_end(connection: Connection, draw: random.Random) -> Places:
    lines, heads = contents(connection)
    line = draw.choice(lines)
    head = draw.choice(heads)
    number = head["number"] + draw.choice((1, 1, 4))
    connection.execute(
        insert(audit_lines).values({**line, "tenant": head["tenant"], "number": number})
    )
    return {(head["tenant"], number)}


def _forge_at_the_end(connection: Connection, draw: random.Random) -> Places:
    _, heads = contents(connection)
    head = draw.choice(heads)
    line = _forged(head["tenant"], head["number"] + 1, head["hash"])
    connection.execute(insert(audit_lines).values(line))
    if draw.random() < 0.5:
        connection.execute(
            update(audit_heads)
            .where(audit_heads.c.tenant == head["tenant"])
            .values(number=line["number"], hash=line["hash"])
        )
    return {(head["tenant"], line["number"])}


def _cut_off(connection: Connection, draw: random.Random) -> Places | None:
    lines, heads = contents(connection)
    head = draw.choice(heads)
    if head["number"] < 2:
        return None
    last = draw.randint(1, head["number"] - 1)
    connection.execute(
        delete(audit_lines).where(
            audit_lines.c.tenant == head["tenant"], audit_lines.c.number > last
        )
    )
    [kept] = [one for one in lines if (one["tenant"], one["number"]) == (head["tenant"], last)]
    connection.execute(
        update(audit_heads)
        .where(audit_heads.c.tenant == head["tenant"])
        .values(number=last, hash=kept["hash"])
    )
    return {(head["tenant"], last)}


def _rewrite_the_end(connection: Connection, draw: random.Random) -> Places:
    """A line says something else, and all hashes after it are made anew, the head's too."""
    lines, _ = contents(connection)
    first = draw.choice(lines)
    tenant = first["tenant"]
    chain = [one for one in lines if one["tenant"] == tenant and one["number"] >= first["number"]]
    previous = first["previous"]
    for line in chain:
        new = dict(line)
        if line is first:
            new = _forged(tenant, line["number"], previous)
        new["previous"] = previous
        new["hash"] = previous = line_hash(
            tenant=tenant,
            number=line["number"],
            at=new["at"],
            action=new["action"],
            seal=new["seal"],
            previous=previous,
        )
        _change(connection, line, new)
    connection.execute(
        update(audit_heads).where(audit_heads.c.tenant == tenant).values(hash=previous)
    )
    return {(tenant, chain[-1]["number"])}


def _remove_a_chain(connection: Connection, draw: random.Random) -> Places:
    _, heads = contents(connection)
    head = draw.choice(heads)
    tenant = head["tenant"]
    what = draw.choice(("all", "lines", "head", "beginning too"))
    if what != "head":
        connection.execute(delete(audit_lines).where(audit_lines.c.tenant == tenant))
    if what != "lines":
        connection.execute(delete(audit_heads).where(audit_heads.c.tenant == tenant))
    if what != "beginning too" or tenant == HOUSE:
        return {(tenant, 0), (tenant, 1), (tenant, head["number"])}
    started = select(audit_lines.c.number, audit_lines.c.sealed).where(
        audit_lines.c.tenant == HOUSE, audit_lines.c.action == Action.CHAIN_STARTED
    )
    [told] = [row.number for row in connection.execute(started) if f'"{tenant}"' in row.sealed]
    connection.execute(
        delete(audit_lines).where(audit_lines.c.tenant == HOUSE, audit_lines.c.number == told)
    )
    return {(HOUSE, told)}


def _change(connection: Connection, line: Line, values: Mapping[str, object]) -> None:
    connection.execute(
        update(audit_lines)
        .where(audit_lines.c.tenant == line["tenant"], audit_lines.c.number == line["number"])
        .values(dict(values))
    )


def _forged(tenant: str, number: int, previous: str) -> Line:
    sealed = canonical({"actor": "eve", "roles": [], "target": "", "details": {}, "salt": "0" * 32})
    line: Line = {
        "tenant": tenant,
        "number": number,
        "at": "2026-01-01T00:00:00.000000Z",
        "action": Action.DOCUMENT_APPROVED.value,
        "sealed": sealed,
        "actor": "eve",
        "seal": digest(sealed),
        "previous": previous,
    }
    told = {name: line[name] for name in ("tenant", "number", "at", "action", "seal", "previous")}
    return {**line, "hash": line_hash(**told)}


WAYS: Sequence[Callable[[Connection, random.Random], Places | None]] = (
    _a_column, _a_column, _a_column, _a_head, _remove_lines, _swap, _copy_to_the_end,
    _forge_at_the_end, _cut_off, _rewrite_the_end, _remove_a_chain,
)  # fmt: skip
"""Each falsifies one thing and returns where, or None where there is nothing to falsify."""
