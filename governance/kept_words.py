"""What people write, as it may be kept: without the personal data that policy takes out."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from governance.policy import Policy
from governance.redaction import PersonalData, Redacted

_THREADS = 2


class Redacts(Protocol):
    """What takes personal data out of a text: a `Redactor`, or a stand-in."""

    def redact(self, text: str, kinds: frozenset[PersonalData]) -> Redacted:
        """The text without everything of these kinds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptText:
    """What somebody wrote, and what of it may be kept. `said` must not be kept anywhere."""

    said: str
    kept: str


class KeptWords:
    """Redacts what people write by `redaction.questions` of the policy in force."""

    def __init__(self, redactor: Redacts, policy: Callable[[], Policy]) -> None:
        self._redactor = redactor
        self._policy = policy
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="redaction")

    def of(self, text: str) -> str:
        """The text as it may be kept."""
        kinds = self._policy().redaction.questions
        return self._redactor.redact(text, kinds).text if kinds and text else text

    def begin(self, text: str) -> Callable[[], KeptText]:
        """Redact in another thread; calling what comes back waits for it.

        The question is searched for meanwhile, and most of that time no Python runs.
        """
        kinds = self._policy().redaction.questions
        if not kinds:
            return lambda: KeptText(said=text, kept=text)
        redacting = self._threads.submit(self._redactor.redact, text, kinds)
        return lambda: KeptText(said=text, kept=redacting.result().text)

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown()
