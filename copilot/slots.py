"""Things of the same kind in two texts, and a question with one put in the other's place.

A kind is seen from a thing's form (release, code, acronym, name, number with its unit), from the
few closed lists that everybody shares (tiers, regions, systems, weekdays), or from the word that
both end in (`integration sandbox`, `performance sandbox`).
"""

import re
from dataclasses import dataclass

from copilot.question import read_question, telling
from retrieval.keywords import terms as tokenize

_LISTS = {
    "tier": "bronze silver gold platinum diamond premium basic starter enterprise",
    "region": (
        "emea amer americas apac latam nordics nordic baltics benelux dach anz eu eea us usa uk"
        " europe asia africa america oceania germany austria switzerland france spain italy poland"
        " sweden norway denmark finland netherlands belgium ireland canada mexico brazil india"
        " china japan singapore australia"
    ),
    "system": "windows linux macos android ios container docker kubernetes",
    "day": "monday tuesday wednesday thursday friday saturday sunday",
    "month": ("january february march april june july august september october november december"),
    "environment": "production staging live sandbox",
}
_KIND_OF = {word: kind for kind, words in _LISTS.items() for word in words.split()}
_WORD = re.compile(r"[^\W_]+(?:[-._/:@+#'’][^\W_]+)*", re.UNICODE)  # noqa: RUF001
_FORMS = {
    "year": re.compile(r"(?:19|20)\d\d"),
    "release": re.compile(r"v?\d+(?:\.\d+)+(?:-\w+)?", re.IGNORECASE),
    "number": re.compile(r"\d[\d.,]*"),
    "acronym": re.compile(r"[A-Z]{2,6}s?"),
}
_CODE = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z\d]+(?:[-._/][A-Za-z\d]+)*")
_BREAK = re.compile(r"[?.!,;:()]")
_PREPOSITION = (
    "for in on at with from to under by per via für bei mit aus pour dans avec en para con"
)
_MARKS_A_PLACE = frozenset((_PREPOSITION + " a an our my their which what").split()) - {"to"}
_STANDS_IN = frozenset(["in", "on", "at", "under"])
_ARTICLES = frozenset(["a", "an"])
_VERBAL = (
    "is are was were do does did can may must should will would has have get gets be need needs"
    " and or if when that which who per of cost costs"
)
_ENDS_A_THING = frozenset(f"{_PREPOSITION} {_VERBAL}".split())


_SCOPES = frozenset({"tier", "region", "release", "system", "year"})
# What a topic does without: the frame of a question.
_ASKING = (
    "what what's which who who's whom whose where where's when when's why why's how how's is are"
    " was were am be been do does did can could may might must shall should will would has have had"
    " i we you me us they he she it please tell much many long often soon fast quickly far there"
    " was wer wie wann warum wo ist sind kann quel quelle est que qué cuál cómo"
)
_FRAME = frozenset(_ASKING.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """A thing in a text: `text[start:end]`, and of what kind it is."""

    kind: str
    start: int
    end: int
    said: str


def things_in(text: str) -> tuple[Thing, ...]:
    """Everything in a text that could be exchanged for another of its kind, in its order."""
    found: list[Thing] = []
    for match in _WORD.finditer(text):
        kind = _kind(match.group(), starts=_starts(text, match.start()))
        if not kind:
            continue
        last = found[-1] if found else None
        joined = last is not None and last.kind == kind == "name"
        if last is not None and joined and text[last.end : match.start()] == " ":
            found[-1] = Thing(
                kind=kind, start=last.start, end=match.end(), said=text[last.start : match.end()]
            )
            continue
        found.append(Thing(kind=kind, start=match.start(), end=match.end(), said=match.group()))
    return tuple(found)


def exchanged(question: str, fragment: str) -> str | None:
    """The question with a thing of the fragment in the place of one of its own; None without one.

    Tried in this order: things of the same kind, a thing with the same last word, what stands
    behind the same preposition or article.
    """
    return (
        _by_kind(question, fragment)
        or _by_last_word(question, fragment)
        or _by_place(question, fragment)
    )


def same_kinds(question: str, fragment: str) -> bool:
    """Whether the fragment has a thing of a kind that the question has, and a different one."""
    return bool(_pairs(question, fragment))


def scopes_in(text: str) -> tuple[Thing, ...]:
    """Things that narrow a question down without being its topic: a tier, a region, a release."""
    return tuple(one for one in things_in(text) if one.kind in _SCOPES)


def topic_of(question: str, known: frozenset[str], most: int) -> str:
    """What a question is about, in its own words: without its frame and the tokens `known`."""
    words = [
        one.group()
        for one in _WORD.finditer(question)
        if one.group().casefold() not in _FRAME and not known.issuperset(tokenize(one.group()))
    ][:most]
    while words and not read_question(words[0]).terms:
        words.pop(0)
    while words and not read_question(words[-1]).terms:
        words.pop()
    return " ".join(words)


def _kind(word: str, *, starts: bool) -> str:
    plain = word.casefold().removesuffix("'s")
    if plain in _KIND_OF and not (plain == "us" and word != "US"):
        return _KIND_OF[plain]
    for kind, form in _FORMS.items():
        if form.fullmatch(word):
            return kind
    if _CODE.fullmatch(word):
        return "code " + re.sub(r"\d+", "9", re.sub(r"[^\W\d_]+", "a", word))
    return "name" if word[:1].isupper() and telling(tokenize(word)) and not starts else ""


def _starts(text: str, start: int) -> bool:
    """Whether a word merely begins a sentence; a fragment of one or two words names something."""
    before = text[:start].rstrip()
    return (not before or before[-1] in ".?!:") and len(text.split()) > 3  # noqa: PLR2004


def _pairs(question: str, fragment: str) -> list[tuple[Thing, Thing]]:
    mine, theirs = things_in(fragment), things_in(question)
    taken: set[int] = set()
    pairs: list[tuple[Thing, Thing]] = []
    for new in mine:
        alike = [
            old
            for old in theirs
            if old.kind == new.kind
            and old.start not in taken
            and _unit(question, old, new, fragment)
        ]
        if any(old.said.casefold() == new.said.casefold() for old in alike):
            continue
        if alike:
            # The last one: "does X work with Y?", "and with Z?"
            pairs.append((alike[-1], new))
            taken.add(alike[-1].start)
    return pairs


def _unit(question: str, old: Thing, new: Thing, fragment: str) -> bool:
    """Numbers are of the same kind where the same word follows, or none follows the new one."""
    if new.kind != "number":
        return True
    mine = _WORD.match(fragment, new.end + 1)
    theirs = _WORD.match(question, old.end + 1)
    if mine is None:
        return True
    return theirs is not None and tokenize(mine.group()) == tokenize(theirs.group())


def _by_kind(question: str, fragment: str) -> str | None:
    pairs = _pairs(question, fragment)
    if not pairs:
        return None
    changed = question
    for old, new in sorted(pairs, key=lambda pair: -pair[0].start):
        changed = changed[: old.start] + new.said + changed[old.end :]
    said = " ".join(new.said for _, new in pairs)
    more = _further(fragment, f"{question} {said}")
    return _with(changed, more)


def _by_last_word(question: str, fragment: str) -> str | None:
    words = [one.group() for one in _WORD.finditer(fragment)]
    words = [one for one in words if telling(tokenize(one))]
    if len(words) < 2:  # noqa: PLR2004 (one word has no other before it)
        return None
    last = tokenize(words[-1])[:1]
    start = -1
    for match in _WORD.finditer(question):
        if not telling(tokenize(match.group())):
            start = -1
            continue
        joined = start >= 0 and question[match.start() - 1] == " "
        start = start if joined else match.start()
        if joined and tokenize(match.group())[:1] == last:
            return question[:start] + " ".join(words) + question[match.end() :]
    return None


def _by_place(question: str, fragment: str) -> str | None:
    """What stands behind the same article or preposition, from the question's end."""
    words = list(_WORD.finditer(fragment))
    if not words or not telling(tokenize(fragment)):
        return None
    opening = words[0].group().casefold()
    if opening not in _MARKS_A_PLACE:
        return None
    alike = frozenset({opening})
    alike = next((one for one in (_ARTICLES, _STANDS_IN) if opening in one), alike)
    for match in reversed(list(_WORD.finditer(question))):
        if match.group().casefold() in alike:
            end = _end_of_thing(question, match.end())
            if telling(tokenize(question[match.end() : end])):
                return question[: match.start()] + fragment.strip() + question[end:]
    return None


def _end_of_thing(text: str, start: int) -> int:
    end = start
    for match in _WORD.finditer(text, start):
        if _BREAK.search(text, end, match.start()) or (
            match.group().casefold() in _ENDS_A_THING and end > start
        ):
            break
        end = match.end()
    return end


def _further(fragment: str, known: str) -> str:
    """The fragment's telling words that are not known yet, in its order."""
    tokens = frozenset(tokenize(known))
    return " ".join(term.word for term in read_question(fragment).terms if term.token not in tokens)


def _with(question: str, more: str) -> str:
    return f"{question.rstrip(' ?.!')} ({more})?" if more else question
