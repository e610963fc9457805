"""Spans of different documents that answer the same question with values that differ: pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from copilot.candidates import Candidate, candidates_of
from copilot.evidence import Evidence, Span
from copilot.parts import best_part
from copilot.question import Question, telling
from copilot.slots import Thing, things_in
from copilot.terms import TermWeights
from copilot.values import Value, differ, values_in
from governance.document import DocType, DocumentVersion
from retrieval.keywords import terms as tokenize
from retrieval.passage import Passage

# What a rival must cover of the question's weight: with its titles and headings, and by itself
# with its heading; and how far from the nearest passage it may be. Loose: what follows from two
# rivals is decided by what their documents are for, or by how alike they are.
_COVER = 0.7
_ITSELF = 0.3
_NEARLY_AS_NEAR = 0.25
_NAMING = frozenset({"name", "acronym"})
# Two statements are one where this share of the words of both is in both.
_ALIKE = 0.6
_LOOKED_AT = 12
_OF_A_MOMENT = frozenset({DocType.TICKET.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """A span that answers by itself, and what its document is for.

    `said` is the span with its column heads; `own` are its telling tokens.
    """

    passage: Passage
    span: Span
    said: str
    heading: str
    values: frozenset[Value]
    version: DocumentVersion
    own: frozenset[str]

    @property
    def releases(self) -> frozenset[str]:
        """The releases its document is for; empty where for all."""
        return frozenset(self.version.metadata.releases)

    @property
    def things(self) -> tuple[Thing, ...]:
        """What could be another thing of its kind: in heading and span, and names of its title.

        In a title every word may have a capital; a name has one inside sentences too.
        """
        title = frozenset(tokenize(self.passage.title))
        named = tuple(
            one
            for one in things_in(self.passage.chunk.text)
            if one.kind in _NAMING and not title.isdisjoint(tokenize(one.said))
        )
        scopes = tuple(one for one in things_in(self.passage.title) if one.kind not in _NAMING)
        return (*things_in(f". {self.heading}. {self.said}"), *named, *scopes)

    def evidence(self, key: int) -> Evidence:
        """The span as it is quoted."""
        return Evidence(
            key=key,
            passage=self.passage,
            start=self.span.start,
            end=self.span.end,
            sentences=(self.span,),
        )


def rivals_of(
    question: Question,
    passages: Sequence[Passage],
    weights: TermWeights,
    versions: Mapping[str, DocumentVersion],
) -> tuple[Rival, ...]:
    """The best span of each document that answers, best first; the first one is the answer's.

    Empty where fewer than two documents answer, or none of the others with another value.
    """
    near = [one for one in passages if one.doc_type not in _OF_A_MOMENT][:_LOOKED_AT]
    asked_for = {one.said for one in things_in(question.text) if one.kind == "release"}
    found: dict[str, Rival] = {}
    best_cosine = max((one.dense_score for one in near), default=0.0)
    for candidate in candidates_of(question, near, weights):
        document = candidate.passage.chunk.document_id
        version = versions.get(candidate.passage.chunk.id)
        if document in found or version is None or not _for(version, asked_for):
            continue
        far = candidate.passage.dense_score < best_cosine - _NEARLY_AS_NEAR
        if far or candidate.cover < _COVER:
            continue
        rival = _rival(question, candidate, weights, version)
        if rival is not None:
            found[document] = rival
    return tuple(found.values())


def _for(version: DocumentVersion, releases: set[str]) -> bool:
    """Whether a document holds for the releases that a question names."""
    its = version.metadata.releases
    return not releases or not its or not releases.isdisjoint(its)


def disagreeing(rivals: Sequence[Rival]) -> tuple[Rival, ...]:
    """The first rival and those whose values differ from its own; none where all agree."""
    if not rivals:
        return ()
    others = [one for one in rivals[1:] if differ(rivals[0].values, one.values)]
    return (rivals[0], *others) if others else ()


def same_statement(one: Rival, other: Rival) -> bool:
    """Whether two spans say the same but for their values."""
    together = one.own | other.own
    return len(one.own & other.own) >= _ALIKE * len(together) if together else False


def _rival(
    question: Question, candidate: Candidate, weights: TermWeights, version: DocumentVersion
) -> Rival | None:
    best = best_part(question, candidate, weights)
    if best is None or len(best.taken) != 1:
        return None
    text = candidate.passage.chunk.text
    block = candidate.section.blocks[best.block]
    part = block.parts[best.part]
    header = text[block.header.start : block.header.end] if block.header else ""
    piece = text[part.start : part.end]
    values = values_in(piece, question)
    said = frozenset(tokenize(f"{candidate.section.heading} {header} {piece}"))
    if not values or weights.coverage(said) < _ITSELF:
        return None
    return Rival(
        passage=candidate.passage,
        span=part,
        said=f"{header} {piece}",
        heading=candidate.section.heading,
        values=values,
        version=version,
        own=_statement(f"{header} {piece}"),
    )


def _statement(text: str) -> frozenset[str]:
    """The telling words of a span without its figures and their units."""
    tokens = telling(tokenize(text))
    return frozenset(one for one in tokens if not any(mark.isdigit() for mark in one))
