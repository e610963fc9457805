"""How much one person and one tenant may ask for, counted before anything is done for them.

    subject's group ─▶ subject ─▶ widgets' group ─▶ widgets ─▶ tenant's group ─▶ tenant
    ─▶ tenant's questions of the day

The first that is used up refuses, and what comes after it is not counted: who has reached their
own limit takes nothing from their colleagues. A person's API keys count as the person; people on
a host's page also count together under its API key, ten times as much as one.
Counters know nothing of other tenants, so what is told of a limit depends on the asker's own
tenant only.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from math import ceil

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.storage import Storage, storage_from_string
from limits.strategies import FixedWindowRateLimiter, SlidingWindowCounterRateLimiter

from foundation.errors import ConfigurationError, CopilotError
from governance.limit_counters import MemoryCounters
from governance.limit_policy import LimitPolicy, Rate, RateLimits, RouteGroup
from governance.principal import Principal

_log = logging.getLogger("copilot.limits")
_DAY = 86_400
TIMEOUT_SECONDS = 0.25
"""So long shared counters have for an answer: somebody waits for theirs meanwhile."""
TRY_AGAIN_SECONDS = 5.0
"""So long is counted in the process after shared counters failed, before they are tried again."""
WIDGETS = 10
"""So many times what one person may is what all people on one host's page may together."""
_INGEST_RETRY_SECONDS = 10
_IN_MEMORY = "memory://"
_MOMENT = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Exceeded:
    """A limit that was reached. `name` says whose it is, such as `subject` or `tenant-ask`."""

    name: str
    amount: int
    seconds: int
    retry_after: int


class LimitedError(CopilotError):
    """More was asked for than policy allows; it says when to come back."""

    def __init__(self, exceeded: Exceeded) -> None:
        super().__init__(
            f"more than is allowed here ({exceeded.name}: {exceeded.amount} in "
            f"{exceeded.seconds} seconds); try again in {exceeded.retry_after} seconds"
        )
        self.exceeded = exceeded


class TooManyIngestsError(LimitedError):
    """The tenant has as many uploads under way as it may have."""

    def __init__(self, most: int) -> None:
        CopilotError.__init__(
            self,
            f"{most} of your organisation's uploads are being read already, which is as many as "
            "may be at once; try again when one of them is done",
        )
        self.exceeded = Exceeded(
            name="tenant-ingests", amount=most, seconds=0, retry_after=_INGEST_RETRY_SECONDS
        )


class Limits:
    """Counts requests, and refuses what is too much. Threads may share one.

    Where shared counters (Redis) do not answer, this process counts by itself for a while:
    nobody is turned away because of it, and nobody is without a limit. `on_failure` is told.
    """

    def __init__(
        self,
        policy: Callable[[], LimitPolicy],
        counters: Storage,
        *,
        on_failure: Callable[[], None] = lambda: None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._policy = policy
        self._shared = None if isinstance(counters, MemoryCounters) else _Windows(counters)
        own = counters if isinstance(counters, MemoryCounters) else MemoryCounters(now)
        self._own = _Windows(own)
        self._on_failure = on_failure
        self._now = now
        self._until = 0.0

    @property
    def waits(self) -> bool:
        """Whether counting may wait for another machine, and should be done in a thread."""
        return self._shared is not None

    def admit(self, principal: Principal, group: RouteGroup) -> None:
        """Count a request; raises `LimitedError` where it is one too many."""
        policy = self._policy().for_tenant(principal.tenant)
        subject = _key(principal.tenant, principal.counted_as)
        tenant = _key(principal.tenant)
        self._admit("subject", subject, policy.per_subject, group)
        if principal.minted_by:
            widgets = _key(principal.tenant, "widgets", principal.minted_by)
            self._admit("widgets", widgets, policy.per_subject, group, times=WIDGETS)
        self._admit("tenant", tenant, policy.per_tenant, group)
        if group is RouteGroup.ASK:
            daily = Rate(amount=policy.questions_per_day, seconds=_DAY)
            self._count("questions-per-day", daily, tenant, fixed=True)

    def _admit(
        self, name: str, key: str, limits: RateLimits, group: RouteGroup, *, times: int = 1
    ) -> None:
        if (rate := limits.of(group)) is not None:
            self._count(f"{name}-{group.value}", _times(rate, times), key)
        if limits.all is not None:
            self._count(name, _times(limits.all, times), key)

    def _count(self, name: str, rate: Rate, key: str, *, fixed: bool = False) -> None:
        """Count one; a sliding window smooths, a fixed one is what a daily quota means."""
        item = _item(name, rate)
        wait = None
        if self._shared is not None and self._now() >= self._until:
            try:
                wait = self._shared.wait(item, key, self._now(), fixed=fixed)
            except self._shared.failures as error:
                self._fall_back(error)
                wait = self._own.wait(item, key, self._now(), fixed=fixed)
        else:
            wait = self._own.wait(item, key, self._now(), fixed=fixed)
        if wait is not None:
            raise LimitedError(
                Exceeded(
                    name=name,
                    amount=rate.amount,
                    seconds=rate.seconds,
                    # A moment later: at the very moment it is still one too many.
                    retry_after=ceil(max(0.0, wait) + _MOMENT),
                )
            )

    def _fall_back(self, error: Exception) -> None:
        self._until = self._now() + TRY_AGAIN_SECONDS
        self._on_failure()
        # The class only: a message may name the address with its password.
        _log.error(
            "the shared counters of limits failed (%s); this process counts by itself for %d s",
            type(error).__name__,
            TRY_AGAIN_SECONDS,
        )


class _Windows:
    """Both kinds of windows over one storage."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._fixed = FixedWindowRateLimiter(storage)
        self._sliding = SlidingWindowCounterRateLimiter(storage)
        kinds = storage.base_exceptions
        self.failures: tuple[type[Exception], ...] = (
            OSError,
            *(kinds if isinstance(kinds, tuple) else (kinds,)),
        )

    def wait(self, item: RateLimitItem, key: str, now: float, *, fixed: bool) -> float | None:
        """Count one; seconds until one more is allowed where this one is not."""
        if fixed:
            if self._fixed.hit(item, key):
                return None
            return self._storage.get_expiry(item.key_for(key)) - now
        if self._sliding.hit(item, key):
            return None
        storage = self._sliding.storage
        length = item.get_expiry()
        before, before_left, count, count_left = storage.get_sliding_window(  # type: ignore[attr-defined]
            item.key_for(key), length
        )
        return seconds_until_free(
            limit=item.amount,
            length=length,
            before=before,
            before_left=before_left,
            count=count,
            left=count_left - length,
        )


def seconds_until_free(  # noqa: PLR0913 - one keyword a fact
    *, limit: int, length: float, before: int, before_left: float, count: int, left: float
) -> float:
    """Seconds until a sliding window counter lets one more in, if nothing comes in between.

    It lets one in while `before * before_left / length + count`, rounded down, is below the
    limit. `left` are the seconds of the window that runs.
    """
    if count < limit:
        # The part of the window before shrinks until there is room.
        return max(0.0, before_left - (limit - count) * length / before) if before else 0.0
    # Not in this window. In the next, this one is the one before, and shrinks as well.
    return left + max(0.0, length - limit * length / count)


def counters_at(url: str | None, timeout_seconds: float = TIMEOUT_SECONDS) -> Storage:
    """The counters at a URL; without one, in this process."""
    if url is None or url == _IN_MEMORY:
        return MemoryCounters()
    try:
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ModuleNotFoundError:
        raise ConfigurationError(
            "COPILOT_LIMITS_URL needs the package redis; pip install 'partner-copilot[redis]'"
        ) from None
    options = {
        "socket_timeout": timeout_seconds,
        "socket_connect_timeout": timeout_seconds,
        # Who waits is a person; this process counts by itself instead.
        "retry": Retry(NoBackoff(), 0),
    }
    try:
        found = storage_from_string(url, **options)  # type: ignore[arg-type]
    except Exception:  # noqa: BLE001 - the library repeats the address, and that may be a password
        raise ConfigurationError(
            "COPILOT_LIMITS_URL is not an address of counters; write it like redis://host:6379/0"
        ) from None
    if not isinstance(found, Storage):
        raise ConfigurationError("COPILOT_LIMITS_URL must not name an async storage")
    return found


def _times(rate: Rate, times: int) -> Rate:
    return Rate(amount=rate.amount * times, seconds=rate.seconds)


@lru_cache(maxsize=4_096)
def _item(name: str, rate: Rate) -> RateLimitItem:
    # The name keeps counters of different limits apart where their rates are the same.
    return RateLimitItemPerSecond(rate.amount, rate.seconds, namespace=f"copilot-{name}")


def _key(*parts: str) -> str:
    # Of one length, so that no two askers share a key, and nobody's name lies in a shared store.
    return blake2b(ascii(parts).encode(), digest_size=16).hexdigest()
