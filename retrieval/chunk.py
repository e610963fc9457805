"""What the index holds: a chunk of a document's stored text, and where it stands in it."""

import hashlib
from dataclasses import dataclass

from retrieval.instructions import without_instructions


@dataclass(frozen=True, slots=True, kw_only=True)
class Locator:
    """Where a piece of text stands, so that anybody can find it again in the source.

    `start` and `end` are character offsets into the stored text of the document version
    (Python string indices, end exclusive). `page` counts from 1 and is None where the format
    has no pages. `heading_path` runs from the outermost heading to the innermost.
    """

    heading_path: tuple[str, ...]
    page: int | None
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """The unit of retrieval: a contiguous span of one document version's stored text.

    `text` is exactly `stored_text[locator.start:locator.end]`. `header` (title and headings)
    is what the embedder and the keyword leg see in front of the text; it is not part of the span.
    """

    id: str
    document_id: str
    version: int
    ordinal: int
    header: str
    text: str
    locator: Locator

    @property
    def indexed_text(self) -> str:
        """The text that is embedded: header line, then the span without its instructions."""
        said = without_instructions(self.text)
        return f"{self.header}\n{said}" if self.header else said


def chunk_id(document_id: str, version: int, start: int, end: int) -> str:
    """Derive a chunk's id from what it is a chunk of, so that writing it twice writes it once.

    Returns 32 hexadecimal digits, which every index adapter can read as a UUID.
    """
    key = f"{document_id}\x1f{version}\x1f{start}\x1f{end}".encode()
    return hashlib.blake2b(key, digest_size=16).hexdigest()
