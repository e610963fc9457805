"""Who does too much of what hardly anybody does: counted, told once a window, held off by policy.

Counts are kept in this process, for the askers seen last, and are gone when it ends. What they
find is on the record, in the metrics and in the outbox for good.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from foundation.clock import Clock
from foundation.database import Database
from governance.abuse_policy import AbusePolicy, Signal
from governance.audit import Action, AuditEvent, record
from governance.limiting import Exceeded, LimitedError
from governance.notices import Notice, NoticeKind, put

MOST_ASKERS = 20_000
"""Askers whose counts are kept; beyond it those who were not seen for longest are forgotten."""


MANY = 10
"""So many times a threshold is one for people who are counted together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Whose doings are counted together.

    `tenant` is "" where no token proves one; `name` is then the address it came from. `many` are
    people together, who reach thresholds at ten times the count and are never held off together.
    """

    tenant: str
    name: str
    roles: tuple[str, ...] = field(default=(), compare=False)
    many: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """An asker came over a threshold."""

    asker: Asker
    signal: Signal
    count: int
    minutes: int
    throttle_seconds: int


class ThrottledError(LimitedError):
    """The asker is held off for a while, because of what it did before."""

    def __init__(self, seconds: int) -> None:
        super().__init__(Exceeded(name="throttled", amount=0, seconds=0, retry_after=seconds))


@dataclass(slots=True)
class _Count:
    """A sliding window as two halves: what is counted now, and what was in the one before."""

    window: int = -1
    now: int = 0
    before: int = 0
    told_until: float = 0.0

    def add(self, amount: int, moment: float, length: float) -> int:
        window = int(moment // length)
        if window != self.window:
            self.before = self.now if window == self.window + 1 else 0
            self.now = 0
            self.window = window
        self.now += amount
        return int(self.before * (1 - moment / length % 1) + self.now)


@dataclass(slots=True)
class _Doings:
    counts: dict[Signal, _Count] = field(default_factory=dict)
    held_until: float = 0.0


class AbuseWatch:
    """Counts what askers do. Threads may share one; nothing here waits for anything."""

    def __init__(
        self,
        policy: Callable[[], AbusePolicy],
        *,
        now: Callable[[], float] = time.monotonic,
        most: int = MOST_ASKERS,
    ) -> None:
        self._policy = policy
        self._now = now
        self._most = most
        self._lock = threading.Lock()
        self._askers: OrderedDict[Asker, _Doings] = OrderedDict()

    def note(self, asker: Asker, signal: Signal, amount: int = 1) -> Crossing | None:
        """Count; the crossing of a threshold is returned once a window."""
        threshold = self._policy().of(signal)
        length = threshold.minutes * 60
        now = self._now()
        with self._lock:
            doings = self._doings(asker)
            count = doings.counts.setdefault(signal, _Count())
            total = count.add(amount, now, length)
            most = threshold.count * (MANY if asker.many else 1)
            if total < most or now < count.told_until:
                return None
            count.told_until = now + length
            # Nobody can be held off who is known by an address or a page only: others share it.
            held = threshold.throttle_seconds if asker.tenant and not asker.many else 0
            doings.held_until = max(doings.held_until, now + held)
        return Crossing(
            asker=asker,
            signal=signal,
            count=total,
            minutes=threshold.minutes,
            throttle_seconds=held,
        )

    def admit(self, asker: Asker) -> None:
        """Raise `ThrottledError` while the asker is held off."""
        doings = self._askers.get(asker)
        if doings is not None and (left := doings.held_until - self._now()) > 0:
            raise ThrottledError(int(left) + 1)

    def _doings(self, asker: Asker) -> _Doings:
        doings = self._askers.get(asker)
        if doings is None:
            doings = self._askers[asker] = _Doings()
            if len(self._askers) > self._most:
                self._askers.popitem(last=False)
        else:
            self._askers.move_to_end(asker)
        return doings


class SecurityEvents:
    """Tells of crossings: one line on the record and one notice, or neither."""

    def __init__(
        self, database: Database, clock: Clock, *, count: Callable[[str], None] = lambda _: None
    ) -> None:
        self._database = database
        self._clock = clock
        self._count = count

    def tell(self, crossing: Crossing) -> None:
        """Put a crossing on its tenant's record, and on its way to the webhook."""
        now = self._clock()
        asker = crossing.asker
        details: Mapping[str, object] = {
            "signal": crossing.signal.value,
            "count": crossing.count,
            "minutes": crossing.minutes,
            "throttled_seconds": crossing.throttle_seconds,
        }
        with self._database.write() as connection:
            record(
                connection,
                AuditEvent(
                    tenant=asker.tenant,
                    at=now,
                    action=Action.SECURITY_EVENT,
                    actor=asker.name,
                    roles=asker.roles,
                    target=crossing.signal.value,
                    details=details,
                ),
            )
            body = {"tenant": asker.tenant, "subject": asker.name, **details}
            notice = Notice(kind=NoticeKind.SECURITY_EVENT, tenant=asker.tenant, body=body, at=now)
            put(connection, notice)
        self._count(crossing.signal.value)
