"""From passages to the spans that answer: pure, and blind to anything but what it is given.

First the section is chosen (rank, how well its heading says what is asked, how much of the
question it covers), then the span inside it by the form the question wants. Word weights are
inverse document frequencies, so that common words hardly count.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from copilot import reading
from copilot.candidates import Candidate, candidates_of
from copilot.definition import codes_of, definition
from copilot.evidence import Span
from copilot.form import PINPOINT, has_form, in_range
from copilot.question import Question, Wants
from copilot.rows import rows_for
from copilot.sentences import Block, BlockKind, is_whole, sections_of
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
# What orders the parts of sections; like the weights of `candidates`, chosen on four sets.
_RANGE = 0.3
_SENTENCE = 1.5
_FORM = 0.6
_HEADER = 0.7
_OWN = 0.5
_NEARLY_AS_NEAR = 0.1

_ANAPHORA = re.compile(
    r"(?:it|its|this|that|these|those|they|them|he|she|however|but|then|also|so|therefore"
    r"|otherwise|instead|in this case|in that case|for example|as a result)\b",
    re.IGNORECASE,
)


# What a text says of itself or of other texts answers nobody.
_ABOUT_ITSELF = re.compile(
    r"(?:in this (?:article|section|topic|guide|document|chapter)|this (?:article|section|topic"
    r"|guide|page|document|paper|chapter|playbook)\b|learn (?:more|how)|for more information"
    r"|see also|applies to|get a list of|to learn more)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """A contiguous span that answers (a part of) the question, and how it is read out.

    `start` and `end` index the passage's text; `parts` are the sentences, steps or rows inside;
    `heading` is what it stands under.
    """

    passage: Passage
    start: int
    end: int
    parts: tuple[Span, ...]
    heading: str
    text: str

    @property
    def quote(self) -> str:
        """The exact text of the span."""
        return self.passage.chunk.text[self.start : self.end]


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
        if pick is not None:
            picks = [pick, *_continued(question, pick, candidate, passages)]
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
        found = _best_part(question, candidate, weights)
        return candidate.score + (found.score if found else -1.0)

    return tuple(sorted(candidates, key=lambda candidate: -worth(candidate)))


def _pick(question: Question, candidate: Candidate, weights: TermWeights) -> Pick | None:
    section, text = candidate.section, candidate.passage.chunk.text
    if question.wants is Wants.STEPS and candidate.match < 1.0:
        procedure = _procedure(candidate, weights)
        if procedure is not None:
            return procedure
    says_it = candidate.match >= _HEADING_SAYS_IT
    short = _words(text[section.start : section.end]) <= _SHORT_SECTION
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
    best = _best_part(question, candidate, weights)
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
    return _assemble(candidate, chosen, longest=_LONGEST_STEPS)


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
    return _assemble(candidate, [(b, b.parts) for b in blocks], longest=LONGEST_ANSWER)


def _assemble(
    candidate: Candidate, blocks: Sequence[tuple[Block, tuple[Span, ...]]], *, longest: int
) -> Pick | None:
    """Join consecutive blocks into one span, cut at a whole sentence, item or row."""
    text = candidate.passage.chunk.text
    lines: list[str] = []
    parts: list[Span] = []
    words = 0
    for block, spans in blocks:
        usable = spans
        if block.kind is BlockKind.PARAGRAPH:
            usable = _sendable(text, spans)
            if not usable and not parts:
                continue
        taken: list[Span] = []
        for span in usable:
            length = _words(text[span.start : span.end])
            if parts and words + length > longest:
                break
            taken.append(span)
            parts.append(span)
            words += length
        if taken:
            lines.append(reading.block(text, block, tuple(taken), candidate.asked))
        if len(taken) < len(spans):
            break
    if lines and parts and lines[-1].endswith(":") and len(lines) > 1:
        lines.pop()
        parts.pop()
    if not parts or not any(lines):
        return None
    return Pick(
        passage=candidate.passage,
        start=parts[0].start,
        end=parts[-1].end,
        parts=tuple(parts),
        heading=candidate.section.heading,
        text="\n".join(lines),
    )


def _sendable(text: str, spans: tuple[Span, ...]) -> tuple[Span, ...]:
    """Sentences up to the first one that is not whole; a first half sentence is skipped."""
    usable: list[Span] = []
    for span in spans:
        sentence = text[span.start : span.end]
        opens = not sentence[:1].islower() and not (
            _ABOUT_ITSELF.match(sentence) and len(spans) > 1
        )
        if is_whole(sentence) and (usable or opens):
            usable.append(span)
        elif usable:
            break
    return tuple(usable)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """The part of a section that says most to the question: block and part by position.

    `taken` are the parts to read out with it: the rows that answer together.
    """

    score: float
    block: int
    part: int
    taken: tuple[int, ...]


def _best_part(question: Question, candidate: Candidate, weights: TermWeights) -> _Part | None:
    """The sentence, row or item with most of the question's weight and the form asked for."""
    text = candidate.passage.chunk.text
    codes = codes_of(question)
    around = frozenset(tokenize(f"{candidate.passage.title} {candidate.section.heading}"))
    best: _Part | None = None
    for position, block in enumerate(candidate.section.blocks):
        rows = (
            rows_for(question, weights, text, block, around)
            if block.kind is BlockKind.TABLE
            else ()
        )
        for index, part in enumerate(block.parts):
            piece = text[part.start : part.end]
            if block.kind is BlockKind.PARAGRAPH and (
                not is_whole(piece)
                or piece[:1].islower()
                or piece.endswith((":", "?"))
                or _ABOUT_ITSELF.match(piece)
            ):
                continue
            if block.kind is BlockKind.TABLE and index not in rows:
                continue
            cover = weights.coverage(tokenize(piece))
            if block.header is not None:
                named = text[block.header.start : block.header.end] + piece
                cover += _HEADER * (weights.coverage(tokenize(named)) - cover)
            score = _SENTENCE * cover
            score += _FORM if has_form(question.wants, piece) else 0.0
            if block.kind is BlockKind.TABLE and in_range(question.text, piece):
                score += _RANGE
            score += definition(piece, codes)
            if question.meant & frozenset(tokenize(piece)):
                score += _OWN
            if best is None or score > best.score + 1e-9:
                taken = rows if block.kind is BlockKind.TABLE else (index,)
                best = _Part(score=score, block=position, part=index, taken=taken)
    return best


def _window(question: Question, candidate: Candidate, weights: TermWeights) -> Pick | None:
    """The sentences, row or item around what covers most of the question."""
    text, blocks = candidate.passage.chunk.text, candidate.section.blocks
    best = _best_part(question, candidate, weights)
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
        return _assemble(candidate, [(block, rows)], longest=LONGEST_ANSWER)
    if block.kind is BlockKind.CODE:
        return _assemble(candidate, [*lead, (block, block.parts)], longest=LONGEST_ANSWER)
    if block.kind in {BlockKind.STEPS, BlockKind.BULLETS}:
        whole = _assemble(candidate, [*lead, (block, block.parts)], longest=LONGEST_ANSWER)
        if whole is not None and block.parts[index] in whole.parts:
            return whole
        return _assemble(candidate, [(block, (block.parts[index],))], longest=LONGEST_ANSWER)
    first = index
    if first and _ANAPHORA.match(text[block.parts[first].start : block.parts[first].end]):
        first -= 1
    if not is_whole(text[block.parts[first].start : block.parts[first].end]):
        first = index
    chosen = [(block, block.parts[first:])]
    chosen.extend((later, later.parts) for later in blocks[position + 1 :])
    # Steps written as prose run on; one fact needs its sentence and hardly more.
    longest = _WINDOW if question.wants in PINPOINT else LONGEST_ANSWER
    return _assemble(candidate, chosen, longest=longest)


def _continued(
    question: Question, pick: Pick, candidate: Candidate, passages: Sequence[Passage]
) -> list[Pick]:
    """The rest of a list of steps that was cut between two passages."""
    chunk = pick.passage.chunk
    if question.wants is not Wants.STEPS or pick.end < len(chunk.text.rstrip()):
        return []
    if candidate.section.blocks[-1].kind is not BlockKind.STEPS:
        return []
    for passage in passages:
        other = passage.chunk
        gap = other.locator.start - chunk.locator.end
        same = (other.document_id, other.version) == (chunk.document_id, chunk.version)
        if same and 0 <= gap <= _GAP and other.locator.heading_path == chunk.locator.heading_path:
            sections = sections_of(other.text, other.locator.heading_path)
            first = sections[0].blocks[0] if sections else None
            if first is not None and not sections[0].headed and first.kind is BlockKind.STEPS:
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
                further = _assemble(rest, [(first, first.parts)], longest=_LONGEST_STEPS)
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


def _words(text: str) -> int:
    return len(text.split())
