"""From passages to the spans that answer: pure, and blind to anything but what it is given.

First the section is chosen (rank, how well its heading says what is asked, how much of the
question it covers), then the span inside it by the form the question wants. Word weights are
inverse document frequencies, so that common words hardly count.
"""

import re
from collections.abc import Sequence

from copilot.candidates import Candidate, candidates_of
from copilot.form import PINPOINT
from copilot.parts import best_part
from copilot.question import Question, Wants
from copilot.sentences import Block, BlockKind, is_whole, sections_of
from copilot.spans import Pick, assemble, dangles, words_in
from copilot.terms import TermWeights
from retrieval.keywords import terms as tokenize
from retrieval.passage import Passage

LONGEST_ANSWER = 120
_LONGEST_STEPS = 400
_SHORT_SECTION = 110
_WINDOW = 60
_HEADING_SAYS_IT = 0.72
_ANOTHER_DOCUMENT = 0.2
_ON_TOPIC = 0.5
# Chunks of one section are parted by a blank line at most.
_GAP = 2
_NEARLY_AS_NEAR = 0.1

_ANAPHORA = re.compile(
    r"(?:it|its|this|that|these|those|they|them|he|she|however|but|then|also|so|therefore"
    r"|otherwise|instead|in this case|in that case|for example|as a result)\b",
    re.IGNORECASE,
)


def select(
    question: Question, passages: Sequence[Passage], weights: TermWeights
) -> tuple[Pick, ...]:
    """The spans that answer, best first; empty where no passage holds a sentence to quote."""
    candidates = candidates_of(question, passages, weights)
    if question.wants in PINPOINT:
        candidates = _by_best_span(question, candidates, weights)
    picks: list[Pick] = []
    for candidate in candidates:
        pick = _pick(question, candidate, weights)
        if pick is None:
            continue
        found = [pick, *_continued(question, pick, candidate, passages)]
        complete = len(found) > 1 or not dangles(pick.quote)
        if complete or not picks:
            picks = found
        if complete:
            break
    for candidate in candidates:
        if picks and _adds(question, candidate, picks, weights):
            further = _window(question, candidate, weights)
            if further is not None:
                picks.append(further)
                break
    return tuple(picks)


def _by_best_span(
    question: Question, candidates: tuple[Candidate, ...], weights: TermWeights
) -> tuple[Candidate, ...]:
    """Sections anew, by what their best sentence or row has to say to a question for one fact."""

    def worth(candidate: Candidate) -> float:
        found = best_part(question, candidate, weights)
        return candidate.score + (found.score if found else -1.0)

    return tuple(sorted(candidates, key=lambda candidate: -worth(candidate)))


def _pick(question: Question, candidate: Candidate, weights: TermWeights) -> Pick | None:
    section, text = candidate.section, candidate.passage.chunk.text
    if question.wants is Wants.STEPS and candidate.match < 1.0:
        procedure = _procedure(candidate, weights)
        if procedure is not None:
            return procedure
    says_it = candidate.match >= _HEADING_SAYS_IT
    short = words_in(text[section.start : section.end]) <= _SHORT_SECTION
    whole_fits = short and question.wants not in PINPOINT and not _tabular(candidate)
    if (says_it and not _row_stands_out(question, candidate, weights)) or whole_fits:
        whole = _from_the_top(candidate)
        if whole is not None:
            return whole
    return _window(question, candidate, weights) or _from_the_top(candidate)


def _tabular(candidate: Candidate) -> bool:
    return any(block.kind is BlockKind.TABLE for block in candidate.section.blocks)


def _row_stands_out(question: Question, candidate: Candidate, weights: TermWeights) -> bool:
    """Whether a row says more to the question than the heading over its table does."""
    best = best_part(question, candidate, weights)
    if best is None:
        return False
    block = candidate.section.blocks[best.block]
    row = block.parts[best.part]
    said = frozenset(tokenize(candidate.passage.chunk.text[row.start : row.end]))
    heading = frozenset(tokenize(candidate.section.heading))
    return block.kind is BlockKind.TABLE and weights.weight(said - heading) > 0


def _procedure(candidate: Candidate, weights: TermWeights) -> Pick | None:
    """The section's steps with the sentence that leads into them."""
    text, blocks = candidate.passage.chunk.text, candidate.section.blocks
    best: tuple[float, int] | None = None
    for position, block in enumerate(blocks):
        if block.kind is BlockKind.STEPS and len(block.parts) > 1:
            start = blocks[max(0, position - 1)].start
            cover = weights.coverage(tokenize(text[start : block.end]))
            if best is None or cover > best[0]:
                best = (cover, position)
    if best is None:
        return None
    position = best[1]
    first = position
    if position and blocks[position - 1].kind is BlockKind.PARAGRAPH:
        first = position - 1
    last = position
    while last + 2 < len(blocks) and _goes_on(text, blocks[position : last + 1], blocks[last + 2]):
        last += 2
    chosen = [(block, block.parts) for block in blocks[first : last + 1]]
    if first < position:
        lead = blocks[first]
        chosen[0] = (lead, lead.parts[-2:])
    return assemble(candidate, chosen, longest=_LONGEST_STEPS)


def _goes_on(text: str, so_far: Sequence[Block], block: Block) -> bool:
    """Whether a later list carries on the numbering, a note or picture in between."""
    if block.kind is not BlockKind.STEPS:
        return False
    steps = sum(len(one.parts) for one in so_far if one.kind is BlockKind.STEPS)
    number = re.match(r"\s*(\d+)", text[block.start : block.end])
    return bool(number) and 1 < int(number.group(1)) <= steps + 1 if number else False


def _from_the_top(candidate: Candidate) -> Pick | None:
    """The section from its first whole sentence, as far as an answer may reach."""
    blocks = candidate.section.blocks
    return assemble(candidate, [(b, b.parts) for b in blocks], longest=LONGEST_ANSWER)


def _window(question: Question, candidate: Candidate, weights: TermWeights) -> Pick | None:
    """The sentences, row or item around what covers most of the question."""
    text, blocks = candidate.passage.chunk.text, candidate.section.blocks
    best = best_part(question, candidate, weights)
    if best is None:
        return None
    position, index = best.block, best.part
    block = blocks[position]
    lead = [
        (one, one.parts[-1:])
        for one in blocks[max(0, position - 1) : position]
        if one.kind is BlockKind.PARAGRAPH
    ]
    if block.kind is BlockKind.TABLE:
        rows = tuple(block.parts[row] for row in best.taken)
        return assemble(candidate, [(block, rows)], longest=LONGEST_ANSWER)
    if block.kind is BlockKind.CODE:
        return assemble(candidate, [*lead, (block, block.parts)], longest=LONGEST_ANSWER)
    if block.kind in {BlockKind.STEPS, BlockKind.BULLETS}:
        whole = assemble(candidate, [*lead, (block, block.parts)], longest=LONGEST_ANSWER)
        if whole is not None and block.parts[index] in whole.parts:
            return whole
        return assemble(candidate, [(block, (block.parts[index],))], longest=LONGEST_ANSWER)
    first = index
    if first and _ANAPHORA.match(text[block.parts[first].start : block.parts[first].end]):
        first -= 1
    if not is_whole(text[block.parts[first].start : block.parts[first].end]):
        first = index
    chosen = [(block, block.parts[first:])]
    chosen.extend((later, later.parts) for later in blocks[position + 1 :])
    # Steps written as prose run on; one fact needs its sentence and hardly more.
    longest = _WINDOW if question.wants in PINPOINT else LONGEST_ANSWER
    return assemble(candidate, chosen, longest=longest)


def _continued(
    question: Question, pick: Pick, candidate: Candidate, passages: Sequence[Passage]
) -> list[Pick]:
    """The rest of a list that was cut, or cut off from its lead, between two passages."""
    chunk = pick.passage.chunk
    if pick.end < len(chunk.text.rstrip()):
        return []
    led = dangles(pick.quote)
    steps = candidate.section.blocks[-1].kind is BlockKind.STEPS
    if not led and not (steps and question.wants is Wants.STEPS):
        return []
    wanted = (BlockKind.STEPS, BlockKind.BULLETS, BlockKind.TABLE) if led else (BlockKind.STEPS,)
    for passage in passages:
        other = passage.chunk
        gap = other.locator.start - chunk.locator.end
        same = (other.document_id, other.version) == (chunk.document_id, chunk.version)
        if same and 0 <= gap <= _GAP and other.locator.heading_path == chunk.locator.heading_path:
            sections = sections_of(other.text, other.locator.heading_path)
            first = sections[0].blocks[0] if sections else None
            if first is not None and not sections[0].headed and first.kind in wanted:
                rest = Candidate(
                    passage=passage,
                    place=0,
                    section=sections[0],
                    match=0.0,
                    cover=0.0,
                    body=0.0,
                    exact=0.0,
                    defines=0.0,
                    tokens=frozenset(),
                    asked=candidate.asked,
                )
                further = assemble(rest, [(first, first.parts)], longest=_LONGEST_STEPS)
                return [further] if further else []
    return []


def _adds(
    question: Question, candidate: Candidate, picks: list[Pick], weights: TermWeights
) -> bool:
    """Whether another document covers a good part of the question that the picks leave open."""
    if candidate.passage.dense_score < picks[0].passage.dense_score - _NEARLY_AS_NEAR:
        return False
    documents = {pick.passage.chunk.document_id for pick in picks}
    if candidate.passage.chunk.document_id in documents:
        return False
    covered: set[str] = set()
    for pick in picks:
        chunk = pick.passage.chunk
        covered.update(tokenize(f"{pick.passage.title} {chunk.header} {chunk.text}"))
    open_tokens = weights.weights.keys() - covered
    gain = weights.weight(candidate.tokens & open_tokens)
    needed = _ANOTHER_DOCUMENT * weights.total
    if question.wants is Wants.COMPARISON:
        needed /= 2
    return gain >= needed > 0 and candidate.cover >= _ON_TOPIC
