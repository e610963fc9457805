"""Personal data and secrets taken out of a text for good, before anything keeps it.

    text ──recognisers──▶ findings ──resolved──▶ placeholders such as <EMAIL>

What was there is nowhere kept: no table leads back from a placeholder to what it stands for.
"""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from governance.redaction.analysis import Analysis

REDACTION_VERSION = 1
"""Goes up when more or other things are found: what was redacted before is then read again."""


class PersonalData(StrEnum):
    """What can be taken out of a text. policy.yaml names these where it says what goes."""

    PERSON = "person"
    ADDRESS = "address"
    EMAIL = "email"
    PHONE = "phone"
    CREDIT_CARD = "credit_card"
    IBAN = "iban"
    IP_ADDRESS = "ip_address"
    URL = "url"
    ORDER_NUMBER = "order_number"
    SECRET = "secret"  # noqa: S105 - a kind of finding, not a password
    IDENTIFIER = "identifier"
    DATE_OF_BIRTH = "date_of_birth"

    @property
    def placeholder(self) -> str:
        """What stands in the text instead."""
        return f"<{self.name}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Redacted:
    """A text without what was to go, and how much of which kind that was."""

    text: str
    counts: Mapping[PersonalData, int]


class InDoubt(StrEnum):
    """What happens to a capitalised word that may be a person, a product or a company."""

    TAKE_OUT = "take_out"
    LEAVE = "leave"


class Redactor:
    """Takes personal data out of texts. Threads may share one.

    The recognisers and the language model (about 200 MB, a few seconds) are loaded at the first
    text, or by `load` before it.
    """

    def __init__(self) -> None:
        self._recognizers = _Recognizers()
        self._in_doubt = InDoubt.TAKE_OUT

    @property
    def is_loaded(self) -> bool:
        """Whether the next text waits for nothing."""
        return self._recognizers.loaded is not None

    def load(self) -> None:
        """Load the model now, so that no question waits for it."""
        self._recognizers.load()

    def sparing(self) -> "Redactor":
        """The same, but for names in doubt: for texts that are searched by names of products.

        Both share what was loaded.
        """
        other = Redactor()
        other._recognizers = self._recognizers
        other._in_doubt = InDoubt.LEAVE
        return other

    def redact(self, text: str, kinds: frozenset[PersonalData]) -> Redacted:
        """Replace everything of these kinds by placeholders.

        Never fails, whatever the text. Redacting the result again changes nothing.
        """
        counts: Counter[PersonalData] = Counter()
        if kinds and text.strip():
            analysis = self._recognizers.load()
            # A placeholder changes what stands around the next name; so the text is read again
            # until nothing more is found. Each time less is left, and nearly always once is enough.
            while findings := analysis.find(text, kinds, self._in_doubt):
                parts: list[str] = []
                at = 0
                for finding in findings:
                    parts += (text[at : finding.start], finding.kind.placeholder)
                    at = finding.end
                    counts[finding.kind] += 1
                text = "".join((*parts, text[at:]))
        return Redacted(text=text, counts=MappingProxyType(dict(counts)))


class _Recognizers:
    """What is loaded once for all redactors that share it."""

    def __init__(self) -> None:
        self.loaded: Analysis | None = None
        self._lock = threading.Lock()

    def load(self) -> "Analysis":
        if self.loaded is None:
            with self._lock:
                if self.loaded is None:
                    from governance.redaction.analysis import Analysis

                    self.loaded = Analysis()
        return self.loaded
