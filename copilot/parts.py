"""The sentence, item or row of a section that says most to a question."""

import re
from dataclasses import dataclass

from copilot.candidates import Candidate
from copilot.definition import codes_of, definition
from copilot.form import PINPOINT, has_form, in_range
from copilot.question import Question, Wants
from copilot.rows import rows_for
from copilot.sentences import BlockKind, is_whole
from copilot.spans import ABOUT_ITSELF, is_box
from copilot.terms import TermWeights
from retrieval.keywords import terms as tokenize

# What orders the parts of sections; like the weights of `candidates`, chosen on four sets.
_RANGE = 0.3
_SENTENCE = 1.5
_FORM = 0.6
_HEADER = 0.7
_OWN = 0.5
_BESIDE = 0.6
_STEPS = 0.2
# "To remove it:" with the steps in the sentences that follow.
_LEADS = re.compile(r"(?:to|um)\s[^.!?]{3,120}:$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The part of a section that says most to the question: block and part by position.

    `taken` are the parts to read out with it: the rows that answer together.
    """

    score: float
    block: int
    part: int
    taken: tuple[int, ...]


def best_part(question: Question, candidate: Candidate, weights: TermWeights) -> Part | None:
    """The sentence, row or item with most of the question's weight and the form asked for."""
    text = candidate.passage.chunk.text
    around = frozenset(tokenize(f"{candidate.passage.title} {candidate.section.heading}"))
    best: Part | None = None
    for position, block in enumerate(candidate.section.blocks):
        rows = (
            rows_for(question, weights, text, block, around)
            if block.kind is BlockKind.TABLE
            else ()
        )
        header = text[block.header.start : block.header.end] if block.header else ""
        for index, part in enumerate(block.parts):
            piece = text[part.start : part.end]
            leads = leads_steps(question, piece) and index + 2 < len(block.parts)
            if block.kind is BlockKind.PARAGRAPH and not (leads or _stands_alone(piece)):
                continue
            if block.kind is BlockKind.TABLE and index not in rows:
                continue
            score = _worth(question, weights, piece, header) + (_STEPS if leads else 0.0)
            if best is None or score > best.score + 1e-9:
                taken = rows if block.kind is BlockKind.TABLE else (index,)
                best = Part(score=score, block=position, part=index, taken=taken)
    return best


def leads_steps(question: Question, piece: str) -> bool:
    """Whether a sentence leads into steps that are written as prose, and steps are asked for."""
    return question.wants is Wants.STEPS and bool(_LEADS.match(piece))


def _stands_alone(piece: str) -> bool:
    """Whether a sentence can be sent by itself."""
    whole = is_whole(piece) and not piece[:1].islower() and not piece.endswith((":", "?"))
    return whole and not ABOUT_ITSELF.match(piece)


def _worth(question: Question, weights: TermWeights, piece: str, header: str) -> float:
    """What a part says to the question; a row with what its header says."""
    cover = weights.coverage(tokenize(piece))
    if header:
        cover += _HEADER * (weights.coverage(tokenize(header + piece)) - cover)
    holds_form = has_form(question.wants, piece)
    score = _SENTENCE * cover + definition(piece, codes_of(question))
    score += _FORM if holds_form else 0.0
    score += _RANGE if piece.startswith("|") and in_range(question.text, piece) else 0.0
    score += _OWN if question.meant & frozenset(tokenize(piece)) else 0.0
    if is_box(piece) and not (question.wants in PINPOINT and holds_form):
        score -= _BESIDE
    return score
