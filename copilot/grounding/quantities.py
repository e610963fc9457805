"""Numbers, dates and limits in one form, however they are written.

"two hours" is 2 hours, "1,000" is 1000, "1 February 2026" is 2026-02-01. "24.1" is not "24.10":
what has a point is compared as it is written, unless money or a share is meant.
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class Limit(StrEnum):
    """Which side of a number is meant."""

    NONE = ""
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    WITHIN = "within"
    OVER = "over"
    UNDER = "under"
    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A number with what it counts: `unit` is empty where that is an ordinary word."""

    value: str
    unit: str
    limit: Limit = Limit.NONE


_SMALL = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
]
_TENS = {
    "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
WORDS = {word: value for value, word in enumerate(_SMALL)} | _TENS
SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7,
    "eighth": 8, "ninth": 9, "tenth": 10, "twelfth": 12,
}  # fmt: skip
MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul",
            "august aug", "september sep sept", "october oct", "november nov", "december dec",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_CURRENCY_CODES = """
EUR USD GBP SEK NOK DKK CHF PLN CZK HUF JPY CNY AUD CAD NZD SGD HKD INR BRL MXN ZAR TRY AED SAR KRW
THB RON BGN ISK
"""
CURRENCIES = {
    "\u20ac": "EUR", "$": "USD", "\u00a3": "GBP", "\u00a5": "JPY", "euro": "EUR", "euros": "EUR",
    "dollar": "USD", "dollars": "USD", "pound": "GBP", "pounds": "GBP",
} | {
    code.casefold(): code
    for code in _CURRENCY_CODES.split()
}  # fmt: skip
_UNITS = {
    "second": "second seconds sec secs s", "minute": "minute minutes min mins",
    "hour": "hour hours hr hrs h", "day": "day days", "week": "week weeks", "month": "month months",
    "year": "year years yr yrs", "ms": "millisecond milliseconds ms", "%": "% percent per-cent",
    "point": "percentage-point percentage-points", "KB": "kb kilobyte kilobytes kib",
    "MB": "mb megabyte megabytes mib", "GB": "gb gigabyte gigabytes gib",
    "TB": "tb terabyte terabytes tib", "kg": "kg kilogram kilograms kilo kilos",
    "g": "gram grams", "cm": "cm centimetre centimetres centimeter centimeters",
    "mm": "mm millimetre millimetres millimeter millimeters", "m": "metre metres meter meters",
    "km": "km kilometre kilometres kilometer kilometers",
    "quarter": "quarters",
}  # fmt: skip
UNITS = {word: unit for unit, words in _UNITS.items() for word in words.split()}
# "two business hours" are not two hours, "calendar days" not working days.
QUALIFIERS = {
    "business": "business", "working": "business", "work": "business", "office": "business",
    "calendar": "calendar",
}  # fmt: skip

_WITH_SEPARATORS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_MONEY_LIKE = re.compile(r"(?P<whole>\d+)\.(?P<part>\d+)")

_LIMITS: dict[Limit, str] = {
    Limit.AT_MOST: (
        r"no more than|not more than|no later than|not later than|no longer than|not longer than"
        r"|not exceed(?:ing)?|does not exceed|at most|at the most|up to|a maximum of|maximum"
        r"|maximum of|max\.?|limited to|at the latest|the most|capped at"
    ),
    Limit.AT_LEAST: (
        r"at least|no fewer than|not fewer than|no less than|not less than|a minimum of|minimum"
        r"|minimum of|min\.|at the least|no earlier than|not earlier than|as many as"
    ),
    Limit.OVER: (
        r"more than|greater than|larger than|longer than|older than|higher than|bigger than|over"
        r"|above|exceeds?|exceeded|exceeding|beyond|in excess of|heavier than|later than"
    ),
    Limit.UNDER: (
        r"less than|fewer than|under|below|shorter than|younger than|smaller than|lower than"
        r"|lighter than|almost|nearly|earlier than"
    ),
    Limit.WITHIN: r"within|inside|in under|in",
    Limit.BEFORE: r"before|prior to|until|till|by|ahead of|through",
    Limit.AFTER: r"after|from|since|following|as of|starting|starting on|beginning|effective",
}
_BEFORE = [
    (
        limit,
        re.compile(
            rf"(?:^|[^\w])(?:{words})\s+(?:about\s+|the\s+|the\s+last\s+|a\s+)?[^\w\s]{{0,2}}$"
        ),
    )
    for limit, words in _LIMITS.items()
]
_BEHIND = [
    (limit, re.compile(rf"\s*(?:{words})\b"))
    for limit, words in {
        Limit.AT_LEAST: r"or (?:more|longer|older|above|higher)|at least|and more|minimum|and over",
        Limit.AT_MOST: r"or (?:less|fewer|under|below|lower)|at (?:the )?(?:most|latest)|maximum",
        Limit.BEFORE: r"before|prior to|ahead of|earlier",
        Limit.AFTER: r"after|following|later",
    }.items()
]
_REACH = 32
_MEET: dict[Limit, frozenset[Limit]] = {
    Limit.NONE: frozenset({
        Limit.NONE, Limit.AT_LEAST, Limit.AT_MOST, Limit.WITHIN, Limit.AFTER, Limit.BEFORE,
    }),
    Limit.AT_LEAST: frozenset({Limit.AT_LEAST}),
    Limit.AT_MOST: frozenset({Limit.AT_MOST, Limit.WITHIN, Limit.BEFORE}),
    Limit.WITHIN: frozenset({Limit.WITHIN, Limit.AT_MOST, Limit.NONE, Limit.BEFORE}),
    Limit.OVER: frozenset({Limit.OVER, Limit.AFTER}),
    Limit.UNDER: frozenset({Limit.UNDER}),
    Limit.BEFORE: frozenset({Limit.BEFORE, Limit.AT_MOST}),
    Limit.AFTER: frozenset({Limit.AFTER, Limit.OVER, Limit.NONE}),
}  # fmt: skip


def meets(claimed: Limit, given: Limit) -> bool:
    """Whether a limit may be told as another: "within 2 hours" where a table says "2 hours"."""
    return given in _MEET[claimed]


def limit_around(text: str, start: int, end: int) -> Limit:
    """The limit that words around a number set; `text` is casefolded."""
    lead = text[max(0, start - _REACH) : start]
    for limit, pattern in _BEFORE:
        if pattern.search(lead):
            return limit
    rest = text[end : end + _REACH]
    for limit, pattern in _BEHIND:
        if pattern.match(rest):
            return limit
    return Limit.NONE


def limit_in(text: str) -> frozenset[Limit]:
    """The limits that a table's column name speaks of ("NCC holders at least")."""
    folded = text.casefold()
    return frozenset(
        limit
        for limit, words in _LIMITS.items()
        if limit in _STATED and re.search(rf"\b(?:{words}|{_STATED[limit]})\b", folded)
    )


_STATED = {
    Limit.AT_LEAST: "lowest|smallest|minim\\w+",
    Limit.AT_MOST: "limits?|highest|largest|longest|max\\w*|cap|ceiling|quota",
    Limit.OVER: "above",
    Limit.UNDER: "below",
}


def canonical(written: str) -> str:
    """A number in digits without separators; a point and what follows it as written."""
    if _WITH_SEPARATORS.fullmatch(written):
        written = written.replace(",", "")
    whole, point, rest = written.partition(".")
    whole = whole.lstrip("0") or "0" if whole.isdigit() else whole
    return whole + point + rest


def same_number(claimed: Quantity, given: Quantity) -> bool:
    """Whether two numbers are the same. "250.00" is 250 and EUR 4.50 is 4.5; 24.1 is not 24.10."""
    if claimed.value == given.value:
        return True
    measured = bool(claimed.unit or given.unit)
    return _short(claimed.value, measured=measured) == _short(given.value, measured=measured)


def _short(value: str, *, measured: bool) -> str:
    found = _MONEY_LIKE.fullmatch(value)
    if not found:
        return value
    if found["part"] == "00":
        return found["whole"]
    return value.rstrip("0").rstrip(".") if measured else value
