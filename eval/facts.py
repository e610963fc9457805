"""Exact facts in a text: numbers with their units, dates, times, identifiers. Pure.

A wrong figure in a fluent sentence is the costliest mistake an answer can make, and the one that
similarity measures see least. So facts are compared by themselves, in one notation: 1,250 is 1250,
"two hours" is 2 hours, 10 June 2024 is 2024-06-10.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

_SMALL_NUMBERS = """
    two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen twenty
"""
_TENS = "thirty forty fifty sixty seventy eighty ninety"
_MONTH_NAMES = "jan feb mar apr may jun jul aug sep oct nov dec"
_NUMBER_WORDS = {
    **{word: number for number, word in enumerate(_SMALL_NUMBERS.split(), start=2)},
    **{word: 10 * number for number, word in enumerate(_TENS.split(), start=3)},
}
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES.split(), start=1)}
_MONTH = (
    r"(?P<{0}>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DATE = re.compile(
    r"\b(?P<y1>\d{4})-(?P<m1>\d{2})-(?P<d1>\d{2})\b"
    rf"|\b(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\s+{_MONTH.format('m2')}\s+(?P<y2>\d{{4}})\b"
    rf"|\b{_MONTH.format('m3')}\s+(?P<d3>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y3>\d{{4}})\b",
    re.IGNORECASE,
)
_TIME = re.compile(r"\b(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)\b")
# Letters and figures in one word, or names joined by what only identifiers are joined by.
_IDENTIFIER = re.compile(
    r"\b(?=[\w.-]*\d)(?=[\w.-]*[A-Za-z])[A-Za-z0-9]+(?:[-_.][A-Za-z0-9]+)*\b"
    r"|\b[A-Za-z]+(?:_[A-Za-z]+)+\b|\b[A-Z]{2,}(?:-[A-Z0-9]+)+\b|\b\d+(?:\.\d+){2,}\b"
)
_COUNTED = re.compile(
    r"\d+-[a-z]+|\d+(?:[.,]\d+)*(?:st|nd|rd|th|h|hr|hrs|min|s|ms|d|k|m|km|cm|mm|g|kg|gb|mb|kb|tb|px|x)",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"(?:(?P<before>EUR|USD|GBP|CHF|[€$£])\s?)?"
    r"(?<![\w.])(?P<figure>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?![\w]*[A-Za-z_])"
    r"(?P<glued>%)?",
)
_WORD_NUMBER = re.compile(rf"\b(?P<word>{'|'.join(_NUMBER_WORDS)})\b", re.IGNORECASE)
_NEXT_WORD = re.compile(r"[\s-]{0,2}(?P<word>[A-Za-z]+|%|€|\$|£)")
_CURRENCIES = {"€": "eur", "$": "usd", "£": "gbp"}
_SHORT = {
    "%": "percent",
    "h": "hour",
    "hr": "hour",
    "hrs": "hour",
    "min": "minute",
    "mins": "minute",
    "s": "second",
    "d": "day",
}
_BEFORE_UNITS = "business calendar working consecutive full whole further more"
_QUALIFIERS = frozenset(_BEFORE_UNITS.split())
_FUNCTION_WORDS = """
    a an and are as at be but by can for from has if in is it its may must no not of on or per so
    than that the then to until was were when which will with
"""
_NO_UNITS = frozenset(_FUNCTION_WORDS.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One exact fact. `kind` is what it is a value of: a unit, a date, a time, a form of id.

    Two facts of one kind with different values may contradict each other; where the kind is empty,
    nothing is known of what the number counts. `value` is in the one notation.
    """

    kind: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The facts of a reference beside an answer's. `wrong` are values the answer gives instead."""

    present: frozenset[str]
    missing: frozenset[str]
    wrong: frozenset[str]

    @property
    def recall(self) -> float:
        """Share of the reference's facts that the answer has."""
        total = len(self.present) + len(self.missing)
        return len(self.present) / total if total else 1.0


def facts(text: str) -> frozenset[Fact]:
    """Every exact fact of a text."""
    return frozenset(_found(text))


def compare(reference: str, answer: str, question: str = "") -> Comparison | None:
    """Compare the facts of a reference with an answer's; None where the reference has none.

    What the question itself states is not counted: repeating it is no knowledge. A fact is present
    where the answer has its value, whatever word stands beside it. A missing one is contradicted
    where the answer has another value of the same kind that reference and question do not have.
    """
    told = facts(question)
    wanted = {one for one in facts(reference) if one.value not in _values(told)}
    if not wanted:
        return None
    given = facts(answer)
    missing = {one for one in wanted if one.value not in _values(given)}
    known = _values(wanted | told)
    wrong = {
        other.value
        for one in missing
        for other in given
        if one.kind and other.kind == one.kind and other.value not in known
    }
    return Comparison(
        present=frozenset(_values(wanted - missing)),
        missing=frozenset(_values(missing)),
        wrong=frozenset(wrong),
    )


def _values(some: frozenset[Fact] | set[Fact]) -> set[str]:
    return {one.value for one in some}


def _found(text: str) -> Iterator[Fact]:
    # What was read as one thing must not be read again as the numbers inside it.
    left = text
    for pattern, read in ((_DATE, _date), (_TIME, _time), (_IDENTIFIER, _identifier)):
        for match in pattern.finditer(left):
            fact = read(match)
            if fact is not None:
                yield fact
                left = left[: match.start()] + "|" * len(match[0]) + left[match.end() :]
    for match in _NUMBER.finditer(_unglued(left)):
        yield _number(match)
    for match in _WORD_NUMBER.finditer(left):
        value = str(_NUMBER_WORDS[match["word"].lower()])
        yield Fact(kind=_unit(left, match.end()), value=value)


def _date(match: re.Match[str]) -> Fact | None:
    number = 1 if match["y1"] else 2 if match["y2"] else 3
    month = match[f"m{number}"]
    with suppress(ValueError):
        found = date(
            int(match[f"y{number}"]),
            int(month) if month.isdigit() else _MONTHS[month[:3].lower()],
            int(match[f"d{number}"]),
        )
        return Fact(kind="date", value=found.isoformat())
    return None


def _time(match: re.Match[str]) -> Fact | None:
    return Fact(kind="time", value=f"{int(match['hour']):02d}:{match['minute']}")


def _identifier(match: re.Match[str]) -> Fact | None:
    if _COUNTED.fullmatch(match[0]):
        return None
    value = re.sub(r"^v(?=\d)", "", match[0].casefold())
    form = re.sub(r"\d+", "#", value)
    return Fact(kind=f"id {form}" if "#" in form and form[0] != "#" else "", value=value)


def _unglued(text: str) -> str:
    """The text with a blank between a figure and the unit that is glued to it (4h, 20GB)."""
    return re.sub(r"(?<=\d)(?=[A-Za-z]{1,3}\b)", " ", text)


def _number(match: re.Match[str]) -> Fact:
    value = Decimal(match["figure"].replace(",", ""))
    plain = f"{value:f}"
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    before = (match["before"] or "").casefold()
    if before:
        kind = _CURRENCIES.get(before, before)
    elif match["glued"]:
        kind = "percent"
    else:
        kind = _unit(match.string, match.end())
    return Fact(kind=kind, value=plain)


def _unit(text: str, end: int) -> str:
    """What a number counts: the word behind it, singular; empty where there is none."""
    for _ in range(2):
        match = _NEXT_WORD.match(text, end)
        if match is None:
            return ""
        word = match["word"].casefold()
        if word in _QUALIFIERS:
            end = match.end()
            continue
        if word in _NO_UNITS:
            return ""
        return _CURRENCIES.get(word) or _SHORT.get(word) or word.removesuffix("s")
    return ""
