"""Whether one of two sentences denies what the other says."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from copilot.grounding.facts import Fact, clauses_of, forms_of
from copilot.grounding.lexemes import Kind, Lexeme
from copilot.grounding.words import denying_forms, form, opposites, skipped_forms

_NEGATORS = frozenset({
    "not", "never", "no", "none", "nobody", "nothing", "neither", "nor", "without", "cannot",
    "nowhere", "hardly",
})  # fmt: skip
_NO_NEGATION = frozenset({
    "only", "later", "more", "fewer", "less", "longer", "earlier", "exceed", "matter",
})  # fmt: skip
_DENYING_CELLS = frozenset({"none", "no", "never", "not"})
_VERBS = frozenset({
    "can", "cannot", "is", "are", "was", "were", "may", "must", "will", "should", "does", "do",
    "has", "have", "stays", "goes",
})  # fmt: skip
_SCOPE = 5
_MANY = 2
_NEAR = 3
_NEARLY_ALL = 0.85


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cue:
    """A word that denies others.

    `head` is the form of the first it governs, `scope` of all; `backwards` where nothing follows
    and they stand before it ("the others are not").
    """

    head: str
    scope: frozenset[str]
    backwards: bool = False


def turns_round(claim: Sequence[Lexeme], fact: Fact) -> bool:
    """Whether one of the two denies what the other says."""
    denials, stated = tuple(_cues(claim)), _affirmed(claim)
    denied = frozenset[str]().union(*(cue.scope for cue in denials))
    told = _told(fact)
    given_denied = fact.denied.union(*(cue.scope for cue in told))
    return (
        _denies(denials, fact, told, given_denied)
        or _affirms(claim, fact, told, stated, denied)
        or _miscounts(claim, fact, len(denials), len(told))
        or _with_for_without(claim, fact.lexemes)
        or _says_the_contrary(claim, fact)
    )


def _told(fact: Fact) -> tuple[_Cue, ...]:
    """What the fact denies; its lead only where the fact itself does not speak of it."""
    if fact.cells:
        return tuple(_denying_cells(fact))
    own = forms_of(fact.own)
    return (*_cues(fact.own), *(cue for cue in _cues(fact.lead) if cue.head not in own))


def _denies(
    denials: Sequence[_Cue], fact: Fact, told: Sequence[_Cue], given_denied: frozenset[str]
) -> bool:
    """Whether the claim denies what the fact does not."""
    known = fact.forms | fact.around
    for cue in denials:
        contrary = opposites().get(cue.head, frozenset())
        if not cue.head or cue.head in given_denied or contrary & _all_forms(fact):
            continue
        if cue.scope & given_denied or (cue.backwards and (told or fact.denied)):
            continue
        if cue.head in known or not (told or fact.denied or known & denying_forms()):
            return True
    return False


def _affirms(
    claim: Sequence[Lexeme],
    fact: Fact,
    told: Sequence[_Cue],
    stated: frozenset[str],
    denied: frozenset[str],
) -> bool:
    """Whether the claim says what the fact denies."""
    own = forms_of(fact.own)
    given_stated = _affirmed(fact.own) | (_affirmed(fact.lead) - own)
    if fact.cells:
        given_stated -= frozenset[str]().union(*(cue.scope for cue in told))
    said = forms_of(claim)
    for cue in told:
        contrary = opposites().get(cue.head, frozenset()) & said
        if cue.head in stated - denied - given_stated and not contrary and not cue.backwards:
            return True
        most = len(cue.scope & stated) >= _MANY and not cue.scope & (denied | given_stated)
        if most and not cue.backwards and not denied and not said & denying_forms():
            return True
    if fact.denied and not denied and len(fact.denied & stated) >= _MANY:
        return not said & denying_forms()
    return False


def _miscounts(claim: Sequence[Lexeme], fact: Fact, said: int, told: int) -> bool:
    """Whether nearly the same words have fewer or more denials."""
    own = forms_of(fact.own)
    if fact.cells or not own or said == told:
        return False
    claimed = forms_of(claim)
    near = len(own & claimed) >= _NEARLY_ALL * len(own) and len(claimed - own) <= 1
    return near and not _turned(claim, fact)


def _turned(claim: Sequence[Lexeme], fact: Fact) -> bool:
    """Whether an opposite makes up for a denial ("not included" and "excluded")."""
    given = _all_forms(fact)
    return any(opposites().get(form(one.word), frozenset()) & given for one in claim)


def _says_the_contrary(claim: Sequence[Lexeme], fact: Fact) -> bool:
    """Whether a word's opposite stands in its place, and nothing makes up for it."""
    given = {word: at for at, one in enumerate(fact.lexemes) for word in (one.form, form(one.word))}
    for at, one in enumerate(claim):
        word = form(one.word)
        if word in given or one.form in given:
            if _stands_with_the_contrary(claim, at, fact):
                return True
            continue
        for other in opposites().get(word, frozenset()):
            if other in given and _is_denied(claim, at) == _is_denied(fact.lexemes, given[other]):
                return True
    return False


def _stands_with_the_contrary(claim: Sequence[Lexeme], at: int, fact: Fact) -> bool:
    """Whether what a word is said of has its opposite said of it in the fact.

    "It is closed, the ticket stays open" does not say that the ticket is closed.
    """
    word = form(claim[at].word)
    contrary = opposites().get(word, frozenset())
    if not contrary & fact.forms or word in fact.around:
        return False
    clauses = [forms_of(one) for one in clauses_of(fact.lexemes)]
    mine = next(one for one in clauses_of(claim) if claim[at] in one)
    here = [one for one in clauses if word in one and not contrary & one]
    there = [one for one in clauses if contrary & one and word not in one]
    said = forms_of(mine) - {word}
    near = max((len(said & one) for one in here), default=0)
    return bool(here) and any(len(said & one) > near for one in there)


def _is_denied(lexemes: Sequence[Lexeme], at: int) -> bool:
    behind = at + 1 < len(lexemes) and lexemes[at + 1].word in {"nothing", "nobody", "none", "no"}
    return behind or any(_negates(lexemes, place) for place in range(max(0, at - _NEAR), at))


def _with_for_without(claim: Sequence[Lexeme], given: Sequence[Lexeme]) -> bool:
    said, told = _pairs(claim), _pairs(given)
    return any(
        (other, head) in told and (word, head) not in told
        for word, head in said
        for other in {"with": {"without"}, "without": {"with"}}.get(word, set())
    )


def _pairs(lexemes: Sequence[Lexeme]) -> frozenset[tuple[str, str]]:
    found = set()
    for at, one in enumerate(lexemes):
        if one.word in {"with", "without"}:
            head = next((two.form for two in lexemes[at + 1 :] if two.telling), "")
            found.add((one.word, head))
    return frozenset(found)


def _negates(lexemes: Sequence[Lexeme], at: int) -> bool:
    one = lexemes[at]
    following = lexemes[at + 1].word if at + 1 < len(lexemes) else ""
    negates = one.word in _NEGATORS or one.word.endswith("n't")
    return negates and not (following in _NO_NEGATION and one.word in {"no", "not"})


def _cues(lexemes: Sequence[Lexeme]) -> Iterator[_Cue]:
    for at in range(len(lexemes)):
        if _negates(lexemes, at):
            scope = _scope(lexemes, at)
            if scope:
                yield _Cue(head=scope[0], scope=frozenset(scope))
            else:
                before = _before(lexemes, at)
                head = before[-1] if before else ""
                yield _Cue(head=head, scope=frozenset(before), backwards=True)


def _before(lexemes: Sequence[Lexeme], at: int) -> list[str]:
    """The telling forms of the clause that ends here."""
    before: list[str] = []
    for one in reversed(lexemes[max(0, at - 2 * _SCOPE) : at]):
        if one.kind is Kind.JOINT and one.word != ":":
            break
        if one.telling:
            before.insert(0, one.form)
    return before


def _denying_cells(fact: Fact) -> Iterator[_Cue]:
    """Cells that say "none" deny what their column is called; others deny inside."""
    for cell in fact.cells:
        rest = cell.value[1:2]
        says_no = bool(cell.value) and cell.value[0].word in _DENYING_CELLS
        if says_no and (not forms_of(cell.value[1:]) or rest[0].kind is Kind.JOINT):
            others = [two for one in fact.cells if one is not cell for two in one.name]
            named = [
                one.form
                for one in (*cell.name, *cell.value)
                if one.telling and one.form not in forms_of(others)
            ]
            if named:
                yield _Cue(head=named[0], scope=frozenset(named))
        else:
            yield from _cues(cell.value)


def _scope(lexemes: Sequence[Lexeme], at: int) -> list[str]:
    """The forms that a negation governs: what follows, up to the next joint."""
    scope: list[str] = []
    of_a_noun = lexemes[at].word in {"without", "no"}
    for one in lexemes[at + 1 :]:
        if of_a_noun and scope and one.word in _VERBS:
            break
        if one.kind is Kind.JOINT and (one.word not in {"or", "and", "nor"} or not scope):
            break
        if one.kind in {Kind.WORD, Kind.CODE} and (scope or one.form not in skipped_forms()):
            scope.append(one.form)
        if len(scope) == _SCOPE:
            break
    return scope


def _affirmed(lexemes: Sequence[Lexeme]) -> frozenset[str]:
    """The forms that stand outside every negation."""
    negated: set[int] = set()
    for at in range(len(lexemes)):
        if not _negates(lexemes, at):
            continue
        scope = set(_scope(lexemes, at))
        for place in range(at + 1, min(len(lexemes), at + 1 + 3 * _SCOPE)):
            if lexemes[place].form in scope:
                negated.add(place)
                scope.discard(lexemes[place].form)
    return frozenset(
        one.form for place, one in enumerate(lexemes) if one.telling and place not in negated
    )


def _all_forms(fact: Fact) -> frozenset[str]:
    """The forms of every word of a fact, grammar included."""
    return frozenset(form(one.word) for one in fact.lexemes) | fact.around
