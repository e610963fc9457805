"""The values that a sentence or row gives for what a question asks: sums, spans of time, counts."""

import re
from dataclasses import dataclass, field

from copilot.question import Question, Wants, telling
from retrieval.keywords import terms as tokenize

_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
)
_SMALL = _WORDS.split()
_FIGURE = r"\d{1,3}(?:[,  ]\d{3})+(?!\d)|\d+(?:\.\d+)?"
_NUMBER = rf"(?<![\w.,-])(?:{_FIGURE}|\b(?:{'|'.join(_SMALL)})\b)"
_SECONDS = {
    "second": 1, "minute": 60, "min": 60, "hour": 3600, "day": 86400, "week": 604800,
    "month": 2592000, "quarter": 7776000, "year": 31536000,
}  # fmt: skip
_TIME = re.compile(
    rf"({_NUMBER})[\s-]+((?:business|working|calendar)\s+)?({'|'.join(_SECONDS)})s?\b",
    re.IGNORECASE,
)
_CURRENCY = r"EUR|USD|GBP|AUD|CHF|CAD|JPY|SGD|SEK|NOK|DKK|€|\$|£"
_SUM = re.compile(rf"({_CURRENCY})\s?({_FIGURE})|({_FIGURE})\s?({_CURRENCY}|%|percent\b)")
_COUNTED = re.compile(rf"({_NUMBER})\s+([^\W\d_][\w-]*)(?:\s+([^\W\d_][\w-]*))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A figure with what it counts: seconds, a currency, percent, or the noun behind it.

    `said` is how the text has it.
    """

    unit: str
    figure: float
    said: str = field(default="", compare=False)


def values_in(text: str, question: Question) -> frozenset[Value]:
    """The values of the form a question asks for; empty where it asks for none."""
    match question.wants:
        case Wants.DURATION:
            return _times(text)
        case Wants.AMOUNT:
            return _sums(text)
        case Wants.NUMBER:
            counted = _counted(text, frozenset(question.tokens))
            return counted or _times(text) | _sums(text) | _counted(text, None)
        case _:
            return frozenset()


def _times(text: str) -> frozenset[Value]:
    return frozenset(
        Value(
            unit=f"{(found[2] or '').strip().casefold().replace('calendar', '')} time",
            figure=_figure(found[1]) * _SECONDS[found[3].casefold()],
            said=found[0],
        )
        for found in _TIME.finditer(text)
    )


def _sums(text: str) -> frozenset[Value]:
    return frozenset(
        Value(
            unit=(found[1] or found[4]).replace("percent", "%"),
            figure=_figure(found[2] or found[3]),
            said=found[0],
        )
        for found in _SUM.finditer(text)
    )


def _counted(text: str, asked: frozenset[str] | None) -> frozenset[Value]:
    """Counts of things: of those that the question names, or of any."""
    found: set[Value] = set()
    for match in _COUNTED.finditer(text):
        for word in (match[2], match[3]):
            tokens = tokenize(word)[:1] if word else []
            if tokens and telling(tokens) and (asked is None or tokens[0] in asked):
                found.add(Value(unit=tokens[0], figure=_figure(match[1]), said=match[0]))
                break
    return frozenset(found)


def differ(one: frozenset[Value], other: frozenset[Value]) -> bool:
    """Whether both give values of one unit and share none of them."""
    units = {value.unit for value in one} & {value.unit for value in other}
    return any(
        {v.figure for v in one if v.unit == unit}.isdisjoint(
            {v.figure for v in other if v.unit == unit}
        )
        for unit in units
    )


def _figure(text: str) -> float:
    word = text.casefold()
    return float(_SMALL.index(word)) if word in _SMALL else float(re.sub(r"[^\d.]", "", text))
