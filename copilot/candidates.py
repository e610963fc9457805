"""Where an answer may stand: every section of the passages, and how well it fits the question.

Word weights are inverse document frequencies, so that common words hardly count.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from copilot.definition import codes_of, definition, heading_defines
from copilot.question import Question, telling
from copilot.rows import lacks_the_key
from copilot.sentences import Section, sections_of
from copilot.terms import TermWeights
from retrieval.keywords import terms as tokenize
from retrieval.passage import Passage

CONSIDERED = 10
_TICKET_TYPE = "ticket"
# What orders sections. Chosen on four document sets together; the optimum is broad.
_MATCH = 1.0
_COVER = 0.5
_BODY = 0.2
_COSINE = 1.4
_RANK_STEP = 0.2
_TICKET = 0.4
_EXACT = 0.5
_DEFINES = 0.5
# Words of grammar that name a table's column all the same (`Who`, `Meaning`).
_ASKING = frozenset(tokenize("who when where why reason mean means meaning"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A section of one passage with what it has in common with the question.

    `place` counts from 0 in the order of the fused score. `match` compares question and heading
    (1 when they say the same), `cover` is the share of the question's weight found in title,
    headings and section, `body` that in the section alone with its heading, `exact` the share of
    its identifiers and names found; all from 0 to 1. `defines` is how surely something in it
    defines one of the codes, up to twice that where the question is nothing but the code.
    `tokens` are all its words with title and headings, `asked` the words of the question that
    may name a column.
    """

    passage: Passage
    place: int
    section: Section
    match: float
    cover: float
    body: float
    exact: float
    defines: float
    tokens: frozenset[str]
    asked: frozenset[str]

    @property
    def score(self) -> float:
        """How likely the answer stands here, in no unit.

        A ticket tells what happened once, a guide what holds: of two that say the same, the guide.
        """
        return (
            _MATCH * self.match
            + _COVER * self.cover
            + _BODY * self.body
            + _EXACT * self.exact
            + _DEFINES * self.defines
            + _COSINE * self.passage.dense_score
            - _RANK_STEP * self.place
            - (_TICKET if self.passage.doc_type == _TICKET_TYPE else 0.0)
        )


def candidates_of(
    question: Question, passages: Sequence[Passage], weights: TermWeights
) -> tuple[Candidate, ...]:
    """Every section of the first passages, best first (ties by rank, then by place)."""
    found: list[Candidate] = []
    codes = codes_of(question)
    said = tokenize(question.text)
    words = frozenset(telling(said)) | (_ASKING & frozenset(said))
    asked = 1.0 + weights.coverage(codes)
    # By score, not by place: the list is spread over documents for people who read it.
    ranked = sorted(passages, key=lambda passage: (-passage.fused_score, passage.rank))
    for place, passage in enumerate(ranked[:CONSIDERED]):
        chunk = passage.chunk
        around = frozenset(tokenize(f"{passage.title} {chunk.header}"))
        for whole in sections_of(chunk.text, chunk.locator.heading_path):
            section = _usable(question, chunk.text, whole)
            if section is None:
                continue
            body = frozenset(tokenize(chunk.text[section.start : section.end]))
            heading = telling(tokenize(section.heading))
            tokens = around | body | frozenset(heading)
            found.append(
                Candidate(
                    passage=passage,
                    place=place,
                    section=section,
                    match=heading_match(heading, weights),
                    cover=weights.coverage(tokens),
                    body=weights.coverage(body | frozenset(heading)),
                    exact=exact_cover(question, tokens),
                    defines=asked * _defines(codes, section, chunk.text),
                    tokens=tokens,
                    asked=words,
                )
            )
    return tuple(sorted(found, key=lambda candidate: -candidate.score))


def _usable(question: Question, text: str, section: Section) -> Section | None:
    """The section without the tables that cannot answer; None where nothing remains."""
    blocks = tuple(one for one in section.blocks if not lacks_the_key(question, text, one))
    return replace(section, blocks=blocks) if blocks else None


def heading_match(heading: tuple[str, ...], weights: TermWeights) -> float:
    """How far a heading and a question say the same: the harmonic mean of both coverages.

    The heading's words that the question lacks count as an average word of the question.
    """
    words = frozenset(heading)
    if not words or not weights.weights:
        return 0.0
    shared = weights.weight(words)
    average = weights.total / len(weights.weights)
    foreign = average * sum(1 for word in words if word not in weights.weights)
    return 2 * shared / (weights.total + shared + foreign)


def exact_cover(question: Question, tokens: frozenset[str]) -> float:
    """The share of the question's identifiers and names among `tokens`; 1 where it has none."""
    named = question.identifiers.union(*question.names)
    return len(named & tokens) / len(named) if named else 1.0


def _defines(codes: tuple[str, ...], section: Section, text: str) -> float:
    """How surely a row, an item, a sentence or the heading defines one of the codes."""
    if not codes:
        return 0.0
    pieces = [
        definition(text[part.start : part.end], codes)
        for block in section.blocks
        for part in block.parts
    ]
    return max([*pieces, heading_defines(section.heading, codes)])
