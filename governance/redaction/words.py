"""What single words tell: whether one is a name, a word of English, or neither.

Names stand in names.txt; English words are those by which the language model's package
knows base forms (WordNet's lists), about 80,000.
"""

import unicodedata
from enum import IntEnum
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

_NAMES = "names.txt"
_LETTERS = str.maketrans(
    {
        "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ß": "ss",
        "\u0131": "i",
    }
)  # fmt: skip
_ENDINGS = (
    ("s", ""), ("es", ""), ("ies", "y"), ("ed", ""), ("ed", "e"), ("ied", "y"), ("ing", ""),
    ("ing", "e"), ("er", ""), ("er", "e"), ("est", ""), ("ly", ""), ("n't", ""),
)  # fmt: skip
_SURNAMES = (
    "sson", "ssen", "nsen", "rsen", "lsen", "ksen", "tsen", "dsen", "dottir", "ova", "ov", "ev",
    "eva", "evic", "ovic", "ski", "ska", "sky", "czyk", "wicz", "enko", "chuk", "yan", "shvili",
    "adze", "idze", "poulos", "akis", "idis", "iadis", "escu", "eanu", "nen", "strom", "berg",
    "gren", "qvist", "quist", "lund", "dahl", "mann", "stein", "feld", "baum", "meier", "meyer",
    "etti", "otti", "elli", "acci", "ucci", "oglu", "zadeh", "hardt", "rdson", "nson", "rson",
    "tson", "kson", "iyev", "yev",
)  # fmt: skip
# What accents tell, which lists do without.
_ACCENTED = ("ić", "ič", "ová", "ská", "cká", "ský", "cký", "ný", "ėnė", "aitė", "ytė", "ienė")
_SHORTEST_BASE = 2
_SHORTEST_SURNAME = 6


class Standing(IntEnum):
    """How surely a word is a name."""

    NONE = 0
    MAYBE = 1
    """It is one, and an everyday word too."""
    SURE = 2


def fold(word: str) -> str:
    """Return a word in lower case and without accents, as lists have it."""
    if word.isascii():
        return word.lower()
    parts = unicodedata.normalize("NFKD", word.lower())
    return "".join(one for one in parts if not unicodedata.combining(one)).translate(_LETTERS)


class Words:
    """The lists, read once. `model` is the folder of the language model."""

    def __init__(self, model: Path) -> None:
        from spacy.lang.en.stop_words import STOP_WORDS
        from spacy.lookups import Lookups

        self._names = sections(files("governance.redaction").joinpath(_NAMES).read_text("utf-8"))
        lookups = Lookups().from_disk(model / "lemmatizer" / "lookups")
        english = set(STOP_WORDS)
        for table in ("lemma_index", "lemma_exc"):
            for words in lookups.get_table(table).values():
                english.update(words)
        self._english = frozenset(english)
        self.function_words = frozenset(STOP_WORDS)
        self.particles = self._names["particles"]
        self.organisations = self._names["words of organisations"]
        self.no_names = self._names["no part of a name"] | self.function_words | self.particles

    def given(self, folded: str) -> Standing:
        """How surely a word is a given name."""
        return self._standing("given", folded)

    def family(self, folded: str, written: str = "") -> Standing:
        """How surely a word is a family name, by the list or by its ending."""
        listed = self._standing("family", folded.replace("'", "").replace("\u2019", ""))
        if listed is not Standing.NONE or self.is_english(folded):
            return listed
        ending = len(folded) >= _SHORTEST_SURNAME and folded.endswith(_SURNAMES)
        return Standing.SURE if ending or written.endswith(_ACCENTED) else Standing.NONE

    @lru_cache(maxsize=16_384)  # noqa: B019 - one instance lives as long as the process
    def is_english(self, folded: str) -> bool:
        """Whether a word is one of English, in any form, names aside."""
        if folded in self._english:
            return True
        for ending, base in _ENDINGS:
            if folded.endswith(ending):
                stem = folded[: -len(ending)] + base
                if len(stem) > _SHORTEST_BASE and (
                    stem in self._english
                    or (len(stem) > _SHORTEST_BASE + 1 and stem[-1] == stem[-2]
                        and stem[:-1] in self._english)
                ):  # fmt: skip
                    return True
        return False

    def _standing(self, kind: str, folded: str) -> Standing:
        if folded in self._names[f"{kind} that are words too"]:
            return Standing.MAYBE
        return Standing.SURE if folded in self._names[kind] else Standing.NONE


def sections(text: str) -> dict[str, frozenset[str]]:
    """Return the words of each section of a list."""
    sections: dict[str, set[str]] = {}
    words: set[str] = set()
    for line in text.splitlines():
        if line.startswith("["):
            words = sections.setdefault(line.strip("[]"), set())
        elif not line.startswith("#"):
            words.update(line.split())
    return {name: frozenset(found) for name, found in sections.items()}
