"""Where a line that does not fit its place was written: under another number, in another chain."""

from collections.abc import Iterator

from sqlalchemy import Connection, select

from governance.audit.chain import BEGINNING, audit_heads, audit_lines, line_hash

_MOST_SEARCHES = 50
"""Lines whose origin is looked for; each search may read every line there is."""

AuditLine = tuple[int, str, str, str | None, str | None, str, str, str]
"""A row of `audit_lines` without its tenant."""


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
        stands_at, at, action, _, _, seal, previous, hash_ = line
        for chain, number in self._places(tenant, stands_at, previous):
            made = line_hash(
                tenant=chain, number=number, at=at, action=action, seal=seal, previous=previous
            )
            if made == hash_:
                return chain, number
        return None

    def _places(self, tenant: str, stands_at: int, previous: str) -> Iterator[tuple[str, int]]:
        for around in (stands_at - 1, stands_at + 1):
            yield tenant, around
        # Behind the line that it names as the one before it.
        before = self._connection.execute(
            select(audit_lines.c.tenant, audit_lines.c.number).where(audit_lines.c.hash == previous)
        ).all()
        for chain, number in before:
            yield chain, number + 1
        if self._tenants is None:
            self._tenants = tuple(self._connection.execute(select(audit_heads.c.tenant)).scalars())
        for chain in self._tenants:
            yield chain, stands_at
            if previous == BEGINNING:
                yield chain, 1
