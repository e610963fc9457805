"""What turns a sentence round without changing its topic: no, must, only, unless, before.

Each check compares a claim's lexemes with those of the fact it rests on, and only where both speak
of the same words: that a fact says more than the claim is fine, that it says otherwise is not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from copilot.grounding.facts import Fact, forms_of
from copilot.grounding.lexemes import Kind, Lexeme
from copilot.grounding.words import denying_forms, opposites, skipped_forms


class Modality(StrEnum):
    """How binding something is."""

    OBLIGED = "obliged"
    ALLOWED = "allowed"
    ADVISED = "advised"


_NEGATORS = frozenset(
    "not never no none nobody nothing neither nor without cannot nowhere hardly".split()  # noqa: SIM905
)
_NO_NEGATION = frozenset(
    "only later more fewer less longer earlier exceed matter".split()  # noqa: SIM905
)
_SCOPE = 5
_MODALS = {
    "must": Modality.OBLIGED, "shall": Modality.OBLIGED, "require": Modality.OBLIGED,
    "need": Modality.OBLIGED, "needs": Modality.OBLIGED, "required": Modality.OBLIGED,
    "requires": Modality.OBLIGED, "mandatory": Modality.OBLIGED, "compulsory": Modality.OBLIGED,
    "obliged": Modality.OBLIGED, "may": Modality.ALLOWED, "can": Modality.ALLOWED,
    "could": Modality.ALLOWED, "might": Modality.ALLOWED, "able": Modality.ALLOWED,
    "cannot": Modality.ALLOWED, "can't": Modality.ALLOWED,
    "possible": Modality.ALLOWED, "allowed": Modality.ALLOWED, "permitted": Modality.ALLOWED,
    "optional": Modality.ALLOWED, "should": Modality.ADVISED, "recommended": Modality.ADVISED,
    "recommends": Modality.ADVISED, "ought": Modality.ADVISED, "advised": Modality.ADVISED,
}  # fmt: skip
_SCOPES: dict[str, frozenset[str]] = {
    kind: frozenset(words.split())
    for kind, words in {
        "only": "only solely exclusively alone just merely",
        "all": "all every each always everyone everybody everything any whole entire anybody both",
        "except": "unless except excepted excluding besides apart exception exceptions otherwise",
        "mostly": "most usually generally normally often typically mostly some sometimes partly "
        "occasionally nearly almost several frequently rarely seldom may can rule about common "
        "likely probably perhaps",
    }.items()
}
_STRETCHES = {
    "only": frozenset({"only", "solely", "exclusively"}),
    "all": frozenset({"all", "every", "each", "always", "everyone", "everybody"}),
}
_HEDGES = _SCOPES["mostly"] - frozenset({"most", "some", "several", "may", "can", "rule", "about",
                                      "common", "likely", "perhaps", "frequently"})  # fmt: skip
_CONDITIONS = frozenset({"if", "unless", "except", "provided", "until"})
_EARLIER = frozenset({"before", "prior", "until", "ahead"})
_LATER = frozenset({"after", "once", "since", "following", "afterwards"})
_MANY = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cue:
    """A word that governs others: `head` is the form of the first it governs."""

    word: str
    head: str
    scope: frozenset[str]


def turns_round(claim: Sequence[Lexeme], fact: Fact) -> bool:
    """Whether one of the two denies what the other says."""
    own = forms_of(fact.own)
    denials, stated = tuple(_negations(claim)), _affirmed(claim)
    denied = frozenset[str]().union(*(cue.scope for cue in denials))
    given_cues = (
        *_negations(fact.own),
        *(cue for cue in _negations(fact.lead) if cue.head not in own),
        *_empty_cells(fact),
    )
    given_denied = fact.denied.union(*(cue.scope for cue in given_cues))
    given_stated = _affirmed(fact.own) | (_affirmed(fact.lead) - own)
    known = fact.forms | fact.around
    for cue in denials:
        if not cue.head or cue.head in given_denied:
            continue
        contrary = opposites().get(cue.head, frozenset())
        if contrary & known or cue.scope & given_denied:
            continue
        if cue.head in known or not (given_cues or fact.denied or known & denying_forms()):
            return True
    for cue in given_cues:
        said = cue.head in stated and cue.head not in denied
        if said and cue.head not in given_stated and not _contrary(cue.head, claim):
            return True
        most = len(cue.scope & stated) >= _MANY and not cue.scope & (denied | given_stated)
        if most and not denials and not forms_of(claim) & denying_forms():
            return True
    if fact.denied and not denials and len(fact.denied & stated) >= _MANY:
        return not forms_of(claim) & denying_forms()
    return _with_for_without(claim, fact.lexemes) or _says_the_contrary(
        claim, fact, denied, given_denied
    )


def _contrary(head: str, claim: Sequence[Lexeme]) -> bool:
    return bool(opposites().get(head, frozenset()) & forms_of(claim))


def _says_the_contrary(
    claim: Sequence[Lexeme], fact: Fact, denied: frozenset[str], given_denied: frozenset[str]
) -> bool:
    given = forms_of(fact.lexemes) | fact.around
    for one in claim:
        if one.kind is not Kind.WORD or one.form in given:
            continue
        for other in opposites().get(one.form, frozenset()):
            if other in given and (one.form in denied) == (other in given_denied):
                return True
    return False


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


def _negations(lexemes: Sequence[Lexeme]) -> Iterator[_Cue]:
    for at, one in enumerate(lexemes):
        negates = one.word in _NEGATORS or one.word.endswith("n't")
        following = lexemes[at + 1].word if at + 1 < len(lexemes) else ""
        if negates and not (following in _NO_NEGATION and one.word in {"no", "not"}):
            scope = _scope(lexemes, at)
            yield _Cue(word=one.word, head=scope[0] if scope else "", scope=frozenset(scope))


def _empty_cells(fact: Fact) -> Iterator[_Cue]:
    """Cells that say "none" deny what their column is called."""
    for cell in fact.cells:
        if [one.word for one in cell.value] in (["none"], ["no"], ["never"], ["not"]):
            named = [one.form for one in cell.name if one.kind is Kind.WORD]
            if named:
                yield _Cue(word="none", head=named[0], scope=frozenset(named))


def _scope(lexemes: Sequence[Lexeme], at: int) -> list[str]:
    """The forms that a negation governs: what follows, up to the next joint."""
    scope: list[str] = []
    for one in lexemes[at + 1 :]:
        if one.kind is Kind.JOINT and (one.word not in {"or", "and", "nor"} or not scope):
            break
        if one.kind in {Kind.WORD, Kind.CODE} and (scope or one.form not in skipped_forms()):
            scope.append(one.form)
        if len(scope) == _SCOPE:
            break
    if not scope:
        before = [one.form for one in lexemes[max(0, at - _SCOPE) : at] if one.kind is Kind.WORD]
        scope = before[-1:]
    return scope


def _affirmed(lexemes: Sequence[Lexeme]) -> frozenset[str]:
    """The forms that stand outside every negation."""
    negated: set[int] = set()
    for at, one in enumerate(lexemes):
        if one.word in _NEGATORS or one.word.endswith("n't"):
            scope = set(_scope(lexemes, at))
            reach = range(at + 1, min(len(lexemes), at + 1 + 3 * _SCOPE))
            for place in reach:
                if lexemes[place].form in scope:
                    negated.add(place)
                    scope.discard(lexemes[place].form)
    return frozenset(
        one.form for place, one in enumerate(lexemes) if one.telling and place not in negated
    )


def changes_duty(claim: Sequence[Lexeme], fact: Fact) -> bool:
    """Whether what may be done must be, or the other way round."""
    said, told = tuple(_modals(claim)), tuple(_modals(fact.lexemes))
    by_head: dict[str, set[Modality]] = {}
    for modality, head in told:
        by_head.setdefault(head, set()).add(modality)
    kinds = {modality for modality, _ in told}
    for modality, head in said:
        given = by_head.get(head, kinds)
        if given and modality not in given:
            return True
    return False


def _modals(lexemes: Sequence[Lexeme]) -> Iterator[tuple[Modality, str]]:
    for at, one in enumerate(lexemes):
        modality = _MODALS.get(one.word)
        following = lexemes[at + 1].word if at + 1 < len(lexemes) else ""
        if one.word in {"has", "have", "had"} and following == "to":
            modality = Modality.OBLIGED
        if modality is None:
            continue
        head = ""
        for two in lexemes[at + 1 :]:
            if two.kind is Kind.JOINT:
                break
            if two.kind in {Kind.WORD, Kind.CODE}:
                head = two.form
                break
        yield modality, head


def changes_scope(claim: Sequence[Lexeme], fact: Fact, asked: frozenset[str]) -> bool:
    """Whether "only", "all", "unless", "usually" or a condition came in or got lost."""
    said = {one.word for one in claim}
    told = {one.word for one in (*fact.lexemes, *fact.header_lexemes)}
    for kind, words in _STRETCHES.items():
        if said & words and not told & _SCOPES[kind]:
            return True
    claimed = forms_of(claim)
    for piece in _clauses(fact.lexemes):
        cues = {one.word for one in piece}
        telling = forms_of(piece)
        covered = len(telling & claimed) / len(telling) if telling else 0.0
        if cues & _SCOPES["only"] and covered >= 0.6 and not said & _SCOPES["only"]:  # noqa: PLR2004
            return True
        if cues & _HEDGES and covered >= 0.6 and not said & _SCOPES["mostly"]:  # noqa: PLR2004
            return True
    return _drops_a_condition(claimed, said, fact, asked) or _swaps_order(said, told)


def _clauses(lexemes: Sequence[Lexeme]) -> Iterator[tuple[Lexeme, ...]]:
    piece: list[Lexeme] = []
    for one in lexemes:
        if one.kind is Kind.JOINT and piece:
            yield tuple(piece)
            piece = []
        piece.append(one)
    if piece:
        yield tuple(piece)


def _drops_a_condition(
    claimed: frozenset[str], said: set[str], fact: Fact, asked: frozenset[str]
) -> bool:
    rest: set[str] = set()
    conditions: list[frozenset[str]] = []
    inside = False
    piece: list[Lexeme] = []
    for one in (*fact.lexemes, None):
        ends = one is None or one.kind is Kind.JOINT
        if ends and piece:
            (conditions.append(forms_of(piece)) if inside else rest.update(forms_of(piece)))
            piece = []
        if one is None:
            break
        if one.word in _CONDITIONS:
            inside = True
        elif one.kind is Kind.JOINT and one.word not in {"and", "or"}:
            inside = False
        piece.append(one)
    if not conditions or not rest:
        return False
    main = len(rest & claimed) / len(rest)
    if main < 0.5:  # noqa: PLR2004
        return False
    return any(
        len(one) > 1 and not one & (claimed | asked) and not said & _SCOPES["except"]
        for one in conditions
    )


def _swaps_order(said: set[str], told: set[str]) -> bool:
    first = said & {"before", "prior"} and told & _LATER and not told & (_EARLIER | {"by"})
    then = said & {"after", "afterwards"} and told & _EARLIER and not told & (_LATER | {"from"})
    return bool(first or then)
