"""RTF → elements: striprtf takes the formatting away, tables come back from its bars."""

from ingest.decoding import decode_text
from ingest.element import ParsedDocument
from ingest.errors import DamagedFileError
from ingest.plain_text import text_blocks
from ingest.stored_text import Block, assemble, table


def parse_rtf(data: bytes) -> ParsedDocument:
    """Read an RTF file."""
    from striprtf.striprtf import rtf_to_text

    if not data.rstrip(b" \r\n\t\x00").endswith(b"}"):
        message = "is truncated: its end is missing; save it again"
        raise DamagedFileError(message)
    text = str(rtf_to_text(decode_text(data), errors="ignore"))  # type: ignore[no-untyped-call]
    blocks: list[Block] = []
    rows: list[list[str]] = []
    prose: list[str] = []
    for line in text.split("\n"):
        if line.count("|") > 1 and line.rstrip().endswith("|"):
            blocks += _paragraphs(prose)
            rows.append([cell.strip() for cell in line.rstrip().rstrip("|").split("|")])
        else:
            if rows:
                blocks.append(table(rows))
                rows = []
            prose.append(line)
    if rows:
        blocks.append(table(rows))
    return assemble(blocks + _paragraphs(prose))


def _paragraphs(lines: list[str]) -> list[Block]:
    """In RTF a line break is a paragraph's end, not a wrap."""
    text = "\n\n".join(lines)
    lines.clear()
    return text_blocks(text)
