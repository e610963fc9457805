"""What binds and bounds a statement: must or may, only, unless, usually, before.

Each check compares a claim's lexemes with those of the fact it rests on, and only where both speak
of the same words: that a fact says more than the claim is fine, that it says otherwise is not.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum

from copilot.grounding.facts import Fact, clauses_of, forms_of
from copilot.grounding.lexemes import Kind, Lexeme


class Modality(StrEnum):
    """How binding something is."""

    OBLIGED = "obliged"
    ALLOWED = "allowed"
    ADVISED = "advised"
    FORBIDDEN = "forbidden"


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
_FORBIDDING = frozenset({"cannot", "can't", "mustn't"})
_BINDING = frozenset({"must", "may", "can", "shall"})
_STRETCHES = {
    "only": frozenset({"only", "solely", "exclusively"}),
    "all": frozenset({"all", "every", "each", "always", "everyone", "everybody"}),
}
_HEDGES = _SCOPES["mostly"] - frozenset({"most", "some", "several", "may", "can", "rule", "about",
                                      "common", "likely", "perhaps", "frequently"})  # fmt: skip
_CONDITIONS = frozenset({"if", "unless", "except", "provided", "until"})
_EARLIER = frozenset({"before", "prior", "until", "ahead"})
_LATER = frozenset({"after", "once", "since", "following", "afterwards"})


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
        if one.word in _FORBIDDING or (one.word in _BINDING and following in {"not", "never"}):
            modality = Modality.FORBIDDEN
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
    for piece in clauses_of(fact.lexemes):
        cues = {one.word for one in piece}
        telling = forms_of(piece)
        covered = len(telling & claimed) / len(telling) if telling else 0.0
        if cues & _SCOPES["only"] and covered >= 0.6 and not said & _SCOPES["only"]:  # noqa: PLR2004
            return True
        if cues & _HEDGES and covered >= 0.6 and not said & _SCOPES["mostly"]:  # noqa: PLR2004
            return True
    return _drops_a_condition(claimed, fact, asked) or _swaps_order(said, told)


def _drops_a_condition(claimed: frozenset[str], fact: Fact, asked: frozenset[str]) -> bool:
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
    return any(bool(one - rest) and not (one - rest) & (claimed | asked) for one in conditions)


def _swaps_order(said: set[str], told: set[str]) -> bool:
    first = said & {"before", "prior"} and told & _LATER and not told & (_EARLIER | {"by"})
    then = said & {"after", "afterwards"} and told & _EARLIER and not told & (_LATER | {"from"})
    late = said & {"after", "afterwards"} and "within" in told and not told & _LATER
    return bool(first or then or late)
