"""Words that occur in one place only: where one turns up tells what leaked.

A canary is made of letters and hexadecimal digits, so that every part of the house takes it for
one ordinary word: it is indexed, quoted, highlighted and searched for like any other.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random


class Kind(StrEnum):
    """What a canary stands in; two letters, because it is part of the word."""

    TEXT = "cv"
    TITLE = "cd"
    ADDRESS = "cu"
    NOTE = "cn"
    TENANT = "ct"
    SUBJECT = "cs"
    SAID = "ca"


_WORD = re.compile(r"c[vdunts a][0-9a-f]{12}z".replace(" ", ""))
# What the house itself makes up: documents, outcomes, escalations, jobs, keys, and chunks.
_IDENTIFIER = re.compile(r"\b(?:[a-z]{2,4}_[0-9a-f]{24,32}|[0-9a-f]{32})\b")


@dataclass(slots=True)
class Canaries:
    """Makes canaries, and knows what each stands in: `meaning` by the word itself."""

    draw: Random
    meaning: dict[str, str] = field(default_factory=dict)

    def make(self, kind: Kind, meaning: str) -> str:
        """A new word. `meaning` is for the report."""
        word = f"{kind.value}{self.draw.getrandbits(48):012x}z"
        self.meaning[word] = meaning
        return word

    def learn(self, identifier: str, meaning: str) -> None:
        """Watch for an identifier that the house made."""
        self.meaning[identifier] = meaning

    def found_in(self, text: str) -> set[str]:
        """Every known word and identifier in a text."""
        words = set(_WORD.findall(text))
        words.update(_IDENTIFIER.findall(text))
        return words & self.meaning.keys()

    def described(self, words: Iterable[str]) -> str:
        """What was found, for the report."""
        return ", ".join(sorted(f"{word} ({self.meaning[word]})" for word in words))
