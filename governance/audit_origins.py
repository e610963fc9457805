"""Where a line that does not fit its place was written: under another number, in another chain."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, select

from governance.audit_chain import BEGINNING, audit_heads, audit_lines, line_hash

_MOST_SEARCHES = 50
"""Lines whose origin is looked for; each search may read every line there is."""

AuditLine = Row[Any]
"""A row of `audit_lines`."""


class Origins:
    """Where a line that does not fit its place was written."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._left = _MOST_SEARCHES
        self._tenants: tuple[str, ...] | None = None

    def of(self, tenant: str, line: AuditLine) -> tuple[str, int] | None:
        """The chain and number that the line's hash was made for, as far as that can be told."""
        if not self._left:
            return None
        self._left -= 1
        return next(
            (
                (chain, number)
                for chain, number in self._places(tenant, line)
                if line_hash(
                    tenant=chain,
                    number=number,
                    at=line.at,
                    action=line.action,
                    seal=line.seal,
                    previous=line.previous,
                )
                == line.hash
            ),
            None,
        )

    def _places(self, tenant: str, line: AuditLine) -> Iterator[tuple[str, int]]:
        for around in (line.number - 1, line.number + 1):
            yield tenant, around
        # Behind the line that it names as the one before it.
        before = self._connection.execute(
            select(audit_lines.c.tenant, audit_lines.c.number).where(
                audit_lines.c.hash == line.previous
            )
        ).all()
        for chain, number in before:
            yield chain, number + 1
        if self._tenants is None:
            self._tenants = tuple(self._connection.execute(select(audit_heads.c.tenant)).scalars())
        for chain in self._tenants:
            yield chain, line.number
            if line.previous == BEGINNING:
                yield chain, 1
