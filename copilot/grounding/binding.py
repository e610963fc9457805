"""Whether a claim's numbers, dates, codes and names stand with the words they belong to.

"Gold 2 hours, Silver 4 hours" holds every word of "Silver gets 2 hours", which is false: the number
belongs to another part of the sentence, and that part names a rival.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from copilot.grounding.facts import Cell, Fact, forms_of
from copilot.grounding.lexemes import Kind, Lexeme
from copilot.grounding.quantities import Limit, meets, same_number
from copilot.grounding.words import closed_forms, role_forms

_DETERMINERS = frozenset(
    {"the", "a", "an", "your", "its", "their", "it", "them", "this", "that", ",", "to"}
)
_STRONG = frozenset({";", ".", "!", "?", "|", "\n"})
_HALF = 0.5
_AMOUNTS = frozenset({Kind.NUMBER, Kind.DATE})
_Piece = tuple[Lexeme, ...]
_Test = Callable[[Lexeme], bool]


def unsupported_number(claim: Sequence[Lexeme], fact: Fact) -> bool:
    """Whether a number or date of the claim is not in the fact, or with another unit or limit."""
    for one in claim:
        if one.kind is Kind.NUMBER and not any(
            _same_quantity(one, other, fact) for other in _numbers(fact)
        ):
            return True
        if one.kind is Kind.DATE and not any(
            _same_date(one.form, other.form) for other in fact.lexemes if other.kind is Kind.DATE
        ):
            return True
    return False


def uses_header(claim: Sequence[Lexeme], fact: Fact) -> bool:
    """Whether a number or code of the claim stands in the table's column names alone."""
    own = fact.forms
    return any(
        one.kind in {Kind.NUMBER, Kind.CODE, Kind.DATE}
        and one.form not in own
        and not (one.quantity and one.quantity.unit.endswith("rank"))
        and any(one.form == other.form for other in fact.header_lexemes)
        for one in claim
    )


def unsupported_name(claim: Sequence[Lexeme], fact: Fact) -> bool:
    """Whether a code or name of the claim is nowhere in the fact or above it."""
    own = fact.forms | forms_of(fact.header_lexemes)
    if _opens_with_another(claim, own | fact.around):
        return True
    if _takes_the_place(claim, fact):
        return True
    for one, other in pairwise(claim):
        # Whose manager it is matters as much as that it is one.
        invented = one.kind is Kind.WORD and one.form not in own | fact.around
        if invented and other.form in role_forms():
            return True
    for one in claim:
        if one.kind is Kind.CODE:
            plain_name = one.form.isalpha() and one.form in fact.around
            if one.form not in own and not plain_name:
                return True
        elif one.kind is Kind.WORD and one.form not in own | fact.around and _calls(one):
            return True
    return False


def _takes_the_place(claim: Sequence[Lexeme], fact: Fact) -> bool:
    """Whether a name from above the fact stands where the fact has a name that the claim lacks."""
    own, said = forms_of(fact.own), forms_of(claim)
    borrowed = {_sort_of(one) for one in claim if _is_named(one) and one.form not in own}
    replaced = {_sort_of(one) for one in fact.own if _is_named(one) and one.form not in said}
    return not fact.cells and bool(borrowed & replaced)


def _sort_of(one: Lexeme) -> str:
    if one.kind is Kind.CODE:
        return "".join("9" if letter.isdigit() else "a" for letter in one.form[:2])
    return _kind_of(one)


def _opens_with_another(claim: Sequence[Lexeme], known: frozenset[str]) -> bool:
    """Whether a sentence opens with a capitalised word of its own, where its subject stands."""
    for at, one in enumerate(claim):
        if not one.opens or one.form in known:
            continue
        following = claim[at + 1].word if at + 1 < len(claim) else ""
        if not one.word.endswith(("ly", "ing")) and following not in _DETERMINERS:
            return True
    return False


def wrong_column(claim: Sequence[Lexeme], fact: Fact) -> bool:
    """Whether a claim names one column of the row and tells the value of another, or of no row."""
    if not fact.cells:
        return False
    key = next((forms_of(cell.value) for cell in fact.cells if cell.is_key), frozenset())
    said, spoken = _measured(claim), f" {' '.join(one.word for one in claim)} "
    others = [cell for cell in fact.cells if not cell.is_key and cell.value]
    named = [cell for cell in others if _is_named_in(cell, said, spoken)]
    for cell in others:
        told = _told(cell, key, said, spoken)
        rivals = [one for one in named if _told(one, key, said, spoken) < told]
        if cell not in named and told > _HALF and rivals:
            return True
    known = fact.forms | fact.around
    return any(one.telling and one.form in fact.siblings and one.form not in known for one in claim)


def _is_named_in(cell: Cell, said: frozenset[str], spoken: str) -> bool:
    name = _measured(cell.name)
    if name:
        return name <= said
    return bool(cell.name) and f" {' '.join(one.word for one in cell.name)} " in spoken


def _measured(lexemes: Sequence[Lexeme]) -> frozenset[str]:
    """Forms, numbers with their units: 2 hours are not 2 days."""
    return frozenset(
        f"{one.form} {one.quantity.unit}".strip() if one.quantity else one.form
        for one in lexemes
        if one.telling
    )


def _told(cell: Cell, key: frozenset[str], said: frozenset[str], spoken: str) -> float:
    """The share of a cell's value that is said; where it has no telling words, by its words."""
    value = _measured(cell.value) - _measured(cell.name) - key
    if value:
        return len(value & said) / len(value)
    return float(any(f" {one.word} " in spoken for one in cell.value))


def names_another(claim: Sequence[Lexeme], fact: Fact, facts: Iterable[Fact]) -> bool:
    """Whether a claim gives an amount to something that another fact gives its amount to."""
    if not any(_is_amount(one) for one in claim):
        return False
    known = fact.forms | fact.around
    foreign = {one.form for one in claim if one.kind is Kind.WORD and one.form not in known}
    return bool(foreign) and any(
        foreign & other.forms and any(_is_amount(one) for one in other.lexemes) for other in facts
    )


def _crossed(claim: Sequence[Lexeme], fact: Fact) -> bool:
    """Whether two numbers stand in each other's place."""
    said, told = _surroundings(claim), _surroundings(fact.lexemes)
    shared = sorted(said.keys() & told.keys())
    for at, one in enumerate(shared):
        for other in shared[at + 1 :]:
            straight = len(said[one] & told[one]) + len(said[other] & told[other])
            crossed = len(said[one] & told[other]) + len(said[other] & told[one])
            if crossed > straight:
                return True
    return False


def _surroundings(lexemes: Sequence[Lexeme]) -> dict[str, frozenset[str]]:
    """The words right before and after each number; a number that comes twice tells nothing."""
    found: dict[str, frozenset[str]] = {}
    twice: set[str] = set()
    for at, one in enumerate(lexemes):
        if one.kind is not Kind.NUMBER and not (one.kind is Kind.CODE and one.word[:1].isdigit()):
            continue
        (twice.add if one.form in found else lambda _: None)(one.form)
        before = [two for two in lexemes[max(0, at - 1) : at] if two.kind is not Kind.JOINT]
        behind = [two for two in lexemes[at + 1 : at + 2] if two.kind is Kind.WORD]
        further = [two for two in lexemes[max(0, at - 2) : at] if two.kind is Kind.WORD]
        found[one.form] = frozenset(
            f"{side} {two.form}"
            for side, near in (("<", before), (">", behind), ("<", further))
            for two in near
        )
    return {form: near for form, near in found.items() if form not in twice}


def wrongly_bound(claim: Sequence[Lexeme], fact: Fact) -> bool:
    """Whether a number or name of the claim belongs to something else in the fact."""
    return (
        _bound_to_rival(claim, fact, _is_amount)
        or _bound_to_rival(claim, fact, _is_named)
        or _crossed(claim, fact)
    )


def _is_amount(one: Lexeme) -> bool:
    return one.kind in _AMOUNTS


def _is_named(one: Lexeme) -> bool:
    return one.kind is Kind.CODE or (one.kind is Kind.WORD and _calls(one))


def _calls(one: Lexeme) -> bool:
    return one.named or one.form in role_forms() or one.form in closed_forms()


def _numbers(fact: Fact) -> tuple[Lexeme, ...]:
    return tuple(one for one in (*fact.lexemes, *fact.header_lexemes) if one.kind is Kind.NUMBER)


def _same_quantity(claimed: Lexeme, given: Lexeme, fact: Fact) -> bool:
    one, other = claimed.quantity, given.quantity
    if one is None or other is None or not same_number(one, other):
        return False
    if one.unit != other.unit and not _unit_is_told(one.unit, other.unit, fact):
        return False
    return meets(one.limit, other.limit) or _limit_is_told(one.limit, given, fact)


def _unit_is_told(claimed: str, given: str, fact: Fact) -> bool:
    """A table may name the unit in its column ("Time (minutes)")."""
    if given:
        return False
    return any(
        one.word.startswith(claimed) or one.word == claimed.casefold()
        for one in fact.header_lexemes
    ) or (claimed.casefold() in fact.around and claimed.isupper())


def _limit_is_told(limit: Limit, given: Lexeme, fact: Fact) -> bool:
    if given.quantity is None or given.quantity.limit is not Limit.NONE:
        return False
    if limit in fact.limits:
        return True
    return any(limit in cell.limits for cell in fact.cells if given.form in cell.forms)


def _same_date(claimed: str, given: str) -> bool:
    """Part by part; what the claim leaves out matches, what it adds does not."""
    pairs = zip(claimed.split("-"), given.split("-"), strict=True)
    return all("?" in one or one == other for one, other in pairs)


def _kind_of(one: Lexeme) -> str:
    """Two anchors of one kind can be taken for each other."""
    if one.kind is Kind.NUMBER and one.quantity:
        unit = one.quantity.unit.rsplit(" ", 1)[-1]
        return "time" if unit in _TIMES else "money" if unit.isupper() else unit or "count"
    if one.kind is Kind.DATE:
        return "date"
    return "role" if one.form in role_forms() else "name"


_TIMES = frozenset({"second", "minute", "hour", "day", "week", "month", "year", "quarter", "ms"})


def _bound_to_rival(claim: Sequence[Lexeme], fact: Fact, is_anchor: _Test) -> bool:
    given = _pieces_of(fact, is_anchor)
    if len(given) < 2:  # noqa: PLR2004
        return False
    for piece in _pieces(claim, is_anchor):
        for anchor in piece:
            if is_anchor(anchor) and _rival(anchor, piece, claim, fact, given):
                return True
    return False


def _rival(
    anchor: Lexeme, piece: _Piece, claim: Sequence[Lexeme], fact: Fact, given: Sequence[_Piece]
) -> bool:
    """Whether words that stand with an anchor in the claim stand with a rival in the fact."""
    homes = [one for one in given if _holds(one, anchor, fact)]
    if not homes:
        return False
    others = forms_of(piece) - {anchor.form}
    is_anchor = _is_amount if anchor.kind in _AMOUNTS else _is_named
    at_home = frozenset[str]().union(*(forms_of(one) for one in homes))
    support = max(len(others & forms_of(one)) for one in homes)
    kind = _kind_of(anchor)
    numbers = anchor.kind in _AMOUNTS
    mine = {one.form for one in piece if is_anchor(one)}
    for other in given:
        if other in homes:
            continue
        competing = [
            one
            for one in other
            if is_anchor(one) and _kind_of(one) == kind and one.form not in mine | at_home
        ]
        if not competing:
            continue
        strayed = (others & forms_of(other)) - at_home
        if not numbers and support and {one.form for one in competing} <= forms_of(claim):
            continue
        exclusive = max(len((others & forms_of(one)) - forms_of(other)) for one in homes)
        named = any(one.form in strayed and (_calls(one) or one.kind is Kind.CODE) for one in piece)
        if strayed and (named or len(strayed) > exclusive or support == 0):
            return True
    return False


def _holds(piece: _Piece, anchor: Lexeme, fact: Fact) -> bool:
    if anchor.kind is Kind.NUMBER:
        return any(one.kind is Kind.NUMBER and _same_quantity(anchor, one, fact) for one in piece)
    if anchor.kind is Kind.DATE:
        return any(one.kind is Kind.DATE and _same_date(anchor.form, one.form) for one in piece)
    return any(one.form == anchor.form for one in piece)


def _pieces_of(fact: Fact, is_anchor: _Test) -> list[_Piece]:
    if not fact.cells:
        return _pieces(fact.lexemes, is_anchor)
    key = tuple(one for cell in fact.cells if cell.is_key for one in (*cell.name, *cell.value))
    return [
        (*cell.name, *cell.value, *key) for cell in fact.cells if not cell.is_key and cell.value
    ]


def _pieces(lexemes: Sequence[Lexeme], is_anchor: _Test) -> list[_Piece]:
    """Clauses, each with an anchor: one without belongs to the next, or else to the last."""
    pieces: list[_Piece] = []
    for stretch in _split(lexemes, strong=True):
        found: list[_Piece] = []
        pending: _Piece = ()
        for clause in _split(stretch, strong=False):
            pending = (*pending, *clause)
            if any(is_anchor(one) for one in clause):
                found.append(pending)
                pending = ()
        if pending and found:
            found[-1] = (*found[-1], *pending)
        elif pending:
            found.append(pending)
        pieces.extend(found)
    return pieces


def _split(lexemes: Sequence[Lexeme], *, strong: bool) -> list[_Piece]:
    pieces: list[list[Lexeme]] = [[]]
    for at, one in enumerate(lexemes):
        if one.kind is Kind.JOINT and (
            one.word in _STRONG if strong else not _coordinates(lexemes, at)
        ):
            pieces.append([])
        else:
            pieces[-1].append(one)
    return [tuple(one) for one in pieces if one]


def _coordinates(lexemes: Sequence[Lexeme], at: int) -> bool:
    """Whether a joint stands between two things of a kind ("P1 and P2", "443 or 8443")."""
    if lexemes[at].word not in {"and", "or"} or not 0 < at < len(lexemes) - 1:
        return False
    one, other = lexemes[at - 1], lexemes[at + 1]
    if one.kind is Kind.NUMBER and other.kind is Kind.NUMBER:
        return True
    return all(two.kind is Kind.CODE or two.named for two in (one, other))
