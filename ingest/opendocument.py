"""OpenDocument (odt, ods, odp) → elements, straight from its XML: the format is plain."""

import io
import zipfile
from typing import TYPE_CHECKING

from ingest.block_writer import BlockWriter
from ingest.element import ParsedDocument
from ingest.errors import DamagedFileError, EncryptedFileError
from ingest.stored_text import assemble, clean_prose, table

if TYPE_CHECKING:
    from lxml.etree import _Element

_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_DRAW = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_MAX_REPEAT = 64
_SKIPPED = frozenset({
    _TEXT + "tracked-changes", _TEXT + "sequence-decls", _OFFICE + "annotation",
    _TEXT + "table-of-content", _OFFICE + "forms", _TEXT + "note-citation",
})  # fmt: skip


def parse_opendocument(data: bytes) -> ParsedDocument:
    """Read a text, spreadsheet or presentation of LibreOffice and its kin."""
    from lxml import etree

    safe = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = set(archive.namelist())
        if "META-INF/manifest.xml" in names and b"encryption-data" in archive.read(
            "META-INF/manifest.xml"
        ):
            message = "is encrypted: save it without a password"
            raise EncryptedFileError(message)
        if "content.xml" not in names:
            message = "is damaged: its content is missing; save it again"
            raise DamagedFileError(message)
        content = etree.fromstring(archive.read("content.xml"), safe)
        meta = etree.fromstring(archive.read("meta.xml"), safe) if "meta.xml" in names else None
        styles = (
            etree.fromstring(archive.read("styles.xml"), safe) if "styles.xml" in names else None
        )
    parts = [part for part in (content, styles) if part is not None]
    numbered = {name for part in parts for name in _numbered_lists(part)}
    parents = {
        str(style.get(_STYLE + "name")): str(style.get(_STYLE + "parent-style-name") or "")
        for style in content.iter(_STYLE + "style")
    }
    reader = _Reader(numbered, parents)
    body = content.find(_OFFICE + "body")
    if body is not None:
        reader.visit(body)
    title = meta.findtext(f".//{_DC}title") if meta is not None else ""
    return assemble(reader.writer.blocks, title=title or None)


def _numbered_lists(root: "_Element") -> set[str]:
    """Name the list styles whose first level is numbered."""
    return {
        str(style.get(_STYLE + "name"))
        for style in root.iter(_TEXT + "list-style")
        if style.find(_TEXT + "list-level-style-number") is not None
        and style[0].tag == _TEXT + "list-level-style-number"
    }


class _Reader:
    """Walks the body; frames, sections and slides are passed through."""

    def __init__(self, numbered: set[str], parents: dict[str, str]) -> None:
        self.writer = BlockWriter()
        self._parents = parents
        self._numbered = numbered

    def visit(self, node: "_Element") -> None:
        for child in node:
            tag = child.tag
            if tag in _SKIPPED or not isinstance(tag, str):
                continue
            if tag == _TEXT + "h":
                level = child.get(_TEXT + "outline-level") or "1"
                self.writer.heading(_inline(child), int(level) if level.isdigit() else 1)
            elif tag == _TEXT + "p":
                self._paragraph(child)
            elif tag == _TEXT + "list":
                self._list(child)
            elif tag == _TABLE + "table":
                self._table(child)
            else:
                self.visit(child)

    def _paragraph(self, node: "_Element") -> None:
        style = str(node.get(_TEXT + "style-name") or "")
        if self._parents.get(style, style) == "Title":
            self.writer.heading(_inline(node), 1)
        else:
            self.writer.text(_inline(node))
        for frame in node.iter(_DRAW + "text-box"):
            self.visit(frame)

    def _list(self, node: "_Element") -> None:
        numbered = str(node.get(_TEXT + "style-name") or "") in self._numbered
        self.writer.open_list(1 if numbered else None)
        for item in node:
            if item.tag in {_TEXT + "list-item", _TEXT + "list-header"}:
                self.writer.open_item()
                self.visit(item)
        self.writer.close_list()

    def _table(self, node: "_Element") -> None:
        name = node.getparent()
        if name is not None and name.tag == _OFFICE + "spreadsheet":
            self.writer.heading(str(node.get(_TABLE + "name") or ""), 1)
        rows: list[list[str]] = []
        for row in node.iter(_TABLE + "table-row"):
            cells = list(_cells(row))
            if any(cells):
                rows.append(cells)
            elif rows:
                self.writer.add(table(rows))
                rows = []
        self.writer.add(table(rows))


def _cells(row: "_Element") -> "list[str]":
    cells: list[str] = []
    for cell in row:
        if cell.tag not in {_TABLE + "table-cell", _TABLE + "covered-table-cell"}:
            continue
        text = " ".join(_inline(part) for part in cell.iter(_TEXT + "p", _TEXT + "h"))
        repeat = str(cell.get(_TABLE + "number-columns-repeated") or "1")
        cells += [text] * (min(int(repeat), _MAX_REPEAT) if repeat.isdigit() else 1)
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _inline(node: "_Element") -> str:
    return clean_prose("".join(_parts(node)))


def _parts(node: "_Element") -> "list[str]":
    parts = [node.text or ""]
    for child in node:
        tag = child.tag
        if tag == _TEXT + "line-break":
            parts.append("\n")
        elif tag in {_TEXT + "s", _TEXT + "tab"}:
            parts.append(" ")
        elif tag == _TEXT + "note":
            body = child.find(_TEXT + "note-body")
            parts += [" (", *(_parts(body) if body is not None else []), ") "]
        elif isinstance(tag, str) and tag not in _SKIPPED and tag != _DRAW + "text-box":
            parts += _parts(child)
        parts.append(child.tail or "")
    return parts
