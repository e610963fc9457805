"""Two approved, current documents that say different things of the same: nobody here may choose."""

from collections.abc import Sequence
from dataclasses import dataclass

from copilot.evidence import Evidence
from copilot.question import Question
from copilot.rivals import Rival, same_statement
from copilot.slots import things_in
from governance.document import DocType

# What was true at a moment, and is not meant to be changed when that is over.
_OF_A_MOMENT = frozenset({DocType.RELEASE_NOTE.value, DocType.TICKET.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """The two spans, and in a sentence what they disagree on."""

    rivals: tuple[Rival, Rival]
    missing: str

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Both spans as they are quoted."""
        return tuple(one.evidence(key) for key, one in enumerate(self.rivals, start=1))


def conflict(question: Question, rivals: Sequence[Rival]) -> Conflict | None:
    """The disagreement with the answer's own span; None where the others speak of something else.

    `rivals` are spans that disagree, the answer's first (`rivals.disagreeing`). What is readable
    is approved, in force and not superseded already: search brings nothing else.
    """
    if not rivals or rivals[0].passage.doc_type in _OF_A_MOMENT:
        return None
    first = rivals[0]
    for other in rivals[1:]:
        if (
            other.passage.doc_type not in _OF_A_MOMENT
            and same_statement(first, other)
            and _same_scope(question, first, other)
        ):
            return Conflict(rivals=(first, other), missing=_missing(first, other))
    return None


def _same_scope(question: Question, one: Rival, other: Rival) -> bool:
    """Whether both speak of the same release, product, readers and things."""
    mine, theirs = one.version.metadata, other.version.metadata
    if mine.product and theirs.product and mine.product != theirs.product:
        return False
    if one.releases != other.releases and one.releases.isdisjoint(other.releases):
        return False
    if mine.audience != theirs.audience:
        return False
    asked = {thing.said.casefold() for thing in things_in(question.text)}
    own = {thing.said.casefold(): thing.kind for thing in one.things}
    its = {thing.said.casefold(): thing.kind for thing in other.things}
    apart = (own.keys() ^ its.keys()) - asked
    kinds = {(own | its)[thing] for thing in apart} - {"number", "year"}
    return not kinds


def _missing(one: Rival, other: Rival) -> str:
    titles = f"“{one.passage.title}” and “{other.passage.title}”"
    return f"{titles} disagree: {_said(one, other)} against {_said(other, one)}."


def _said(one: Rival, other: Rival) -> str:
    units = {value.unit for value in one.values} & {value.unit for value in other.values}
    theirs = {(value.unit, value.figure) for value in other.values}
    said = [
        value.said
        for value in sorted(one.values, key=lambda value: value.said)
        if value.unit in units and (value.unit, value.figure) not in theirs
    ]
    return ", ".join(f"“{text}”" for text in dict.fromkeys(said))
