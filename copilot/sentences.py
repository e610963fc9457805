"""Reading structure back out of stored text: sections, blocks, sentences, all as exact spans.

The stored text's convention is `ingest.element`'s: blocks parted by blank lines, headings alone
on a line, list items `- ` or `1. `, tables as `| a | b |` with the header row first, code between
two ``` lines. Text that keeps no convention (a help centre's pasted page) still yields sentences.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from copilot.evidence import Span


class BlockKind(StrEnum):
    """What a block is; decides how it may be cut and how it is read out."""

    PARAGRAPH = "paragraph"
    STEPS = "steps"
    BULLETS = "bullets"
    TABLE = "table"
    CODE = "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block of a passage's text. `parts` are its sentences, list items or table rows.

    A table's header row is `header` and not among the parts; it is None where the passage
    starts in the middle of a table.
    """

    kind: BlockKind
    start: int
    end: int
    parts: tuple[Span, ...]
    header: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What stands under one heading. `headed` tells whether the heading opens this very text.

    Where it does not, the section began in an earlier passage.
    """

    heading: str
    headed: bool
    blocks: tuple[Block, ...]

    @property
    def start(self) -> int:
        """Where its first block starts."""
        return self.blocks[0].start

    @property
    def end(self) -> int:
        """Where its last block ends."""
        return self.blocks[-1].end


_LINE = re.compile(r"[^\n]*\n?")
_ITEM = re.compile(r"(\s*)(-|\*|\d{1,3}[.)])[ \t]+\S")
_RULE = re.compile(r"\|?\s*:?-{2,}")
_SENTENCE_END = re.compile(
    # The second form mends pasted pages, whose paragraphs are glued: "for free.Important: you".
    r"[.!?…](?:[\"'\u201d\u2019)\]]{0,2})(?:\s+(?=[\"'\u201c\u2018(\[]?[A-ZÀ-ÖØ-Þ0-9])"
    r"|(?<=[a-z)][.!?])(?=[A-Z][a-z]+[\s:,]))"
    r"|(?<=[a-z]{3})(?=(?:If|When|You|Your|The|This|There|To|In|By|For|With|Click|Select|Go|Add|Choose"
    r"|Use|Access|Make|Learn|Before|After|It|We|Note|Tip|Important)[\s:])"
    r"|\n(?=\S)"
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|cf|fig|approx|min|max|incl|excl|dept|mr|mrs|ms|dr|prof|st|jr"
    r"|inc|ltd|co|corp|u\.s|u\.k|z\.b|d\.h|bzw|ca|nr|p|pp|sec|art|vol|ed)|(?:^|\s)[A-Za-z0-9])\.$",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"\bnos?\.\s+\d", re.IGNORECASE)
_CLOSED = re.compile(r"[.!?:;…][\"'\u201d\u2019)\]]{0,2}$")
_HEADING_WORDS = 24
_HEADING_OPENERS = re.compile(r"[A-Z0-9À-Þ\"'“¿¡(]")


def sections_of(text: str, heading_path: tuple[str, ...] = ()) -> tuple[Section, ...]:
    """Divide a passage's text into sections by the headings that stand in it.

    `heading_path` tells under which heading the text starts, and which lines surely are headings.
    Sections without a block (a heading at the very end) are left out.
    """
    known = {_fold(heading) for heading in heading_path}
    heading, headed = (heading_path[-1] if heading_path else ""), False
    sections: list[Section] = []
    blocks: list[Block] = []
    raw = list(_raw_blocks(text, known))
    for position, block in enumerate(raw):
        line = text[block.start : block.end]
        last = position + 1 == len(raw)
        if block.kind is BlockKind.PARAGRAPH and _is_heading(line, known=known, last=last):
            if blocks:
                sections.append(Section(heading=heading, headed=headed, blocks=tuple(blocks)))
                blocks = []
            heading, headed = line.strip(), True
        elif (rest := _answer_of(text, block)) is not None:
            if blocks:
                sections.append(Section(heading=heading, headed=headed, blocks=tuple(blocks)))
            asked = block.parts[0]
            heading, headed, blocks = text[asked.start : asked.end], True, [rest]
        else:
            blocks.append(block)
    if blocks:
        sections.append(Section(heading=heading, headed=headed, blocks=tuple(blocks)))
    return tuple(sections)


def _answer_of(text: str, block: Block) -> Block | None:
    """A paragraph of the kind "May I pause? No, ..." without its question, which heads it."""
    if block.kind is not BlockKind.PARAGRAPH or len(block.parts) < 2:  # noqa: PLR2004
        return None
    asked, rest = block.parts[0], block.parts[1:]
    question = text[asked.start : asked.end]
    if not question.endswith("?") or len(question.split()) > _HEADING_WORDS:
        return None
    return Block(kind=block.kind, start=rest[0].start, end=block.end, parts=rest)


def is_whole(text: str) -> bool:
    """Whether a sentence is closed by a mark, as a sentence that can be sent must be."""
    return bool(_CLOSED.search(text.rstrip()))


def sentence_spans(text: str, start: int, end: int) -> tuple[Span, ...]:
    """The sentences of `text[start:end]`, without the space around them."""
    spans: list[Span] = []
    cursor = start
    for match in _SENTENCE_END.finditer(text, start, end):
        newline = text[match.start()] == "\n"
        glued = match.end() == match.start()
        stop = match.start() if newline or glued else _after_marks(text, match)
        if newline and not is_whole(text[cursor:stop]):
            continue
        if (
            not glued
            and text[match.start()] == "."
            and _ABBREVIATION.search(text, max(cursor, stop - 8), stop)
        ):
            continue
        if not glued and _NUMBERED.search(text, max(cursor, stop - 4), min(end, match.end() + 1)):
            continue
        if text[cursor:stop].strip():
            spans.append(_trimmed(text, cursor, stop))
        cursor = match.end()
    if text[cursor:end].strip():
        spans.append(_trimmed(text, cursor, end))
    return tuple(spans)


def _after_marks(text: str, match: re.Match[str]) -> int:
    """The end of the closing marks, before the white space that the match may include."""
    return match.start() + len(text[match.start() : match.end()].rstrip())


def _raw_blocks(text: str, known: set[str]) -> Iterator[Block]:
    lines = [match.span() for match in _LINE.finditer(text) if match.group()]
    position = 0
    while position < len(lines):
        start, end = lines[position]
        line = text[start:end]
        if not line.strip():
            position += 1
        elif _fold(line) in known:
            span = _trimmed(text, start, end)
            position += 1
            yield Block(kind=BlockKind.PARAGRAPH, start=span.start, end=span.end, parts=(span,))
        elif line.startswith("```"):
            position, block = _code(text, lines, position)
            yield block
        elif line.startswith("|"):
            position, block = _table(text, lines, position)
            yield block
        elif _ITEM.match(line):
            position, block = _list(text, lines, position)
            yield block
        else:
            position, block = _paragraph(text, lines, position)
            yield block


def _code(text: str, lines: list[tuple[int, int]], position: int) -> tuple[int, Block]:
    first = position
    position += 1
    while position < len(lines) and not text[lines[position][0] :].startswith("```"):
        position += 1
    closed = min(position, len(lines) - 1)
    span = _trimmed(text, lines[first][0], lines[closed][1])
    return closed + 1, Block(kind=BlockKind.CODE, start=span.start, end=span.end, parts=(span,))


def _table(text: str, lines: list[tuple[int, int]], position: int) -> tuple[int, Block]:
    rows: list[Span] = []
    while position < len(lines) and text[lines[position][0]] == "|":
        rows.append(_trimmed(text, *lines[position]))
        position += 1
    start, end = rows[0].start, rows[-1].end
    rows = [row for row in rows if not _RULE.match(text, row.start, row.end)]
    rows = [row for row in rows if text[row.start : row.end].strip(" |")] or rows
    header, parts = (rows[0], rows[1:]) if len(rows) > 1 else (None, rows)
    block = Block(kind=BlockKind.TABLE, start=start, end=end, parts=tuple(parts), header=header)
    return position, block


def _list(text: str, lines: list[tuple[int, int]], position: int) -> tuple[int, Block]:
    """A list with what is nested in it; a lone blank line between two items does not end it."""
    opening = _ITEM.match(text, *lines[position])
    marker = opening.group(2) if opening else "-"
    starts: list[int] = []
    end = lines[position][1]
    while position < len(lines):
        start, stop = lines[position]
        item = _ITEM.match(text, start, stop)
        blank = not text[start:stop].strip()
        if item:
            starts.append(start)
        elif blank:
            following = lines[position + 1] if position + 1 < len(lines) else None
            next_item = _ITEM.match(text, *following) if following else None
            if not next_item or next_item.group(2)[-1] != marker[-1]:
                break
        elif not text[start:stop].startswith("  "):
            break
        if not blank:
            end = stop
        position += 1
    bounds = [*starts, end]
    parts = tuple(_trimmed(text, a, b) for a, b in pairwise(bounds))
    kind = BlockKind.STEPS if marker[0].isdigit() else BlockKind.BULLETS
    return position, Block(kind=kind, start=parts[0].start, end=parts[-1].end, parts=parts)


def _paragraph(text: str, lines: list[tuple[int, int]], position: int) -> tuple[int, Block]:
    start = lines[position][0]
    end = lines[position][1]
    position += 1
    while position < len(lines):
        line = text[slice(*lines[position])]
        if not line.strip() or line.startswith(("|", "```")) or _ITEM.match(line):
            break
        end = lines[position][1]
        position += 1
    span = _trimmed(text, start, end)
    parts = sentence_spans(text, span.start, span.end)
    return position, Block(kind=BlockKind.PARAGRAPH, start=span.start, end=span.end, parts=parts)


def _is_heading(line: str, *, known: set[str], last: bool) -> bool:
    if "\n" in line:
        return False
    if _fold(line) in known:
        return True
    words = line.split()
    return (
        not last
        and len(words) <= _HEADING_WORDS
        and bool(_HEADING_OPENERS.match(line))
        and (line.rstrip().endswith("?") or not _CLOSED.search(line.rstrip()))
        and not line.rstrip().endswith((",", "-"))
    )


def _fold(heading: str) -> str:
    return " ".join(heading.casefold().split())


def _trimmed(text: str, start: int, end: int) -> Span:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Span(start=start, end=end)
