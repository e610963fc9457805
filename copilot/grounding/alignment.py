"""Which fact each part of a sentence rests on.

A sentence may merge several facts. It is cut at its joints so that most of its words are found in
the fact that their part is laid on; changing the fact costs, so that no sentence is pieced
together from scattered words. Time grows with words times facts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from copilot.grounding.facts import Fact, forms_of
from copilot.grounding.lexemes import Kind, Lexeme

_OWN = 1.0
_AROUND = 0.5
_ANCHOR = 2.0
_MISSING = -0.6
_CHANGE = 1.6
_LONGER = 0.35
_LEAST = 2
_OPENING = 2
_SIDE_BY_SIDE = frozenset({",", ";", ":", ".", "!", "|", "\n", "\u2014", "(", ")", "and", "but",
                           "while", "whereas", "though", "although", " - "})  # fmt: skip
_SUBORDINATE = frozenset({
    "so", "as", "because", "since", "which", "who", "where", "when", "if", "unless", "until",
    "also", "instead", "then", "without", "except", "thus", "therefore", "hence", "or", "after",
    "before",
})  # fmt: skip
_PRONOUNS = frozenset({"it", "they", "this", "that", "these", "those", "he", "she"})
_ANCHORS = frozenset({Kind.NUMBER, Kind.DATE, Kind.CODE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A run of a sentence's lexemes and the fact it rests on."""

    lexemes: tuple[Lexeme, ...]
    fact: Fact


def align(lexemes: Sequence[Lexeme], facts: Sequence[Fact]) -> tuple[Part, ...]:
    """Lay a sentence on facts; `facts` is not empty and in an order of its own."""
    scores = [-_LONGER * (len(fact.spans) - 1) for fact in facts]
    came: list[list[int]] = []
    forms = [fact.forms for fact in facts]
    for one in lexemes:
        best = max(range(len(facts)), key=scores.__getitem__)
        may_change = one.kind is Kind.JOINT
        chosen: list[int] = []
        following: list[float] = []
        for at, fact in enumerate(facts):
            before, score = at, scores[at]
            if may_change and scores[best] - _CHANGE > score:
                before, score = best, scores[best] - _CHANGE
            chosen.append(before)
            following.append(score + _worth(one, fact, forms[at]))
        scores = following
        came.append(chosen)
    at = max(range(len(facts)), key=scores.__getitem__)
    path = [at]
    for chosen in reversed(came):
        path.append(chosen[path[-1]])
    path = path[::-1][1:]
    return _joined(_parts(lexemes, path, facts))


def _worth(one: Lexeme, fact: Fact, forms: frozenset[str]) -> float:
    if not one.telling:
        return 0.0
    weight = _ANCHOR if one.kind in _ANCHORS or one.named else _OWN
    if one.form in forms:
        return weight
    if one.form in fact.around:
        return weight * _AROUND
    return _MISSING * weight


def _parts(
    lexemes: Sequence[Lexeme], path: Sequence[int], facts: Sequence[Fact]
) -> list[tuple[list[Lexeme], Fact]]:
    parts: list[tuple[list[Lexeme], Fact]] = []
    last = -1
    for one, at in zip(lexemes, path, strict=True):
        if at != last:
            parts.append(([], facts[at]))
            last = at
        parts[-1][0].append(one)
    return parts


def _joined(parts: list[tuple[list[Lexeme], Fact]]) -> tuple[Part, ...]:
    """Parts that stand by themselves; one of hardly a word belongs to the part before it.

    Otherwise a lone value could be fetched from anywhere.
    """
    joined: list[tuple[list[Lexeme], Fact]] = []
    for lexemes, fact in parts:
        alone = _stands(lexemes, fact)
        if joined and (not alone or not _stands(*joined[-1])):
            before, other = joined[-1]
            longer = fact if alone and not _stands(before, other) else other
            joined[-1] = ([*before, *lexemes], longer)
        else:
            joined.append((list(lexemes), fact))
    return tuple(Part(lexemes=tuple(lexemes), fact=fact) for lexemes, fact in joined)


def joins_whole_facts(parts: Sequence[Part]) -> bool:
    """Whether every part says what its fact is about, and the parts are merely put side by side.

    The head of one sentence with the tail of another is a statement that nobody made, and so is
    that one of two facts is the reason of the other. A pronoun will do for a fact of the same
    passage.
    """
    for part in parts:
        if part.fact.lead and not part.fact.refers_back and not _says_its_subject(part):
            return False
    if len(parts) > 1 and any(part.fact.cells and not _tells_a_value(part) for part in parts):
        return False
    for before, part in pairwise(parts):
        joint = [one.word for one in part.lexemes[:2]]
        if joint and (joint[0] not in _SIDE_BY_SIDE or joint[-1] in _SUBORDINATE):
            return False
        if joint[:1] == [","] and joint[-1] not in _SIDE_BY_SIDE and not part.fact.cells:
            return False
        first = next((one.word for one in part.lexemes if one.kind is not Kind.JOINT), "")
        refers = first in _PRONOUNS and part.fact.passage_id == before.fact.passage_id
        if not part.fact.cells and not refers and not _says_its_subject(part):
            return False
    return True


def _tells_a_value(part: Part) -> bool:
    key = next((forms_of(cell.value) for cell in part.fact.cells if cell.is_key), frozenset())
    return bool((forms_of(part.lexemes) & part.fact.forms) - key)


def _says_its_subject(part: Part) -> bool:
    words = [one.form for one in part.fact.own if one.kind in {Kind.WORD, Kind.CODE}]
    opening = words[:_OPENING]
    return not opening or not frozenset(opening).isdisjoint(one.form for one in part.lexemes)


def _stands(lexemes: Sequence[Lexeme], fact: Fact) -> bool:
    """Whether a part says by its own words which fact it speaks of."""
    if fact.cells:
        key = next((forms_of(cell.value) for cell in fact.cells if cell.is_key), frozenset())
        return 2 * len(key & forms_of(lexemes)) > len(key)
    words = {one.form for one in lexemes if one.kind is Kind.WORD or one.kind is Kind.CODE}
    return len(words & fact.forms) >= _LEAST
