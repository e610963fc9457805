"""What a parser makes of a file: elements in reading order over one stored text."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from retrieval.chunk import Locator


class ElementKind(StrEnum):
    """What an element is; decides where a chunk may be cut."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST_ITEM = "list_item"
    TABLE = "table"
    CODE = "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """A block of a document. `text` is exactly `stored_text[locator.start:locator.end]`.

    How blocks are written into the stored text (one convention for all formats, so that later
    floors can read structure back from text alone):
    a heading stands alone on its line without marks; a list item starts with `- ` or `1. `,
    two spaces deeper per nesting level; a table is one element whose lines are rows
    `| cell | cell |`, the first one its header row; a code block keeps its lines
    between two ``` lines. Blocks are parted by one blank line, list items by one newline.
    `heading_path` of a heading includes the heading itself; `level` is 1 to 6 for headings,
    nesting depth from 0 for list items, 0 for the rest.
    """

    kind: ElementKind
    text: str
    locator: Locator
    level: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedDocument:
    """A file as the rest of the house knows it: one text, its elements, and what it says of itself.

    `metadata` holds the front matter's raw values (validated by `ingest.manifest`), never text
    that is indexed. `title` is empty where the file has none; the pipeline then uses its name.
    """

    title: str
    text: str
    elements: tuple[Element, ...]
    metadata: Mapping[str, object] = field(default_factory=dict)
