"""Elements as bytes in the catalog, so that an index can be rebuilt without parsing again."""

import json
import zlib

from ingest.element import Element, ElementKind, ParsedDocument
from retrieval.chunk import Locator


def pack_elements(document: ParsedDocument) -> bytes:
    """Everything about the elements that the stored text does not say."""
    rows = [
        [
            element.kind.value,
            element.level,
            element.locator.start,
            element.locator.end,
            element.locator.page,
            list(element.locator.heading_path),
        ]
        for element in document.elements
    ]
    return zlib.compress(json.dumps(rows, separators=(",", ":"), ensure_ascii=False).encode())


def unpack_document(title: str, text: str, packed: bytes) -> ParsedDocument:
    """The document again, from its stored text and what `pack_elements` kept."""
    elements = tuple(
        Element(
            kind=ElementKind(kind),
            level=level,
            text=text[start:end],
            locator=Locator(heading_path=tuple(path), page=page, start=start, end=end),
        )
        for kind, level, start, end, page, path in json.loads(zlib.decompress(packed))
    )
    return ParsedDocument(title=title, text=text, elements=elements)
