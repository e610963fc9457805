"""A span put together from whole sentences, items and rows of a section; nothing dangles."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from copilot import reading
from copilot.candidates import Candidate
from copilot.evidence import Span
from copilot.sentences import Block, BlockKind, is_whole
from retrieval.passage import Passage

# What a text says of itself or of other texts answers nobody.
ABOUT_ITSELF = re.compile(
    r"(?:in this (?:article|section|topic|guide|document|chapter)|this (?:article|section|topic"
    r"|guide|page|document|paper|chapter|playbook)\b|learn (?:more|how)|for more information"
    r"|see also|applies to|get a list of|to learn more)\b",
    re.IGNORECASE,
)


# A lead into something, or a sentence that is nothing but a pointer to it.
_DANGLES = re.compile(
    r":\W*$|^(?:the\s+following\b|follow\s+the|see\s+(?:below|the\s+following))[^.!?]*[.:]?$",
    re.IGNORECASE,
)
_BOX = re.compile(
    r"(?:>\s*)*(?:\[!)?\*{0,2}(?:notes?|tips?|important|warning|caution|hinweis|tipp|wichtig)\b\s*[:\]!*]",
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


def assemble(
    candidate: Candidate, blocks: Sequence[tuple[Block, tuple[Span, ...]]], *, longest: int
) -> Pick | None:
    """Join consecutive blocks into one span, cut at a whole sentence, item or row."""
    text = candidate.passage.chunk.text
    chosen: list[tuple[Block, list[Span]]] = []
    words = 0
    for block, spans in blocks:
        usable = spans
        if block.kind is BlockKind.PARAGRAPH:
            usable = _sendable(text, spans)
            if not usable and not chosen:
                continue
        taken: list[Span] = []
        for span in usable:
            length = words_in(text[span.start : span.end])
            if (chosen or taken) and words + length > longest:
                break
            taken.append(span)
            words += length
        if taken:
            chosen.append((block, taken))
        if len(taken) < len(spans):
            break
    _undangle(text, chosen)
    parts = [part for _, taken in chosen for part in taken]
    lines = [reading.block(text, block, tuple(taken), candidate.asked) for block, taken in chosen]
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


def _undangle(text: str, chosen: list[tuple[Block, list[Span]]]) -> None:
    """Take away what leads into something that does not follow.

    A lone lead at the end of a passage stays: the next passage may carry on.
    """
    while chosen:
        block, taken = chosen[-1]
        last = text[taken[-1].start : taken[-1].end]
        if block.kind is not BlockKind.PARAGRAPH or not dangles(last):
            return
        alone = sum(len(parts) for _, parts in chosen) == 1
        if alone and taken[-1].end >= len(text.rstrip()):
            return
        taken.pop()
        if not taken:
            chosen.pop()


def _sendable(text: str, spans: tuple[Span, ...]) -> tuple[Span, ...]:
    """Sentences up to the first one that is not whole; a first half sentence is skipped."""
    usable: list[Span] = []
    for span in spans:
        sentence = text[span.start : span.end]
        opens = not sentence[:1].islower() and not (ABOUT_ITSELF.match(sentence) and len(spans) > 1)
        if is_whole(sentence) and (usable or opens):
            usable.append(span)
        elif usable:
            break
    return tuple(usable)


def dangles(text: str) -> bool:
    """Whether a sentence leads into something, and says nothing without it."""
    return bool(_DANGLES.search(text))


def is_box(text: str) -> bool:
    """Whether a sentence opens a note, a tip or a warning, which stands beside the matter."""
    return bool(_BOX.match(text))


def words_in(text: str) -> int:
    """How many words a text has, for how much of it may be sent."""
    return len(text.split())
