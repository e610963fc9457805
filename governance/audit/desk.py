"""Who may read which chain, and that the reading itself is on record."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from foundation.clock import Clock
from foundation.database import Database
from foundation.gate import Gate
from governance.audit.anchors import Anchors
from governance.audit.events import HOUSE, Action, event_of, record
from governance.audit.findings import ChainReport, Wrong
from governance.audit.reading import AuditFilter, AuditPage, read_page
from governance.audit.verification import verify
from governance.identity import ForbiddenError
from governance.principal import Principal

_NAMES_OTHERS = frozenset({Wrong.FOREIGN, Wrong.NOT_STARTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a chain was found to be like, and when."""

    at: datetime
    chain: ChainReport


class AuditDesk:
    """The audit for who may read it: the own tenant's chain, for the operator the house's too."""

    def __init__(
        self,
        database: Database,
        operator: Callable[[], str],
        clock: Clock,
        anchors: Callable[[], Anchors],
    ) -> None:
        self._database = database
        self._anchors = anchors
        self._operator = operator
        self._clock = clock
        # A verification reads every line; one at a time is enough for everybody.
        self._gate = Gate(1)

    def page(
        self,
        principal: Principal,
        wanted: AuditFilter,
        *,
        house: bool,
        limit: int,
        cursor: int | None,
    ) -> AuditPage:
        """A page of a chain, newest lines first. Raises `ForbiddenError` for another's chain."""
        tenant = self._chain(principal, house=house)
        page = read_page(self._database, tenant, wanted, limit=limit, cursor=cursor)
        told: dict[str, object] = {**wanted.told(), "lines": len(page.lines)}
        if cursor is not None:
            told["cursor"] = cursor
        self._tell(principal, tenant, "lines", told)
        return page

    def verification(self, principal: Principal, *, house: bool) -> Verified:
        """Verify a chain now. Raises `BusyError` while another verification runs."""
        tenant = self._chain(principal, house=house)
        with self._gate.place():
            now = self._clock()
            [chain] = verify(self._database, self._anchors(), [tenant]).chains
        self._tell(principal, tenant, "verification", {"lines": chain.lines, "wrong": chain.wrong})
        return Verified(at=now, chain=chain if tenant == HOUSE else _without_others(chain))

    def _chain(self, principal: Principal, *, house: bool) -> str:
        if not house:
            return principal.tenant
        if principal.tenant != self._operator():
            raise ForbiddenError("only who runs this service may read the house's own record")
        return HOUSE

    def _tell(
        self, principal: Principal, tenant: str, target: str, details: dict[str, object]
    ) -> None:
        event = event_of(
            principal,
            at=self._clock(),
            action=Action.AUDIT_READ,
            target=target,
            details=details,
            tenant=tenant,
        )
        with self._database.write() as connection:
            record(connection, event)


def _without_others(chain: ChainReport) -> ChainReport:
    """The report without what it says of other tenants' chains."""
    return replace(
        chain,
        findings=tuple(
            replace(one, detail="") if one.wrong in _NAMES_OTHERS else one for one in chain.findings
        ),
    )
