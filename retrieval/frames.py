"""Patterns written as rows of parts, which find wordings that nobody has written yet.

A frame is a row of parts, parted by spaces. `<role>` stands for any of the role's words
(`manipulation.toml`; `<one+other>` for any of both), other words for themselves, with `|`
between alternatives and `_` for a space inside one. `part?` may be missing, `part*3` may come up
to three times, `..5` is up to five words of any kind. `!a|b` says that none of these follows, `:`
is a colon, `$` the end of a sentence. Nothing reaches across a sentence's end.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from typing import Any


class Manner(StrEnum):
    """How a text tries to command, for who counts such texts and for who looks into one."""

    OVERRIDE = "override"
    PERSONA = "persona"
    DISCLOSURE = "disclosure"
    FALSE_FRAME = "false_frame"
    AUTHORITY = "authority"
    EXFILTRATION = "exfiltration"
    TAMPERING = "tampering"
    HIDDEN = "hidden"
    TASK = "task"
    CODE = "code"


_WORDS = re.compile(r"\w+")
_STEM = 4
# Words that stand in every other text, so that a rule is not looked for by them.
_COMMON = frozenset(
    """
    a add all an and any as at be by can content de delete do e en es file for from in include is it
    la le list must new no not of on or order orders out permission policy post provide report
    request requests rule rules security send set show system the this to use user when will with
    you your
    """.split()  # noqa: SIM905 (read as words)
)
_OPENS = r"(?:^|[.!?#\]\-=*>]\s)\W*"
_SEPARATOR = r"[^\w.!?\n]{1,6}"
# No word that ends a sentence; a dot inside one (an address) or behind a quotation ends none.
_ANY_WORD = r"[^\s.!?]+(?:[.!?]+[^\s.!?]+)*"
# The colon itself, whether or not a separator has taken it.
_COLON = r"(?:(?<=:)|(?<=:\s)|[^\w.!?\n]{0,3}:)\W{0,3}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A frame as it is matched: its pattern, and the words one of each of which it needs.

    Most texts lack one of them, and that is found out much sooner than that a pattern does not
    match. A stem is needed by its first letters with a star, as `words_of` gives them.
    """

    pattern: re.Pattern[str]
    needs: tuple[frozenset[str], ...]

    def matches(self, text: str, present: frozenset[str]) -> Iterator[re.Match[str]]:
        """The places in a folded text whose words are `present`."""
        for needed in self.needs:
            if needed.isdisjoint(present):
                return
        yield from self.pattern.finditer(text)


def words_of(text: str) -> frozenset[str]:
    """The words of a folded text, and what they begin with, starred."""
    words = _WORDS.findall(text)
    return frozenset([*words, *(f"{word[:_STEM]}*" for word in words)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A frame and what it tells of a text; `askable` where a person may ask about it."""

    manner: Manner
    frame: Frame
    askable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Where a folded text commands, and how; `askable` where a person may be asking about it."""

    manner: Manner
    start: int
    end: int
    askable: bool = False


class Rules:
    """Rules, found by the rarest word that each of them needs."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = tuple(rules)
        self._by_word: dict[str, list[int]] = {}
        for number, rule in enumerate(self._rules):
            for word in min(rule.frame.needs, key=_how_common, default=frozenset[str]()):
                self._by_word.setdefault(word, []).append(number)

    def matches(self, text: str) -> Iterator[Found]:
        """Every place in a folded text that a rule's frame matches, rule after rule."""
        present = words_of(text)
        telling = present & self._by_word.keys()
        # In the order in which they were given: what is found first must not depend on a hash.
        for number in sorted({number for one in telling for number in self._by_word[one]}):
            rule = self._rules[number]
            for found in rule.frame.matches(text, present):
                yield Found(
                    manner=rule.manner,
                    start=found.start(),
                    end=found.end(),
                    askable=rule.askable,
                )


def _how_common(needed: frozenset[str]) -> tuple[int, int]:
    return len(needed & _COMMON), len(needed)


def rules_of(table: str, *, askable: bool = False, opening: bool = False) -> list[Rule]:
    """The rules of one of the tables of `manipulation.toml`."""
    frames: Mapping[str, Sequence[str]] = _written_down()[table]
    return [
        Rule(manner=Manner(manner), frame=frame(one, opening=opening), askable=askable)
        for manner, many in frames.items()
        for one in many
    ]


@lru_cache(maxsize=1)
def _written_down() -> Mapping[str, Mapping[str, Any]]:
    return tomllib.loads(files("retrieval").joinpath("manipulation.toml").read_text("utf-8"))


def frame(parts: str, *, opening: bool = False) -> Frame:
    """Make a frame of its written form; `opening` where it must open a text or a sentence."""
    written = [_written(part) for part in parts.split()]
    pattern = _OPENS if opening else r"(?<![\w-])"
    for at, one in enumerate(written):
        last = at + 1 == len(written)
        ends = one.self_parted or last or written[at + 1].clings
        pattern += one.pattern if ends else one.pattern + _SEPARATOR
    return Frame(
        pattern=re.compile(pattern), needs=tuple(one.needs for one in written if one.needs)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One part of a frame: its pattern, whether it brings its separator or wants none before."""

    pattern: str
    self_parted: bool = False
    clings: bool = False
    needs: frozenset[str] = frozenset()


def _written(part: str) -> _Part:
    if part == ":":
        return _Part(pattern=_COLON, self_parted=True, clings=True)
    if part == "$":
        return _Part(pattern=r"(?=[^\w.!?]*(?:$|[.!?]))", self_parted=True, clings=True)
    if part.startswith("!"):
        return _Part(pattern=rf"(?![^\w.!?]*(?:{part[1:]})(?!\w))", clings=True)
    if part.startswith(".."):
        return _Part(pattern=rf"(?:{_ANY_WORD}\s+){{0,{part[2:]}}}?", self_parted=True)
    body, times = part, ""
    if part.endswith("?"):
        body, times = part[:-1], "?"
    elif found := re.search(r"\*(\d)$", part):
        body, times = part[: found.start()], f"{{0,{found.group(1)}}}?"
    entries = [entry for one in body.split("|") for entry in _entries(one)]
    # The longest first, so that "system prompt" is not left at "system".
    words = "|".join(_ended(entry) for entry in sorted(entries, key=len, reverse=True))
    if times:
        return _Part(pattern=rf"(?:(?:{words}){_SEPARATOR}){times}", self_parted=True)
    needs = frozenset(_needed(entry) for entry in entries)
    return _Part(pattern=rf"(?:{words})", needs=frozenset() if "" in needs else needs)


def _needed(entry: str) -> str:
    """The longest word of an entry: the one that tells most."""
    word = max(_WORDS.findall(entry)[::-1], key=len, default="")
    stem = entry.endswith("*") and entry.rstrip("*").endswith(word)
    return f"{word[:_STEM]}*" if stem else word


def _entries(written: str) -> list[str]:
    """What an alternative stands for: a role's words, or itself."""
    if not written.startswith("<"):
        return [written.replace("_", " ")]
    roles = written.strip("<>").split("+")
    return [
        " ".join(entry.split())
        for role in roles
        for entry in _written_down()["words"][role].split("|")
    ]


def _ended(entry: str) -> str:
    stem = re.escape(entry.rstrip("*")).replace(r"\ ", r"\s+")
    return stem + (r"\w*" if entry.endswith("*") else r"(?![\w-])") if stem[-1:].isalnum() else stem
