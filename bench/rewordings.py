"""True sentences as a chat model words them: the source's, in other words, shorter, or joined.

Each rule returns None where it does not fit a source. Which rules were looked at while grounding
was written is decided by their names (`drafts.half_of`).
"""

import re
from collections.abc import Callable
from random import Random

from bench.drafts import Source

Reword = Callable[[Source, Random], str | None]

_NUMBERS = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
"""
_SMALL = _NUMBERS.split()
_WORD_OF = {str(value): word for value, word in enumerate(_SMALL)}
_LONG_DATE = re.compile(
    r"\b(\d{1,2}) (January|February|March|April|May|June|July|August|September|October|November"
    r"|December) (\d{4})\b"
)
_SYNONYMS = (
    ("receives", "gets"), ("receive", "get"), ("shows", "displays"), ("needs", "requires"),
    ("needed", "required"), ("chosen", "selected"), ("sent", "transmitted"), ("lasts", "continues"),
    ("stops", "halts"), ("repeated", "retaken"), ("begins", "starts"), ("begin", "start"),
    ("ends", "finishes"), ("often", "frequently"), ("delete", "remove"), ("deleted", "removed"),
    ("kept", "retained"), ("closed", "shut"), ("large", "big"), ("helps", "assists"),
    ("telephone", "phone"), ("fee", "charge"), ("switched off", "turned off"), ("buy", "purchase"),
    ("checked", "verified"), ("fails", "is unsuccessful"), ("wrong", "incorrect"),
    ("tell", "inform"), ("say", "state"), ("refused", "rejected"), ("answered", "replied to"),
    ("changed", "modified"), ("made", "created"), ("created", "generated"), ("find", "locate"),
    ("small", "little"), ("quickly", "fast"), ("before", "prior to"), ("about", "approximately"),
    ("enough", "sufficient"), ("also", "as well"), ("each", "every"), ("asks", "requests"),
)  # fmt: skip


def verbatim(source: Source, _random: Random) -> str | None:
    """As it stands."""
    return source.text or None


def number_words(source: Source, _random: Random) -> str | None:
    """Digits as words, words as digits."""
    found = re.sub(
        r"(?<![\w.,-])(\d{1,2})(?= [a-z])",
        lambda one: _WORD_OF.get(one[1], one[1]),
        source.text,
    )
    if found == source.text:
        found = re.sub(
            r"\b(two|three|four|five|six|seven|eight|nine|ten|twelve)\b(?= [a-z])",
            lambda one: str(_SMALL.index(one[1])),
            source.text,
        )
    return found if found != source.text else None


def synonyms(source: Source, _random: Random) -> str | None:
    """One or two words replaced by others of the same meaning."""
    text, changed = source.text, 0
    for one, other in _SYNONYMS:
        found = re.sub(rf"\b{one}\b", other, text, count=1)
        if found != text:
            text, changed = found, changed + 1
        if changed == 2:
            break
    return text if changed else None


def clauses_reordered(source: Source, _random: Random) -> str | None:
    """'If X, Y.' as 'Y if X'."""
    found = re.fullmatch(r"(If|When|While|After|Before|Once) ([^,;:]+), ([^;:]+)\.", source.text)
    if not found:
        return None
    return f"{_upper(found[3])} {found[1].lower()} {found[2]}."


def condition_first(source: Source, _random: Random) -> str | None:
    """'Y if X.' as 'If X, Y'."""
    found = re.fullmatch(r"([A-Z][^,;:]+) (if|when) ([^,;:]+)\.", source.text)
    if not found:
        return None
    return f"{_upper(found[2])} {found[3]}, {_lower(found[1])}."


def duty_reworded(source: Source, _random: Random) -> str | None:
    """Must and has to, may and is allowed to, can and is able to."""
    for one, other in (
        (r"\bhas to\b", "must"), (r"\bhave to\b", "must"), (r"\bmust be\b", "needs to be"),
        (r"\bmust not\b", "may not"), (r"\bmay be\b", "can be"), (r"\bcannot\b", "can not"),
        (r"\bdoes not\b", "doesn't"), (r"\bis not\b", "isn't"), (r"\bare not\b", "aren't"),
        (r"\bmust\b", "has to"), (r"\bcan be\b", "may be"),
    ):  # fmt: skip
        if re.search(one, source.text):
            return re.sub(one, other, source.text, count=1)
    return None


def limit_reworded(source: Source, _random: Random) -> str | None:
    """At least and no fewer than, up to and at most."""
    for one, other in (
        (r"\bat least (?=\d|one|two|three)", "no less than "), (r"\bup to (?=[\d,]+)", "at most "),
        (r"\bUp to (?=[\d,]+)", "At most "), (r"\bmore than (?=\d)", "over "),
        (r"\bat most (?=\d|one)", "no more than "),
        (r"\bwithin (?=\d)", "in no more than "), (r"\bfewer than\b", "less than"),
        (r" percent\b", "%"), (r"%", " percent"), (r"(?<=\d),(?=\d{3})", ""),
        (r"\bEUR (\d[\d,.]*\d|\d)", r"\1 euros"),
    ):  # fmt: skip
        if re.search(one, source.text):
            return re.sub(one, other, source.text, count=1)
    return None


def date_reworded(source: Source, _random: Random) -> str | None:
    """Another way to write a date."""
    found = _LONG_DATE.sub(r"\2 \1, \3", source.text)
    return found if found != source.text else None


def with_a_lead(source: Source, random: Random) -> str | None:
    """A polite opening before the sentence."""
    if not source.text or not source.text.startswith(("The ", "A ", "An ", "If ", "Each ", "In ")):
        return None
    lead = random.choice(
        ["According to the documentation, ", "In this case, ", "Please note that ", "Note that "]
    )
    return lead + _lower(source.text)


def shortened(source: Source, _random: Random) -> str | None:
    """Without an aside in brackets, or what follows a semicolon."""
    text = re.sub(r" \([^()]*\)", "", source.text)
    text = re.sub(r"; [^.]+\.$", ".", text)
    return text if text != source.text and len(text.split()) >= 5 else None


def without_a_relative_clause(source: Source, _random: Random) -> str | None:
    """Without ', which ...' at the end."""
    text = re.sub(r", (?:which|so|and then|for example|as) [^,]+\.$", ".", source.text)
    return text if text != source.text and len(text.split()) >= 5 else None


def two_merged(source: Source, random: Random) -> str | None:
    """Two sentences of the passage in one."""
    fit = [one for one in source.near if len(one.split()) + len(source.text.split()) < 50]
    if not source.text or not fit:
        return None
    first, second = source.text, random.choice(fit)
    return f"{first.rstrip('.')}, and {_lower(second)}"


def emphasised(source: Source, _random: Random) -> str | None:
    """With Markdown around what matters, as models like it."""
    found = re.sub(r"(?<![\w.,-])(\d[\d,.]* \w+)", r"**\1**", source.text, count=1)
    return found if found != source.text else None


def row_told(source: Source, random: Random) -> str | None:
    """A cell of a row in a sentence."""
    if source.row is None:
        return None
    at = random.randrange(1, len(source.row.values))
    name, value = _lower(source.row.names[at]), source.row.values[at]
    return f"For {source.row.values[0]}, the {name} is {value}."


def row_as_a_list(source: Source, _random: Random) -> str | None:
    """A row as the quoting writer reads it out."""
    if source.row is None:
        return None
    cells = zip(source.row.names[1:], source.row.values[1:], strict=True)
    return (
        f"{source.row.values[0]}: " + "; ".join(f"{name}: {value}" for name, value in cells) + "."
    )


def row_with_has(source: Source, random: Random) -> str | None:
    """A cell of a row in another sentence."""
    if source.row is None:
        return None
    at = random.randrange(1, len(source.row.values))
    name, value = _lower(source.row.names[at]), source.row.values[at]
    if value.split()[0].casefold().strip(",") in {"yes", "no", "none"}:
        return None
    return f"{source.row.values[0]} has {value} as its {name}."


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _lower(text: str) -> str:
    word = text.split(" ", 1)[0]
    name = word[1:] != word[1:].lower() or any(one.isdigit() for one in word) or word in _NAMES
    return text if name or word == "I" else text[:1].lower() + text[1:]


_NAMES = frozenset({"Northstar", "Bronze", "Silver", "Gold", "Platinum", "Partner", "Order",
"Harbor",
                    "Settle", "Keystone", "Beacon", "Velora", "Monetta", "Paylark", "Swiftdock",
                    "Boxhaul", "Kioskora", "Tradewharf", "Taxbridge"})  # fmt: skip

REWORDINGS: tuple[Reword, ...] = (
    verbatim, number_words, synonyms, clauses_reordered, condition_first, duty_reworded,
    limit_reworded, date_reworded, with_a_lead, shortened, without_a_relative_clause, two_merged,
    emphasised, row_told, row_as_a_list, row_with_has,
)  # fmt: skip
