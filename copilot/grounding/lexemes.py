"""A sentence as a row of what can be checked: words, numbers, dates, codes, and its joints."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from copilot.grounding.quantities import (
    CURRENCIES,
    MONTHS,
    ORDINALS,
    QUALIFIERS,
    SCALES,
    UNITS,
    WORDS,
    Limit,
    Quantity,
    canonical,
    limit_around,
)
from copilot.grounding.words import form, glue


class Kind(StrEnum):
    """What a lexeme is; `JOINT` parts two clauses, `GLUE` carries no content."""

    WORD = "word"
    GLUE = "glue"
    NUMBER = "number"
    DATE = "date"
    CODE = "code"
    JOINT = "joint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexeme:
    """One checkable piece of a plain text, `text[start:end]`.

    `form` is what is compared; `word` the casefolded spelling. `named` marks a capitalised name
    that does not merely open a sentence, `opens` one that does.
    """

    kind: Kind
    form: str
    word: str
    start: int
    end: int
    named: bool = False
    opens: bool = False
    quantity: Quantity | None = None

    @property
    def telling(self) -> bool:
        """Whether it says something by itself."""
        return self.kind not in {Kind.GLUE, Kind.JOINT}


_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_DATE = re.compile(
    rf"(?P<iso>\b(\d{{4}})-(\d{{2}})-(\d{{2}})\b)"
    rf"|(?P<dmy>\b(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ({_MONTH})\b\.?,?(?: (\d{{4}})\b)?)"
    rf"|(?P<mdy>\b({_MONTH})\.? (\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (\d{{4}})\b)?)"
    rf"|(?P<my>\b({_MONTH})\.? (\d{{4}})\b)"
    r"|(?P<num>\b(\d{1,2})([./])(\d{1,2})\7(\d{4})\b)".replace("\\7", "(?P=sep)").replace(
        "([./])", "(?P<sep>[./])"
    ),
    re.IGNORECASE,
)
_TOKEN = re.compile(
    r"(?P<url>\b(?:https?://|www\.)[^\s)>\]\"']+)"
    r"|(?P<path>(?<![\w/])/?\w[\w.{}-]*(?:/[\w.{}-]+)+/?|(?<![\w/])/[\w.{}-]+)"
    r"|(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\w|,\d))"
    r"|(?P<word>[^\W_]+(?:(?:[-._/:@+#&]+|'(?=[^\W\d_])|_+)[^\W_]+)*)"
    r"|(?P<sign>[%\u20ac$\u00a3\u00a5])"
    r"|(?P<joint>[,;:()\u2014|\u2192]|[.!?](?=\s|$)|\n| - )"
)
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_GLUED = re.compile(r"(?P<number>\d[\d,]*(?:\.\d+)?)(?P<unit>[a-z%]+|(?:-[a-z]+)+)")
_BARE_POINT = re.compile(r"(?<![\w.])\.(?=\d)")
_MINUS = re.compile(r"(?:^|[\s|(])-$")
_RANGE = re.compile(r"(\d[\d,]*(?:\.\d+)?)-(\d[\d,]*(?:\.\d+)?)")
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)", re.IGNORECASE)
_PLURAL_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]*[A-Z0-9]s|[A-Z]\d+s")
_CODE = re.compile(
    r"(?=.*\d)(?=.*[^\W\d_]).*|.*_.*|[^\W\d_]{2,}(?:[.:@#+/][^\W\d_]+)+|[a-z]+[A-Z]\w*|[A-Z]{2,}"
    r"|\d+(?:[.:/-]\d+){2,}",
)
_ABBREVIATED = frozenset({"e", "g", "i", "z", "b"})
_JOINING = frozenset(
    [
        "and",
        "or",
        "but",
        "while",
        "whereas",
        "though",
        "although",
        "because",
        "since",
        "which",
        "who",
        "where",
        "when",
        "if",
        "unless",
        "except",
        "then",
        "so",
        "until",
        "provided",
        "as",
    ]
)
_COUNTED = frozenset({*UNITS, *QUALIFIERS, *SCALES})
_DETERMINERS = frozenset({"the", "this", "that", "each", "every", "any", "no", "which", "another"})
_ORDINAL_WORDS = {word: str(value) for word, value in ORDINALS.items()}
_TIMES = frozenset({"twice", "thrice", "half", "double", "triple", "dozen"})


@lru_cache(maxsize=20_000)
def read(text: str) -> tuple[Lexeme, ...]:
    """Read a plain text (`plain.plain`), whole sentences or a cell of a table."""
    # `.5` is a half, not five.
    text = _BARE_POINT.sub("0.", text)
    return tuple(_counted(text, list(_raw(text))))


def _raw(text: str) -> Iterator[Lexeme]:
    cursor = 0
    for match in _DATE.finditer(text):
        date = _date(match)
        if date is None:
            continue
        yield from _tokens(text, cursor, match.start())
        end = match.start() + len(match.group().rstrip(".,"))
        yield Lexeme(kind=Kind.DATE, form=date, word=date, start=match.start(), end=end)
        cursor = end
    yield from _tokens(text, cursor, len(text))


def _date(match: re.Match[str]) -> str | None:
    """Year, month and day as `2026-02-01`, with `?` for what is not told."""
    groups = [one for one in match.groups()[1:] if one]
    if match["iso"]:
        year, month, day = groups[-3:]
        return f"{year}-{month}-{day}"
    numbers = [one for one in groups if one.isdigit()]
    if match["num"]:
        day, month, year = (int(one) for one in numbers[-3:])
        return f"{year:04}-{month:02}-{day:02}"
    name = next(one for one in groups if one.casefold() in MONTHS)
    month = f"{MONTHS[name.casefold()]:02}"
    if match["my"]:
        return f"{numbers[-1]}-{month}-??"
    day = next((one for one in numbers if len(one) < 4), "")  # noqa: PLR2004
    year = next((one for one in numbers if len(one) == 4), "????")  # noqa: PLR2004
    return f"{year}-{month}-{int(day):02}" if day and int(day) else None


def _tokens(text: str, start: int, end: int) -> Iterator[Lexeme]:
    for match in _TOKEN.finditer(text, start, end):
        at, stop, written = match.start(), match.end(), match.group()
        if match["joint"] is not None:
            yield Lexeme(kind=Kind.JOINT, form=written, word=written, start=at, end=stop)
        elif match["sign"] is not None:
            yield Lexeme(kind=Kind.GLUE, form=written, word=written, start=at, end=stop)
        elif match["url"] is not None or (match["path"] is not None and _is_path(written)):
            trimmed = written.rstrip(".,;:")
            yield _code(trimmed, at)
        else:
            yield from _word(text, written, at)


def _is_path(written: str) -> bool:
    return (
        written.startswith("/") or written.count("/") > 1 or any(one.isdigit() for one in written)
    )


def _code(written: str, at: int) -> Lexeme:
    folded = written.casefold().strip("/")
    return Lexeme(kind=Kind.CODE, form=folded, word=folded, start=at, end=at + len(written))


def _word(text: str, written: str, at: int) -> Iterator[Lexeme]:
    folded = written.casefold()
    stop = at + len(written)
    if _NUMBER.fullmatch(written):
        below_zero = _MINUS.search(text, max(0, at - 2), at)
        yield _number(("-" if below_zero else "") + canonical(written), at, stop)
    elif both := _RANGE.fullmatch(written):
        yield _number(canonical(both[1]), at, at + len(both[1]))
        yield _number(canonical(both[2]), at + len(both[1]) + 1, stop)
    elif ordinal := _ORDINAL.fullmatch(written):
        yield _ranked(ordinal[1], folded, at, stop)
    elif glued := _glued(folded):
        yield _number(canonical(glued["number"]), at, at + len(glued["number"]))
        for part in re.finditer(r"[a-z%]+", glued["unit"]):
            begin = at + len(glued["number"]) + part.start()
            yield _plain_word(text, part.group(), begin, begin + len(part.group()))
    elif _PLURAL_CODE.fullmatch(written):
        yield _code(written[:-1], at)
    elif _CODE.fullmatch(written) and not _hyphenated(written):
        yield _code(written.removesuffix("'s").removesuffix("'S"), at)
    elif any(one.isdigit() for one in written):
        # Times, versions, and whatever else has a digit in it: it must be there as it is written.
        yield _code(re.sub(r"(?<![\d.])0+(?=\d)", "", written), at)
    else:
        for part in re.finditer(r"[^\W_]+(?:'[^\W_]+)?", written):
            yield _plain_word(text, part.group(), at + part.start(), at + part.end())


def _hyphenated(written: str) -> bool:
    """Ordinary words with hyphens or slashes between them, and no digit."""
    parts = re.split(r"[-/&]", written)
    return len(parts) > 1 and all(one.isalpha() and one[1:].islower() for one in parts if one)


def _glued(folded: str) -> re.Match[str] | None:
    """A number with its unit ("30-day", "5s", "250gb"), or None for a code."""
    found = _GLUED.fullmatch(folded)
    if not found:
        return None
    words = re.findall(r"[a-z%]+", found["unit"])
    if found["unit"].startswith("-"):
        return found if all(len(one) > 1 for one in words) else None
    return found if words[0] in UNITS else None


def _number(value: str, start: int, end: int) -> Lexeme:
    return Lexeme(
        kind=Kind.NUMBER, form=value, word=value, start=start, end=end,
        quantity=Quantity(value=value, unit=""),
    )  # fmt: skip


def _ranked(value: str, word: str, start: int, end: int, unit: str = "") -> Lexeme:
    return Lexeme(
        kind=Kind.NUMBER, form=value, word=word, start=start, end=end,
        quantity=Quantity(value=value, unit=f"{unit} rank".strip()),
    )  # fmt: skip


def _plain_word(text: str, written: str, start: int, end: int) -> Lexeme:
    folded = written.casefold().removesuffix("'s").rstrip("'")
    if folded in glue() or folded in _ABBREVIATED or folded.endswith("n't"):
        return Lexeme(kind=Kind.GLUE, form=folded, word=folded, start=start, end=end)
    capital, opens = written[:1].isupper(), _opens(text, start)
    return Lexeme(
        kind=Kind.WORD,
        form=form(folded),
        word=folded,
        start=start,
        end=end,
        named=capital and not opens,
        opens=capital and opens,
    )


def _opens(text: str, start: int) -> bool:
    """Whether a sentence, a cell, an item or a quotation begins here."""
    before = text[:start].rstrip(" \"'([*_`>")
    return not before or before[-1] in ".!?:|\n" or before[-2:] in {"\n-", "\n*"}


def _counted(text: str, raw: list[Lexeme]) -> Iterator[Lexeme]:
    """Numbers put together with their words, units and limits."""
    folded = text.casefold()
    at = 0
    while at < len(raw):
        one = raw[at]
        value = _value_of(raw, at)
        if one.kind is Kind.NUMBER and one.quantity and one.quantity.unit.endswith("rank"):
            unit, extra = _unit_of(raw, at + 1)
            yield _ranked(one.form, one.word, one.start, raw[at + extra].end, unit)
            at += 1 + extra
        elif value is not None:
            number, used = value
            unit, extra = _unit_of(raw, at + used)
            start = one.start
            if not unit and at and raw[at - 1].word in CURRENCIES and raw[at - 1].kind in _MONEY:
                unit = CURRENCIES[raw[at - 1].word]
                start = raw[at - 1].start
            end = raw[at + used + extra - 1].end
            limit = _fitting(limit_around(folded, start, end), unit, folded[:start])
            yield Lexeme(
                kind=Kind.NUMBER, form=number, word=number, start=start, end=end,
                quantity=Quantity(value=number, unit=unit, limit=limit),
            )  # fmt: skip
            at += used + extra
        elif one.word in _ORDINAL_WORDS and one.kind is Kind.WORD:
            unit, extra = _unit_of(raw, at + 1)
            yield _ranked(_ORDINAL_WORDS[one.word], one.word, one.start, raw[at + extra].end, unit)
            at += 1 + extra
        elif one.word in CURRENCIES and one.kind in _MONEY and _next_is_number(raw, at):
            at += 1
        elif one.word in _TIMES and one.kind is Kind.WORD:
            yield Lexeme(
                kind=Kind.NUMBER, form=one.word, word=one.word, start=one.start, end=one.end,
                quantity=Quantity(value=one.word, unit="times"),
            )  # fmt: skip
            at += 1
        elif one.kind is Kind.GLUE and one.word in _JOINING:
            yield Lexeme(
                kind=Kind.JOINT, form=one.word, word=one.word, start=one.start, end=one.end
            )
            at += 1
        else:
            yield one
            at += 1


_MONEY = frozenset({Kind.CODE, Kind.GLUE, Kind.WORD})
_TIME_UNITS = frozenset({"second", "minute", "hour", "day", "week", "month", "year", "ms"})


def _fitting(limit: Limit, unit: str, lead: str) -> Limit:
    """The limit, unless a little word in front of a bare number means something else."""
    time = unit.rsplit(" ", 1)[-1] in _TIME_UNITS
    if limit is Limit.WITHIN and not time:
        return Limit.NONE
    if limit is Limit.BEFORE and not time and re.search(r"\b(?:by|through)\W*$", lead):
        return Limit.NONE
    return limit


def _next_is_number(raw: list[Lexeme], at: int) -> bool:
    return at + 1 < len(raw) and _value_of(raw, at + 1) is not None


def _value_of(raw: list[Lexeme], at: int) -> tuple[str, int] | None:
    """The number that starts here and how many lexemes it takes; None for no number."""
    one = raw[at]
    following = raw[at + 1].word if at + 1 < len(raw) else ""
    if one.kind is Kind.NUMBER:
        if following in SCALES and "." not in one.form and one.form.isdigit():
            return str(int(one.form) * SCALES[following]), 2
        return one.form, 1
    if one.kind not in {Kind.WORD, Kind.GLUE} or one.word not in WORDS:
        return None
    if one.word == "one" and not _counts(raw, at):
        return None
    value, used = WORDS[one.word], 1
    if value >= 20 and value % 10 == 0 and 0 < WORDS.get(following, 0) < 10:  # noqa: PLR2004
        value, used = value + WORDS[following], 2
        following = raw[at + 2].word if at + 2 < len(raw) else ""
    if following in SCALES:
        value, used = value * SCALES[following], used + 1
    return str(value), used


def _counts(raw: list[Lexeme], at: int) -> bool:
    """Whether "one" is a number here and not a pronoun."""
    if at + 1 >= len(raw) or (at and raw[at - 1].word in _DETERMINERS):
        return False
    following = raw[at + 1]
    return following.word in _COUNTED or following.kind in {Kind.WORD, Kind.CODE}


def _unit_of(raw: list[Lexeme], at: int) -> tuple[str, int]:
    """The unit that starts here, and how many lexemes it takes."""
    if at >= len(raw):
        return "", 0
    word = raw[at].word
    following = raw[at + 1].word if at + 1 < len(raw) else ""
    if word in QUALIFIERS and following in UNITS:
        return f"{QUALIFIERS[word]} {UNITS[following]}", 2
    if word in {"percentage", "per"} and following in {"point", "points", "cent"}:
        return ("%" if following == "cent" else "point"), 2
    if word in UNITS:
        return UNITS[word], 1
    if word in CURRENCIES and not _in_front(raw, at):
        return CURRENCIES[word], 1
    return "", 0


def _in_front(raw: list[Lexeme], at: int) -> bool:
    """Whether a currency stands right in front of another number ("200 $40")."""
    close = at + 1 < len(raw) and raw[at + 1].start <= raw[at].end + 1
    return close and _value_of(raw, at + 1) is not None and raw[at - 1].end < raw[at].start
