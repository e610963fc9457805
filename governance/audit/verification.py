"""Finds what was done to the audit: altered, removed, reordered, foreign or forged lines.

Reads every line once, in order, in memory that does not grow with them. What it cannot find by
itself: a whole database put back as it was earlier. That takes anchors.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from foundation.database import Database, outside_key_of
from governance.audit.anchors import Anchors
from governance.audit.chain import (
    BEGINNING,
    HOUSE,
    audit_heads,
    audit_lines,
    digest,
    head_mark,
    line_hash,
)
from governance.audit.events import Action
from governance.audit.findings import (
    MOST_FINDINGS,
    ChainReport,
    Finding,
    Verification,
    Wrong,
    name_of,
)
from governance.audit.origins import AuditLine, Origins
from governance.audit.purges import Purges, read_purge

_AT_ONCE = 2_000
_NOT_OF_ITS_TYPE = (TypeError, ValueError, AttributeError)
_READ: Sequence[ColumnElement[Any]] = tuple(
    column for column in audit_lines.c if column is not audit_lines.c.tenant
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    number: int
    hash: str
    mark: str


def verify(
    database: Database, anchors: Anchors | None = None, tenants: Collection[str] | None = None
) -> Verification:
    """Verify the chains of these tenants, or all there are or should be."""
    with database.snapshot() as connection:
        return Verification(chains=tuple(_reports(connection, anchors or {}, tenants)))


def _reports(
    connection: Connection, anchors: Anchors, tenants: Collection[str] | None
) -> Iterator[ChainReport]:
    heads = {
        one.tenant: _Head(number=one.number, hash=one.hash, mark=one.mark)
        for one in connection.execute(select(audit_heads))
    }
    started = _started(connection)
    if tenants is None:
        written = connection.execute(select(audit_lines.c.tenant).distinct()).scalars()
        tenants = {*heads, *written, *started, *anchors} | ({HOUSE} if heads else set())
    origins = Origins(connection)
    for tenant in sorted(tenants):
        chain = _Chain(tenant, anchors.get(tenant, {}), _purges(connection, tenant), origins)
        lines: Iterable[Any] = connection.execution_options(yield_per=_AT_ONCE).execute(
            select(*_READ).where(audit_lines.c.tenant == tenant).order_by(audit_lines.c.number)
        )
        for line in lines:
            chain.take(line)
        yield chain.closed(heads.get(tenant), started.get(tenant, ()), outside_key_of(connection))


def _started(connection: Connection) -> Mapping[str, tuple[int, ...]]:
    """By tenant, the lines of the house's chain that say that the tenant's chain was begun."""
    found: dict[str, tuple[int, ...]] = {}
    for number, sealed in connection.execute(
        select(audit_lines.c.number, audit_lines.c.sealed).where(
            audit_lines.c.tenant == HOUSE, audit_lines.c.action == Action.CHAIN_STARTED
        )
    ):
        try:
            tenant = str(json.loads(sealed or "")["target"])
        except (ValueError, KeyError, TypeError):
            # Told as an altered or cleared line of the house's chain.
            continue
        found[tenant] = (*found.get(tenant, ()), number)
    return found


def _purges(connection: Connection, tenant: str) -> Purges:
    lines = connection.execute(
        select(audit_lines.c.number, audit_lines.c.sealed, audit_lines.c.seal).where(
            audit_lines.c.tenant == tenant, audit_lines.c.action == Action.AUDIT_PURGED
        )
    )
    return Purges(
        purge
        for number, sealed, seal in lines
        if (purge := read_purge(number, sealed, seal)) is not None
    )


class _Chain:
    """One chain, as its lines go by."""

    def __init__(
        self, tenant: str, anchors: Mapping[int, str], purges: Purges, origins: Origins
    ) -> None:
        self._tenant = tenant
        self._anchors = anchors
        self._purges = purges
        self._origins = origins
        self._number = 0
        self._hash = BEGINNING
        self._lines = 0
        self._cleared = 0
        self._last_at = ""
        self._findings: list[Finding] = []
        self._wrong = 0
        # Whether the line before was told as wrong, so that this one's link says nothing new.
        self._doubtful = False

    def take(self, line: AuditLine) -> None:
        """Look at the next line."""
        self._lines += 1
        try:
            self._look_at(line)
        except _NOT_OF_ITS_TYPE:
            # SQLite takes any type in any column.
            number = line[0] if isinstance(line[0], int) else 0
            self._tell(number, Wrong.ALTERED, "a column holds what was never written there")
            self._number, self._doubtful = max(number, self._number), True

    def _look_at(self, line: AuditLine) -> None:
        number, at, action, _, _, seal, previous, hash_ = line
        told = self._wrong
        expected = self._number + 1
        if number > expected:
            self._missing(expected, number - 1)
        made = line_hash(
            tenant=self._tenant, number=number, at=at, action=action, seal=seal, previous=previous
        )
        if made != hash_:
            self._tell_origin(line)
        elif previous != self._hash and number == expected and not self._doubtful:
            self._tell(number, Wrong.UNCHAINED)
        self._check_text(line)
        if action == Action.CHAIN_REMARKED:
            self._tell(number, Wrong.REMARKED)
        if number in self._anchors and self._anchors[number] != hash_:
            self._tell(number, Wrong.ANCHOR, "this line has another hash")
        self._doubtful = self._wrong > told
        self._number, self._hash, self._last_at = number, hash_, at

    def closed(self, head: _Head | None, started: tuple[int, ...], key: str) -> ChainReport:
        """Look at the head and the beginning when all lines have gone by."""
        if head is None and not self._lines:
            self._tell(0, Wrong.REMOVED, "nothing is left of it")
        else:
            self._check_start(started)
            try:
                self._check_head(head, key)
            except _NOT_OF_ITS_TYPE:
                self._tell(self._number, Wrong.HEAD, "it holds what was never written there")
        if behind := [number for number in self._anchors if number > self._number]:
            self._tell(max(behind), Wrong.ANCHOR, f"the chain ends with line {self._number}")
        return ChainReport(
            tenant=self._tenant,
            lines=self._lines,
            cleared=self._cleared,
            last_at=self._last_at,
            hash=self._hash,
            marked=bool(key and head and head.mark),
            findings=tuple(self._findings),
            wrong=self._wrong,
        )

    def _tell_origin(self, line: AuditLine) -> None:
        origin = self._origins.of(self._tenant, line)
        if origin is None:
            self._tell(line[0], Wrong.ALTERED)
        elif origin[0] == self._tenant:
            self._tell(line[0], Wrong.REORDERED, f"it is line {origin[1]}")
        else:
            where = f"it is line {origin[1]} of {name_of(origin[0])}"
            self._tell(line[0], Wrong.FOREIGN, where)

    def _check_text(self, line: AuditLine) -> None:
        number, _, action, sealed, actor, seal, _, _ = line
        if sealed is None:
            self._cleared += 1
            if not self._purges.cover(number, action):
                self._tell(number, Wrong.TEXT_CLEARED)
            if actor is not None:
                self._tell(number, Wrong.ALTERED, "the name of who acted stayed behind")
        elif digest(sealed) != seal:
            self._tell(number, Wrong.TEXT_ALTERED)
        # The text is canonical JSON, in which `actor` comes first.
        elif actor is None or not sealed.startswith(f'{{"actor":{quoted(actor)},'):
            self._tell(number, Wrong.ALTERED, "who acted is another than in the sealed text")

    def _check_start(self, started: tuple[int, ...]) -> None:
        if self._tenant == HOUSE or len(started) == 1:
            return
        lines = ", ".join(map(str, started))
        detail = (
            f"it was begun more than once (lines {lines} of the house): it was removed in between"
            if started
            else "no line of the house says that it was begun"
        )
        self._tell(0, Wrong.NOT_STARTED, detail)

    def _check_head(self, head: _Head | None, key: str) -> None:
        if head is None:
            self._tell(self._number, Wrong.HEAD, "there is none")
            return
        if head.number > self._number:
            self._missing(self._number + 1, head.number)
        elif head.number < self._number:
            first = max(head.number, 0) + 1
            self._tell(first, Wrong.HEAD, f"it knows {head.number} lines, {self._number} are there")
        elif head.hash != self._hash:
            self._tell(head.number, Wrong.HEAD, "it has another hash than the last line")
        if key:
            made = head_mark(key, tenant=self._tenant, number=head.number, hash_=head.hash)
            if made != head.mark:
                self._tell(head.number, Wrong.HEAD, "it bears no mark of the key")
        elif head.mark:
            self._tell(head.number, Wrong.HEAD, "it bears a mark, and the key for it is not here")

    def _missing(self, first: int, last: int) -> None:
        self._tell(first, Wrong.REMOVED, f"to line {last}" if last > first else "")

    def _tell(self, number: int, wrong: Wrong, detail: str = "") -> None:
        self._wrong += 1
        if len(self._findings) < MOST_FINDINGS:
            self._findings.append(
                Finding(tenant=self._tenant, number=number, wrong=wrong, detail=detail)
            )
