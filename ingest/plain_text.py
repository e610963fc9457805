"""Plain text → elements, by the habits of people who write it."""

import re
from itertools import pairwise

from ingest.block_writer import BlockWriter
from ingest.element import ParsedDocument
from ingest.stored_text import Block, assemble

BULLET = re.compile(
    r"^(?P<indent>[ \t]*)(?:[-*+\u2022\u25e6\u25aa\u2023]|\(?(?P<number>\d{1,3})[.)])"
    r"[ \t]+(?P<rest>\S.*)$"
)
RULE = re.compile(r"^([=\-~^\"'#*+:.`_<>])\1{2,}[ \t]*$")
_SHORT_LINE = 45
_RAGGED = 8
_PARAGRAPH = re.compile(r"\n[ \t]*\n+")


def parse_text(text: str) -> ParsedDocument:
    """Read plain text: paragraphs between blank lines, lists, underlined headings."""
    return assemble(text_blocks(text))


def text_blocks(text: str) -> list[Block]:
    """Read a piece of plain text (the body of a mail, say)."""
    writer = BlockWriter()
    for part in _PARAGRAPH.split(
        text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n\n")
    ):
        lines = part.strip("\n").split("\n")
        if len(lines) == 2 and RULE.match(lines[1].strip()) and lines[0].strip():  # noqa: PLR2004
            writer.heading(lines[0], 1 if lines[1].strip()[0] == "=" else 2)
        else:
            write_lines(lines, writer)
    return writer.blocks


def write_lines(lines: list[str], writer: BlockWriter) -> None:
    """Write a run of lines: list items where they are marked, re-flowed prose elsewhere."""
    depths: list[int] = []
    buffer: list[str] = []

    def flush() -> None:
        if buffer:
            writer.text(_reflowed(buffer))
            buffer.clear()

    for line in lines:
        match = BULLET.match(line)
        if not match:
            if line.strip() and not RULE.match(line.strip()):
                buffer.append(line.strip())
            continue
        flush()
        indent = len(match["indent"].expandtabs(4))
        while depths and indent < depths[-1]:
            depths.pop()
            writer.close_list()
        if not depths or indent > depths[-1]:
            depths.append(indent)
            writer.open_list(int(match["number"]) if match["number"] else None)
        writer.open_item()
        buffer.append(match["rest"])
    flush()
    for _ in depths:
        writer.close_list()


def _reflowed(lines: list[str]) -> str:
    """Join wrapped lines; a line that ended early on purpose (an address) keeps its break.

    It did so where the next line's first word would have fitted on it.
    """
    width = max(len(line) for line in lines)
    if width < _SHORT_LINE:
        return "\n".join(lines)
    joined = lines[0]
    for last, line in pairwise(lines):
        first_word = line.split(" ", 1)[0]
        alone = "://" in first_word and first_word == line
        fitted = len(last) + 1 + len(first_word) < width - _RAGGED
        joined += ("\n" if alone or fitted else " ") + line
    return joined
