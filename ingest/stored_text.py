"""From blocks to the stored text: the one place that knows how a block is written down.

Parsers make blocks through the constructors here (which clean what they are given) and hand
them to `assemble`, which lays them out as `ingest.element` describes. Quotes are cut from this
text and shown to people, so nothing enters it that a reader would not want to see.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from ingest.element import Element, ElementKind, ParsedDocument
from retrieval.chunk import Locator

INDENT = "  "
_LINE_BREAKS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
# Controls, lone surrogates, soft hyphens and invisible formatting marks. The joiners U+200C and
# U+200D stay (Persian, Indic scripts and emoji need them); a tab is turned into space by callers.
_UNWANTED = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064"
    "\u2066-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\ue000-\uf8ff]"
)
_SPACES = re.compile(r"[^\S\n]+")
_AROUND_BREAK = re.compile(r" ?\n[ \n]*")
_FENCE = "```"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block before it has a place: cleaned text, written as it will stand in the stored text."""

    kind: ElementKind
    text: str
    level: int = 0
    page: int | None = None


def clean_text(raw: str) -> str:
    """Unify line breaks, drop what cannot be seen, compose (Unicode NFC). Keeps tabs and spaces."""
    if raw.isascii() and raw.isprintable():
        return raw
    unified = _LINE_BREAKS.sub("\n", raw)
    return unicodedata.normalize("NFC", _UNWANTED.sub("", unified))


def clean_prose(raw: str) -> str:
    """Clean, and let white space be one space, except that a line break stays one line break."""
    return _AROUND_BREAK.sub("\n", _SPACES.sub(" ", clean_text(raw))).strip()


def heading(raw: str, *, level: int, page: int | None = None) -> Block:
    """Make a heading of level 1 to 6; it is always one line."""
    text = clean_prose(raw).replace("\n", " ")
    return Block(kind=ElementKind.HEADING, text=text, level=min(max(level, 1), 6), page=page)


def paragraph(raw: str, *, page: int | None = None) -> Block:
    """Make a paragraph; line breaks in it are meant (an address, a verse)."""
    return Block(kind=ElementKind.PARAGRAPH, text=clean_prose(raw), page=page)


def list_item(raw: str, *, level: int = 0, marker: str = "-", page: int | None = None) -> Block:
    """Make a list item; its further lines stand two spaces deeper than its marker."""
    text = clean_prose(raw)
    if text:
        indent = INDENT * level
        text = f"{indent}{marker} " + text.replace("\n", "\n" + indent + INDENT)
    return Block(kind=ElementKind.LIST_ITEM, text=text, level=level, page=page)


def code(raw: str, *, page: int | None = None) -> Block:
    """Make a code block; its lines are kept as they are, tabs as four spaces."""
    lines = [line.expandtabs(4).rstrip() for line in clean_text(raw).split("\n")]
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    # A fence inside the code would end the block for whoever reads the text back.
    lines = [" " + line if line.startswith(_FENCE) else line for line in lines]
    text = "\n".join((_FENCE, *lines, _FENCE)) if lines else ""
    return Block(kind=ElementKind.CODE, text=text, page=page)


def table(rows: Iterable[Sequence[str]], *, page: int | None = None) -> Block:
    """Make a table; the first row that holds anything is its header row.

    Empty rows, empty columns and exact repetitions of the header are dropped. A bar inside a
    cell is written as a broken bar, so that rows can be split again.
    """
    cleaned = [
        [clean_prose(cell).replace("\n", " ").replace("|", "\u00a6") for cell in row]
        for row in rows
    ]
    filled = [row for row in cleaned if any(row)]
    width = max((len(row) for row in filled), default=0)
    padded = [row + [""] * (width - len(row)) for row in filled]
    keep = [column for column in range(width) if any(row[column] for row in padded)]
    lines = ["| " + " | ".join(row[column] for column in keep) + " |" for row in padded]
    return Block(kind=ElementKind.TABLE, text="\n".join(lines), page=page)


def assemble(
    blocks: Iterable[Block],
    *,
    title: str | None = None,
    metadata: Mapping[str, object] | None = None,
) -> ParsedDocument:
    """Lay blocks out as one text and give each its place.

    An empty block is left out. Where `title` is None the first heading of level 1 gives it; an
    empty one stays empty (a sheet's name is a heading and no title).
    """
    elements: list[Element] = []
    parts: list[str] = []
    open_headings: list[tuple[int, str]] = []
    first_heading = ""
    position = 0
    previous: ElementKind | None = None
    for block in blocks:
        if not block.text:
            continue
        if block.kind is ElementKind.HEADING:
            open_headings = [entry for entry in open_headings if entry[0] < block.level]
            open_headings.append((block.level, block.text))
            if block.level == 1 and not first_heading:
                first_heading = block.text
        if previous is not None:
            in_list = previous is block.kind is ElementKind.LIST_ITEM
            separator = "\n" if in_list else "\n\n"
            parts.append(separator)
            position += len(separator)
        parts.append(block.text)
        end = position + len(block.text)
        elements.append(
            Element(
                kind=block.kind,
                text=block.text,
                level=block.level,
                locator=Locator(
                    heading_path=tuple(text for _, text in open_headings),
                    page=block.page,
                    start=position,
                    end=end,
                ),
            )
        )
        position = end
        previous = block.kind
    return ParsedDocument(
        title=first_heading if title is None else clean_prose(title).replace("\n", " "),
        text="".join(parts),
        elements=tuple(elements),
        metadata=MappingProxyType(dict(metadata or {})),
    )


def on_page(blocks: Iterable[Block], page: int | None) -> list[Block]:
    """Put blocks on a page."""
    return [replace(block, page=page) for block in blocks]
