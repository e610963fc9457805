"""What is said to a chat model and what comes back of it, whoever makes the model."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from foundation.errors import CopilotError


class Trouble(StrEnum):
    """Why there is no reply, or not all of one."""

    DOWN = "down"
    SLOW = "slow"
    OVER_BUDGET = "over_budget"
    BUSY = "busy"
    BROKEN_REPLY = "broken_reply"


class ModelUnavailableError(CopilotError):
    """The chat model cannot be had for this question, or stopped on the way."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(
            f"the chat model gave no whole reply ({trouble.value}); answers are quoted meanwhile"
        )
        self.trouble = trouble


class ModelFaultError(ModelUnavailableError):
    """One failed attempt. `again` tells whether another may do better.

    `blamed` tells whether the model is to blame, and not this one prompt; `retry_after` are the
    seconds that it asked to be left alone.
    """

    def __init__(
        self, trouble: Trouble, *, again: bool, blamed: bool = True, retry_after: float = 0.0
    ) -> None:
        super().__init__(trouble)
        self.again = again
        self.blamed = blamed
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What a model is told. `version` names the files that it was made of."""

    system: str
    user: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What one call may take. `silence_seconds` bounds every wait for the next bytes.

    `whole_seconds` bounds each attempt from its reply's first byte on, whatever bytes still come.
    """

    reply_tokens: int
    silence_seconds: float
    whole_seconds: float
    temperature: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """The next part of a reply. `ends` is why it ended, in the provider's word, or empty.

    A piece of neither is a sign of life: the model is at work on what is not for its reader.
    """

    text: str
    ends: str = ""


class Speaks(Protocol):
    """A chat model, seen from here."""

    def stream(self, prompt: Prompt, bounds: Bounds) -> Iterator[Piece]:
        """The reply as it comes. Raises `ModelFaultError`, and nothing else."""
