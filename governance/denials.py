"""Who was turned away, on the record: every time at first, then counted.

A line goes into the chain of the tenant that an intact signature proves, else into the house's.
One source gets so many lines a minute, and so does one chain; the rest is counted, and told in one
line when the minute is over. Nothing here can slow or fail an answer: lines are written
afterwards, and where that fails the log says so.
"""

import hashlib
import hmac
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address

from foundation.afterwards import Afterwards
from foundation.clock import Clock
from foundation.database import Database
from governance.audit import HOUSE, Action, AuditEvent, event_of, record
from governance.principal import Principal

_log = logging.getLogger("copilot.denials")
WINDOW_SECONDS = 60.0
LINES_A_SOURCE = 60
LINES_A_CHAIN = 300
MOST_SOURCES = 10_000
_EVERYBODY_ELSE = "everybody else"

OnDenial = Callable[[Principal | None, str, str], None]
"""Told of each denial: whom it proves if anybody, the source, the reason. It must be quick."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """What is known of a request that was turned away; never what it sent as its proof.

    `source` is what `Denials.source_of` makes of the client's address.
    """

    reason: str
    source: str
    method: str
    route: str
    request_id: str
    proven: Principal | None = None
    token_id: str = ""
    permission: str = ""
    action: Action = Action.DENIED

    @property
    def chain(self) -> str:
        """The tenant whose chain it belongs in."""
        return self.proven.tenant if self.proven else HOUSE


@dataclass(slots=True)
class _Window:
    begun: float
    lines: int = 0
    counted: Counter[str] = field(default_factory=Counter)


class Denials:
    """Takes note of denials. `on_denial` lists who else wants to be told of each one."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        key: bytes,
        afterwards: Afterwards,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._clock = clock
        self._key = key
        self._afterwards = afterwards
        self._seconds = seconds
        self._lock = threading.Lock()
        # By chain and source; a chain's own window has no source.
        self._windows: dict[tuple[str, str], _Window] = {}
        self.on_denial: list[OnDenial] = []

    def source_of(self, address: str) -> str:
        """A name for a client's address that does not give it away (HMAC-SHA256).

        Of IPv6, where one client has them by the million, the network of 64 bits.
        """
        try:
            found = ip_address(address)
        except ValueError:
            named = address
        else:
            whole = isinstance(found, IPv6Address) and found.ipv4_mapped is None
            named = str(int(found) >> 64) if whole else str(getattr(found, "ipv4_mapped", found))
        return hmac.new(self._key, named.encode(errors="replace"), hashlib.sha256).hexdigest()[:16]

    def note(self, denial: Denial) -> threading.Event | None:
        """Put it on the record soon, or count it. The event, if any, is set when that was tried.

        Never raises.
        """
        for told in self.on_denial:
            try:
                told(denial.proven, denial.source, denial.reason)
            except Exception:  # noqa: BLE001 - whatever a listener does, the line is written
                _log.exception("a listener for denials failed")
        if not self._has_line(denial):
            return None
        return self._afterwards.do(lambda: self._put_line(denial))

    def _has_line(self, denial: Denial) -> bool:
        """Whether it gets a line of its own; counts it if not."""
        with self._lock:
            now = self._seconds()
            chain = self._window(denial.chain, "", now)
            source = self._window(denial.chain, _who(denial), now)
            if source is not None and source.lines >= LINES_A_SOURCE:
                self._count(denial, _who(denial), source, now)
            elif source is None or chain is None or chain.lines >= LINES_A_CHAIN:
                self._count(denial, "", chain or _Window(begun=now), now)
            else:
                source.lines += 1
                chain.lines += 1
                return True
            return False

    def _window(self, chain: str, source: str, now: float) -> _Window | None:
        """The present window; None where there are too many to keep one more."""
        found = self._windows.get((chain, source))
        if found is not None and now - found.begun < WINDOW_SECONDS:
            return found
        if found is None and source and len(self._windows) >= MOST_SOURCES:
            self._windows = {
                key: one for key, one in self._windows.items() if now - one.begun < WINDOW_SECONDS
            }
            if len(self._windows) >= MOST_SOURCES:
                return None
        made = self._windows[(chain, source)] = _Window(begun=now)
        return made

    def _count(self, denial: Denial, source: str, window: _Window, now: float) -> None:
        window.counted[denial.reason] += 1
        if window.counted.total() > 1:
            return
        proven = denial.proven if source else None
        self._afterwards.do(
            lambda: self._put_count(denial.chain, source, proven, window),
            in_seconds=window.begun + WINDOW_SECONDS - now,
        )

    def _put_line(self, denial: Denial) -> None:
        details = {
            "reason": denial.reason,
            "method": denial.method,
            "route": denial.route,
            "request_id": denial.request_id,
            "client": denial.source,
        }
        if denial.permission:
            details["permission"] = denial.permission
        self._put(denial.chain, denial.proven, denial.action, denial.token_id, details)

    def _put_count(
        self, chain: str, source: str, proven: Principal | None, window: _Window
    ) -> None:
        with self._lock:
            reasons = dict(window.counted)
        details = {
            "count": sum(reasons.values()),
            "reasons": reasons,
            "source": source or _EVERYBODY_ELSE,
        }
        self._put(chain, proven, Action.DENIALS_COUNTED, "", details)

    def _put(
        self,
        chain: str,
        proven: Principal | None,
        action: Action,
        target: str,
        details: Mapping[str, object],
    ) -> None:
        now = self._clock()
        with self._database.write() as connection:
            if proven is None:
                event = AuditEvent(
                    tenant=chain, at=now, action=action, target=target, details=details
                )
            else:
                event = event_of(proven, at=now, action=action, target=target, details=details)
            record(connection, event)


def _who(denial: Denial) -> str:
    """Whose lines are counted together: a person's wherever they are, else an address's."""
    return denial.proven.subject if denial.proven else denial.source
