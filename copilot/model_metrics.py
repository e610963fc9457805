"""Calls of the chat model in the metrics that an operator watches."""

from copilot.breaker import State
from foundation.telemetry import Telemetry

_LEVELS = {State.CLOSED: 0.0, State.HALF_OPEN: 0.5, State.OPEN: 1.0}


class ModelMetrics:
    """Tells the telemetry how calls go; no tenant, question or document among it."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def called(self, result: str, first_word_seconds: float | None) -> None:
        """A call has ended."""
        self._telemetry.model_calls.labels(result=result).inc()
        if first_word_seconds is not None:
            self._telemetry.model_first_word_seconds.observe(first_word_seconds)

    def retried(self) -> None:
        """An attempt failed and is made again."""
        self._telemetry.model_retries.inc()

    def spent(self, prompt_tokens: int, reply_tokens: int) -> None:
        """What a call took."""
        self._telemetry.model_tokens.labels(of="prompt").inc(prompt_tokens)
        self._telemetry.model_tokens.labels(of="reply").inc(reply_tokens)

    def breaker(self, state: State) -> None:
        """Where the breaker stands now."""
        self._telemetry.model_breaker.set(_LEVELS[state])

    def judged(self, result: str) -> None:
        """A sentence was shown or dropped."""
        self._telemetry.model_sentences.labels(result=result).inc()
