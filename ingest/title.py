"""What a document is called, where neither its metadata nor its format says so."""

import re
from typing import Final

from ingest.element import ElementKind, ParsedDocument
from retrieval.instructions import instructions_in, said

_LONGEST: Final = 100
_MOST_WORDS: Final = 16
_SAYING_SOMETHING = re.compile(r"[^\W\d_]{3}")
_ENDS_LIKE_PROSE = (".", ",", ";", ":", "!")


def title_of(document: ParsedDocument, uri: str) -> str:
    """The document's title, else its first line where that reads as one, else its file's name.

    Plain text mostly starts with its title, and exports name files by numbers. Searching weighs
    the title, so a good one matters: with hashes for titles, a set of plain-text articles was
    found first for 72 of 100 questions, with their first lines for 84.
    """
    name = uri.rpartition("/")[2]
    return document.title or _first_line(document) or name.rpartition(".")[0] or name or uri


def _first_line(document: ParsedDocument) -> str:
    unsaid = instructions_in(document.text)
    for element in document.elements:
        text = said(document.text, element.locator.start, element.locator.end, unsaid)
        if text:
            break
    else:
        return ""
    if element.kind not in (ElementKind.HEADING, ElementKind.PARAGRAPH):
        return ""
    line = text.partition("\n")[0].strip()
    if len(document.text) - element.locator.start <= len(line):
        return ""  # the only line is the text itself
    if len(line) > _LONGEST or len(line.split()) > _MOST_WORDS or line.endswith(_ENDS_LIKE_PROSE):
        return ""
    return line if _SAYING_SOMETHING.search(line) else ""
