"""The way to a chat model: how many at once, how long, how often again, and when not at all.

A call runs in a thread of its own and is waited for with a deadline, whatever the provider's
library does with its timeouts. Who gives a call up leaves at once; the call keeps its place until
it has really ended, so that calls that hang cannot pile up. A call that will not end at all keeps
it no longer than a whole reply and its last silence may take: else a few such calls would leave
every tenant without the model until a restart.
"""

import random
import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from queue import Empty, Full, Queue
from threading import Event, Lock, Thread
from typing import Protocol

from copilot.breaker import Breaker, State
from copilot.budget import Budget, tokens_of
from copilot.model_reply import (
    Bounds,
    ModelFaultError,
    ModelUnavailableError,
    Piece,
    Prompt,
    Speaks,
    Trouble,
)
from governance.chat_policy import ChatModelPolicy

_BASE_PAUSE_SECONDS = 0.25
_QUEUED = 64
TOO_LONG = "length"
"""Why a reply ended that had reached its bound, as OpenAI's interface calls it."""
_LOOK_AGAIN_SECONDS = 0.1
_GRACE_SECONDS = 5.0


class Watches(Protocol):
    """Who is told how calls go; no tenant, question or document among it."""

    def called(self, result: str, first_word_seconds: float | None) -> None:
        """A call has ended: `ok`, `given_up`, or in the word of its trouble."""

    def retried(self) -> None:
        """An attempt failed and is made again."""

    def spent(self, prompt_tokens: int, reply_tokens: int) -> None:
        """What a call took."""

    def breaker(self, state: State) -> None:
        """Where the breaker stands now."""


class _NotAskedError(ModelUnavailableError):
    """Nothing was sent: every place is taken, or the model is left alone."""


class ModelLine:
    """Calls one chat model within policy. Threads may share one."""

    def __init__(
        self,
        model: Speaks,
        policy: Callable[[], ChatModelPolicy],
        budget: Budget,
        *,
        now: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.watchers: list[Watches] = []
        self._model = model
        self._policy = policy
        self._budget = budget
        self._now = now
        self._chance = chance
        self._breaker = Breaker(lambda: policy().breaker, now)
        self._lock = Lock()
        # Each call's place, and until when it is kept.
        self._places: dict[_Call, float] = {}

    def say(self, prompt: Prompt, tenant: str) -> Generator[Piece]:
        """The reply as it comes, on a tenant's budget; a reply that is too long ends there.

        Raises `ModelUnavailableError`; closing it gives the call up.
        """
        policy = self._policy()
        began = self._now()
        first: float | None = None
        result = "given_up"
        try:
            with (
                self._spending(prompt, tenant) as spent,
                closing(self._pieces(prompt, policy)) as pieces,
            ):
                for piece in pieces:
                    if first is None and piece.text:
                        first = self._now() - began
                    yield piece
                    if spent(piece.text) >= policy.reply_tokens:
                        yield Piece(text="", ends=TOO_LONG)
                        break
            result = "ok"
        except ModelUnavailableError as error:
            result = error.trouble.value
            raise
        finally:
            for one in self.watchers:
                one.called(result, first)
                one.breaker(self._breaker.state)

    @contextmanager
    def _spending(self, prompt: Prompt, tenant: str) -> Generator[Callable[[str], int]]:
        asked = tokens_of(prompt.system) + tokens_of(prompt.user)
        settle = self._budget.take(tenant, asked)
        replied = 0

        def spent(text: str) -> int:
            nonlocal replied
            replied += tokens_of(text)
            return replied

        sent = True
        try:
            yield spent
        except _NotAskedError:
            sent = False
            raise
        finally:
            settle(replied if sent else None)
            for one in self.watchers if sent else ():
                one.spent(asked, replied)

    def _pieces(self, prompt: Prompt, policy: ChatModelPolicy) -> Generator[Piece]:
        call = _Call(
            self._model, prompt, policy, self._chance, retried=self._retried, now=self._now
        )
        self._take_place(call, policy)
        ticket = self._breaker.admits()
        if ticket is None:
            self._leave_place(call)
            raise _NotAskedError(Trouble.DOWN)
        try:
            call.start(self._leave_place)
        except RuntimeError:
            # The machine has no thread left.
            self._leave_place(call)
            self._breaker.undecided(ticket)
            raise _NotAskedError(Trouble.BUSY) from None
        decided = self._breaker.undecided
        try:
            for piece in call.pieces():
                if piece.text or piece.ends:
                    decided = self._breaker.succeeded
                    yield piece
        except ModelFaultError as fault:
            decided = self._breaker.failed if fault.blamed else self._breaker.undecided
            raise
        finally:
            call.give_up()
            decided(ticket)

    def _retried(self) -> None:
        for one in self.watchers:
            one.retried()

    def _take_place(self, call: "_Call", policy: ChatModelPolicy) -> None:
        now = self._now()
        longest = policy.whole_seconds + policy.first_token_seconds + _GRACE_SECONDS
        with self._lock:
            self._places = {one: until for one, until in self._places.items() if now < until}
            if len(self._places) >= policy.concurrent:
                raise _NotAskedError(Trouble.BUSY)
            self._places[call] = now + longest

    def _leave_place(self, call: "_Call") -> None:
        with self._lock:
            self._places.pop(call, None)


class _Call:
    """One question at the model: the attempts in a thread, what they bring in a queue."""

    def __init__(  # noqa: PLR0913 - one call has this many sides
        self,
        model: Speaks,
        prompt: Prompt,
        policy: ChatModelPolicy,
        chance: Callable[[], float],
        *,
        retried: Callable[[], None],
        now: Callable[[], float],
    ) -> None:
        self._model = model
        self._prompt = prompt
        self._policy = policy
        self._chance = chance
        self._retried = retried
        self._now = now
        self._end = now() + policy.whole_seconds
        self._gone = Event()
        # None: the reply is complete.
        self._queue: Queue[Piece | ModelFaultError | None] = Queue(_QUEUED)

    def start(self, ended: Callable[["_Call"], None]) -> None:
        """Begin; `ended` is called once, when nothing of it runs any more."""

        def work() -> None:
            try:
                self._attempt()
            finally:
                ended(self)

        Thread(target=work, name="chat-model", daemon=True).start()

    def pieces(self) -> Generator[Piece]:
        """What comes, in time. Raises `ModelFaultError`: slow, or what the model did wrong."""
        heard = self._now()
        spoke = False
        while True:
            now = self._now()
            wait = min(heard + self._policy.first_token_seconds, self._end) - now
            if now >= self._end:
                # Of one that speaks without end the whole is too long; it is not down.
                raise ModelFaultError(Trouble.SLOW, again=False, blamed=not spoke)
            try:
                item = self._queue.get(timeout=max(0.0, wait))
            except Empty:
                raise ModelFaultError(Trouble.SLOW, again=False) from None
            if item is None:
                return
            if isinstance(item, ModelFaultError):
                raise item
            spoke = spoke or bool(item.text or item.ends)
            yield item
            # From here on: what the one who listens takes is not the model's silence.
            heard = self._now()

    def give_up(self) -> None:
        """Whatever still comes is not waited for."""
        self._gone.set()

    def _attempt(self) -> None:
        bounds = Bounds(
            reply_tokens=self._policy.reply_tokens,
            silence_seconds=self._policy.first_token_seconds,
            whole_seconds=self._policy.whole_seconds,
            temperature=self._policy.temperature,
        )
        for attempt in range(self._policy.retries + 1):
            spoke = False
            try:
                for piece in self._model.stream(self._prompt, bounds):
                    spoke = spoke or bool(piece.text)
                    if not self._told(piece):
                        return
                self._told(None)
            except ModelFaultError as fault:
                pause = self._pause(attempt, fault)
                last = attempt == self._policy.retries
                too_long = pause >= self._policy.first_token_seconds
                if spoke or last or not fault.again or too_long:
                    self._told(fault)
                    return
                self._retried()
                if self._gone.wait(pause):
                    return
            except BaseException:
                self._told(ModelFaultError(Trouble.DOWN, again=False))
                raise
            else:
                return

    def _pause(self, attempt: int, fault: ModelFaultError) -> float:
        """Doubling, with jitter so that many do not come back together; at least what was asked."""
        backoff: float = _BASE_PAUSE_SECONDS * 2**attempt * (0.5 + self._chance())
        return max(backoff, fault.retry_after)

    def _told(self, item: Piece | ModelFaultError | None) -> bool:
        """Hand on; false where nobody listens any more, or not in time."""
        while not self._gone.is_set() and self._now() < self._end:
            try:
                self._queue.put(item, timeout=_LOOK_AGAIN_SECONDS)
            except Full:
                continue
            return True
        return False
