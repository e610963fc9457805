"""What form an answer has: whether a sentence holds an amount, a span of time, a date, a number."""

import re

from copilot.question import Wants

_COUNT = (
    r"(?:\d[\d.,]*|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirty|sixty"
    r"|ninety)"
)
_CURRENCY = r"(?:EUR|USD|GBP|AUD|CHF|CAD|JPY|SEK|NOK|DKK|[€$£¥])"
_FORMS = {
    Wants.NUMBER: re.compile(rf"\b{_COUNT}\b|\bunlimited\b|\bno limit\b|\bnone\b", re.IGNORECASE),
    Wants.AMOUNT: re.compile(
        rf"{_CURRENCY}\s?\d|\d[\d.,]*\s?(?:{_CURRENCY}|percent|%)|\b{_COUNT} percent\b"
        r"|\bfree\b|\bwaived\b|\bno (?:charge|fee|cost)\b|\bincluded\b|\bP\d\b",
        re.IGNORECASE,
    ),
    Wants.DURATION: re.compile(
        rf"\b{_COUNT}[\s-]?(?:\w+\s)?(?:ms|seconds?|minutes?|min|hours?|h|days?|weeks?|months?"
        r"|quarters?|years?)\b|\b\d{1,2}:\d\d\b|\b(?:hourly|daily|weekly|monthly|quarterly|yearly"
        r"|annually|immediately|at once|never|nightly)\b|\bevery\s+\w+",
        re.IGNORECASE,
    ),
    Wants.MOMENT: re.compile(
        r"\b(?:19|20)\d\d\b|\b\d{1,2}:\d\d\b|\b(?:january|february|march|april|june|july|august"
        r"|september|october|november|december|(?:mon|tues|wednes|thurs|fri|satur|sun)days?"
        r"|quarter|when|after|before|until|once|days?|hours?|weeks?|months?)\b|\bMay\b|\bQ[1-4]\b",
        re.IGNORECASE,
    ),
}
PINPOINT = frozenset({*_FORMS, Wants.PERSON})


def has_form(wants: Wants, text: str) -> bool:
    """Whether a text holds what the question's form asks for; true where it asks for none."""
    form = _FORMS.get(wants)
    return form is None or bool(form.search(text))


_FIGURE = r"(\d{1,3}(?:[,.\s]\d{3})+|\d+)"
_RANGE = re.compile(rf"{_FIGURE}\s*(?:to|-|–|up to|bis|à)\s*{_FIGURE}")  # noqa: RUF001 (people type both)
_QUANTITY = re.compile(_FIGURE)


def in_range(question: str, row: str) -> bool:
    """Whether a number of the question lies in a range that a table row names (`1 to 50`)."""
    asked = [_figure(found.group()) for found in _QUANTITY.finditer(question)]
    return any(
        _figure(found.group(1)) <= number <= _figure(found.group(2))
        for found in _RANGE.finditer(row)
        for number in asked
    )


def _figure(text: str) -> int:
    return int(re.sub(r"\D", "", text)[:18])
