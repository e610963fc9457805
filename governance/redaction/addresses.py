"""Addresses: streets in many languages, and the towns that stand with them.

spaCy's model knows towns and countries but no streets. An address starts from a core (see
redaction_streets) and grows over the flat, the town, the state, the post code and the country
behind it. A town by itself is nobody's address.
"""

import re
from collections.abc import Iterator

import regex

from governance.redaction.findings import Finding
from governance.redaction.language_model import Entities
from governance.redaction.phrases import either, phrases
from governance.redaction.redactor import PersonalData
from governance.redaction.streets import (
    CAPITAL,
    NUMBER,
    SCORE,
    SHORT_NAME,
    SMALL,
    foreign_streets,
    street_recognizer,
)
from governance.redaction.words import Words, fold

_FLAGS = regex.MULTILINE
_SEPARATOR = r"(?:[ \t]{1,4}|[ \t]*[,;][ \t]*|[ \t]*,?[ \t]*\n{1,2}[ \t>|*?]{0,12}(?:,[ \t]*)?)"
_POSTCODE = (
    r"(?:[A-Z]{1,2}-)?(?:\d{5}-\d{3,4}|\d{4}-\d{3}|\d{3}[ ]\d{2}|\d{4}[ ]?[A-Z]{2}|\d{4,6}|"
    r"[A-Z]{1,2}\d[A-Z\d]?[ ]?\d[A-Z]{2}|[A-Z]\d[A-Z][ ]?\d[A-Z]\d)(?![\w/-]|[.,]\d)"
)
_REST_OF_LINE = re.compile(
    r"[\s,.?!]*(?:[A-Z]{2,3}\b)?[\s,]*[\d -]*[A-Z]{0,2}[\s,.?!]*(?:(?:after|for|in|and)\b.*)?"
)
_GOES_ON = re.compile(
    r"\s(?!street\b|st\b|in\b|and\b|or\b|for\b|after\b|on\b|at\b|is\b|was\b)[a-z]{2}"
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_TOWARDS_A_TOWN = re.compile(r"\b(?:in|from|near)\s$", re.IGNORECASE)
_PLACES = frozenset({"GPE", "LOC", "FAC"})
_MOST_PARTS = 9
_REACH = 60
_CODE_DIGITS = (4, 5)


class Addresses:
    """Finds addresses. Holds its patterns compiled."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._countries = frozenset(phrases("countries"))
        self._streets = street_recognizer(_FLAGS)
        self._foreign = foreign_streets(_FLAGS)
        self._unit = regex.compile(
            rf"{_SEPARATOR}(?P<name>(?i:{either('units')}\.?[ ]?#?[ ]?\d{{1,5}}[a-z]?\b"
            rf"|{either('boxes')}[ ]\d{{1,6}}|box[ ]\d{{1,6}}|#[ ]?\d{{1,5}}\b))",
            _FLAGS,
        )
        self._code = regex.compile(rf"{_SEPARATOR}(?P<name>{_POSTCODE})", _FLAGS)
        self._state = regex.compile(rf"{_SEPARATOR}(?P<name>(?:[A-Z]{{2,3}}|nan)(?![\w@]))", _FLAGS)
        self._town = regex.compile(
            rf"{_SEPARATOR}(?P<name>{CAPITAL}"
            rf"(?:[ ](?:{SMALL}[ ])?(?:{CAPITAL}|\([^)\n]{{1,30}}\))){{0,4}}"
            r"(?:[ ]\d{1,2}(?!\d))?)",
            _FLAGS,
        )
        self._bare = regex.compile(
            rf"(?<![\w.,:/#@-])(?P<first>{NUMBER}[ ,]+)?(?P<name>{SHORT_NAME})[ ]"
            rf"(?P<number>{NUMBER}\.?)(?![\w/%€$@-]|[.,:]\d)",
            _FLAGS,
        )
        self._told = re.compile(
            rf"(?:\b{either('towards an address')}[ \t:,]*(?:\d{{1,5}}[ ,]+)?"
            r"|address[^\n\w]{0,4}\n[ \t]*)$",
            re.IGNORECASE,
        )

    def find(self, text: str, entities: Entities) -> list[Finding]:
        """Return the addresses of a text with capitals on its names."""
        found: list[Finding] = []
        for start, core in self._cores(text):
            end = self._grown(text, core, entities)
            # The dot behind a town ends the sentence.
            end -= text[start:end].endswith(".")
            found.append(Finding(kind=PersonalData.ADDRESS, start=start, end=end, score=SCORE))
        return found

    def _cores(self, text: str) -> Iterator[tuple[int, int]]:
        for found in self._streets.analyze(text, ["ADDRESS"]):
            yield found.start, found.end
        for found in self._foreign.analyze(text, ["ADDRESS"]):
            # The last word is the street's; it is English.
            if not all(self._english(text[found.start : found.end])[:-1]):
                yield found.start, found.end
        yield from self._numbered(text)

    def _numbered(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield names with a house number but no word for a street, where more speaks for one."""
        for match in self._bare.finditer(text):
            first, end = match["first"] is not None, match.end()
            unit = self._unit.match(text, end) is not None
            foreign = not all(self._english(match["name"]))
            if not foreign and not (first and unit):
                continue
            left = text[max(0, match.start() - _REACH) : match.start()]
            told = self._told.search(left) and not _GOES_ON.match(text, end)
            town = self._town.match(text, end) or self._code.match(text, end)
            beside = town is not None and bool(set(text[end : town.start("name")]) & {"\n", ","})
            coded = (
                _TOWARDS_A_TOWN.search(left)
                and len(match["number"]) in _CODE_DIGITS
                and not _YEAR.fullmatch(match["number"])
            )
            if told or unit or coded or (first and (beside or "\n" in text)):
                yield match.span()

    def _english(self, text: str) -> list[bool]:
        """Return of each word whether it is English."""
        return [self._words.is_english(fold(one)) for one in re.findall(r"[^\W\d_]+", text)]

    def _grown(self, text: str, end: int, entities: Entities) -> int:
        """Return where an address ends that has its street before `end`."""
        for _ in range(_MOST_PARTS):
            found = (
                self._unit.match(text, end)
                or self._code.match(text, end)
                or self._state.match(text, end)
            )
            if found is None:
                found = self._town.match(text, end)
                if found is None or not self._is_town(text, end, found, entities):
                    return end
            if text[found.end() : found.end() + 1] in {":", "@"}:
                return end
            end = found.end("name")
        return end

    def _is_town(self, text: str, end: int, found: "regex.Match[str]", entities: Entities) -> bool:
        """Whether capitals behind an address are its town, state or country."""
        words = [fold(one) for one in re.findall(r"[^\W\d_]+", found["name"])]
        if not words or words[0] in self._words.function_words:
            return False
        start = found.start("name")
        if {words[0], words[-1]} & self._countries or (
            entities.labels(start, found.end("name")) & _PLACES
        ):
            return True
        separator = text[end:start]
        if "\n" in separator:
            # A line of its own, but for what else belongs to an address.
            line_end = text.find("\n", found.end())
            rest = text[found.end() : line_end if line_end >= 0 else len(text)]
            return bool(_REST_OF_LINE.fullmatch(rest))
        return "," in separator or not all(self._words.is_english(one) for one in words)
