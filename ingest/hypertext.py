"""HTML → blocks. Pages, HTML inside Markdown, mail bodies and EPUB chapters all come here.

Done on lxml's tree and not with unstructured, whose HTML partitioner takes list numbering,
nesting and merged table cells away and is ten times slower.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ingest.block_writer import BlockWriter
from ingest.element import ParsedDocument
from ingest.errors import EmptyFileError
from ingest.stored_text import Block, assemble, clean_prose, table

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_DROPPED = frozenset({
    "script", "style", "noscript", "template", "svg", "head", "iframe", "object", "canvas",
    "audio", "video", "select", "button", "input", "textarea", "nav", "map", "dialog",
})  # fmt: skip
_BLOCK = frozenset({
    "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "dialog",
    "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hr",
    "html", "legend", "main", "p", "section", "summary", "table", "tbody", "tfoot", "thead", "tr",
    "td", "th", "caption", "optgroup", "option", "menu",
})  # fmt: skip
_FURNITURE_ROLES = frozenset({"navigation", "banner", "contentinfo", "search", "menu", "menubar"})
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_MAIN_SHARE = 0.4
_MAX_SPAN = 64


def parse_html(text: str) -> ParsedDocument:
    """Read a page. Its title is the first H1, else the document's own title."""
    root = _tree(text)
    blocks = _walk(_content_root(root))
    titles = root.xpath("//head/title/text() | /html/title/text()")
    if not any(block.text for block in blocks):
        message = "holds no text that a reader would see"
        raise EmptyFileError(message)
    document = assemble(blocks)
    if document.title or not titles:
        return document
    return replace(document, title=clean_prose(str(titles[0])).replace("\n", " "))


def html_blocks(markup: str) -> list[Block]:
    """Read a fragment of HTML."""
    return _walk(_tree(markup)) if markup.strip() else []


def write_html(markup: str, writer: BlockWriter) -> None:
    """Read a fragment of HTML into a document that is being written."""
    if markup.strip():
        _Walker(writer).walk(_tree(markup))


def _tree(markup: str) -> "HtmlElement":
    from lxml import html

    cleaned = _XML_DECLARATION.sub("", markup.replace("\x00", ""))
    parser = html.HTMLParser(remove_comments=True, remove_pis=True, encoding="utf-8")
    try:
        return html.document_fromstring(
            cleaned.encode("utf-8", errors="replace") or b"<p></p>", parser=parser
        )
    except (ValueError, AssertionError, Exception) as error:
        if type(error).__name__ != "ParserError":
            raise
        return html.document_fromstring(b"<p></p>")


def _content_root(root: "HtmlElement") -> "HtmlElement":
    """Prefer the page's main part where it holds a fair share of the page's text."""
    candidates = root.xpath("//main | //*[@role='main']")
    if len(candidates) == 1:
        whole = len(" ".join(root.text_content().split()))
        if len(" ".join(candidates[0].text_content().split())) >= _MAIN_SHARE * whole:
            return candidates[0]
    return root


def _walk(root: "HtmlElement") -> list[Block]:
    writer = BlockWriter()
    _Walker(writer).walk(root)
    return writer.blocks


class _Walker:
    """Walks a tree; text is gathered until something ends the line of thought."""

    __slots__ = ("_buffer", "_writer")

    def __init__(self, writer: BlockWriter) -> None:
        self._writer = writer
        self._buffer: list[str] = []

    def walk(self, root: "HtmlElement") -> None:
        self._visit(root)
        self._flush()

    def _flush(self) -> None:
        if self._buffer:
            text = "".join(self._buffer)
            self._buffer.clear()
            self._writer.text(text)

    def _visit(self, node: "HtmlElement") -> None:  # noqa: C901 - one case a kind
        tag = node.tag
        if not isinstance(tag, str):
            return
        tag = tag.rpartition("}")[2].rpartition(":")[2].lower()
        if tag in _DROPPED or _is_hidden(node):
            return
        if tag in _HEADINGS:
            self._flush()
            self._writer.heading(inline_text(node), _HEADINGS[tag])
        elif tag == "pre":
            self._flush()
            self._writer.code("".join(_raw_text(node)))
        elif tag in {"ul", "ol", "menu", "dir"}:
            self._list(node, tag)
        elif tag == "li":
            self._flush()
            self._writer.open_item()
            self._children(node)
            self._flush()
        elif tag == "table":
            self._flush()
            self._table(node)
        elif tag == "br":
            self._break_line()
        elif tag == "img":
            self._buffer.append(f" {node.get('alt') or ''} ")
        elif tag in _BLOCK:
            self._flush()
            self._children(node)
            self._flush()
        else:
            self._children(node)

    def _children(self, node: "HtmlElement") -> None:
        self._append(node.text)
        for child in node:
            self._visit(child)
            self._append(child.tail)

    def _append(self, text: str | None) -> None:
        if text:
            self._buffer.append(text.replace("\n", " ").replace("\r", " "))

    def _break_line(self) -> None:
        """Two breaks in a row are how old pages and mail part their paragraphs."""
        while self._buffer and not self._buffer[-1].strip(" \t\xa0"):
            self._buffer.pop()
        if self._buffer and self._buffer[-1].endswith("\n"):
            self._flush()
        else:
            self._buffer.append("\n")

    def _list(self, node: "HtmlElement", tag: str) -> None:
        self._flush()
        start = node.get("start") or "1"
        number = int(start) if start.isdigit() else 1
        self._writer.open_list(number if tag == "ol" else None)
        for child in node:
            self._visit(child)
            # Text between items is nobody's, and still somebody's words.
            self._append(child.tail if child.tail and child.tail.strip() else None)
        self._flush()
        self._writer.close_list()

    def _table(self, node: "HtmlElement") -> None:
        caption = node.find("caption")
        if caption is not None:
            self._writer.text(inline_text(caption))
        rows = list(_own_rows(node))
        if _is_layout(node, rows):
            for row in rows:
                for cell in row:
                    self._visit(cell)
            return
        self._writer.add(table(_grid(rows)))


def _is_hidden(node: "HtmlElement") -> bool:
    if node.get("hidden") is not None or node.get("role") in _FURNITURE_ROLES:
        return True
    style = node.get("style")
    return bool(style) and bool(_HIDDEN_STYLE.search(style))


def _own_rows(node: "HtmlElement") -> Iterator["HtmlElement"]:
    """Yield the rows of a table, not those of tables inside it."""
    for child in node:
        if child.tag == "tr":
            yield child
        elif child.tag in {"thead", "tbody", "tfoot"}:
            yield from _own_rows(child)


def _is_layout(node: "HtmlElement", rows: list["HtmlElement"]) -> bool:
    """Tell a table that arranges a page (mail is full of them) from one that holds data."""
    if node.get("role") == "presentation":
        return True
    cells = [[cell for cell in row if cell.tag in {"td", "th"}] for row in rows]
    filled = [sum(1 for cell in row if _says_something(cell)) for row in cells]
    if max(filled, default=0) <= 1:
        return True
    if node.find(".//th") is not None:
        return False
    if node.find(".//table") is not None or node.find(".//h2") is not None:
        return True
    # A row of one cell that runs to pages is a column of text.
    return len(rows) == 1 and any(len(cell.text_content()) > 600 for cell in cells[0])  # noqa: PLR2004


def _says_something(cell: "HtmlElement") -> bool:
    return bool(cell.text_content().strip()) or cell.find(".//img[@alt]") is not None


def _grid(rows: Iterable["HtmlElement"]) -> list[list[str]]:
    """Spread merged cells: each row then says by itself what its columns hold.

    A cell across the whole width is a section's name and stands once.
    """
    grid: list[list[str]] = []
    hanging: dict[int, tuple[int, str]] = {}
    for row in rows:
        cells = [cell for cell in row if cell.tag in {"td", "th"}]
        line: list[str] = []
        for cell in cells:
            _fill_hanging(line, hanging)
            text = inline_text(cell)
            across, down = _span(cell, "colspan"), _span(cell, "rowspan")
            for offset in range(across):
                repeated = text if offset == 0 or len(cells) > 1 else ""
                if down > 1:
                    hanging[len(line)] = (down - 1, repeated)
                line.append(repeated)
        _fill_hanging(line, hanging)
        grid.append(line)
    return grid


def _fill_hanging(line: list[str], hanging: dict[int, tuple[int, str]]) -> None:
    while len(line) in hanging:
        left, text = hanging.pop(len(line))
        if left > 1:
            hanging[len(line)] = (left - 1, text)
        line.append(text)


def _span(cell: "HtmlElement", name: str) -> int:
    value = cell.get(name) or "1"
    return min(max(int(value), 1), _MAX_SPAN) if value.isdigit() else 1


def inline_text(node: "HtmlElement") -> str:
    """Return everything a node says on one line; blocks inside it are parted by a space."""
    return clean_prose("".join(_line_parts(node))).replace("\n", " ")


def _line_parts(node: "HtmlElement") -> Iterator[str]:
    if node.text:
        yield node.text
    for child in node:
        tag = child.tag
        if isinstance(tag, str) and tag not in _DROPPED and not _is_hidden(child):
            apart = tag in _BLOCK or tag in _HEADINGS or tag in {"br", "ul", "ol", "pre"}
            if tag == "li":
                yield " - "
            elif apart:
                yield " "
            if tag == "img":
                yield f" {child.get('alt') or ''} "
            yield from _line_parts(child)
            if apart or tag == "li":
                yield " "
        if child.tail:
            yield child.tail


def _raw_text(node: "HtmlElement") -> Iterator[str]:
    if node.text:
        yield node.text
    for child in node:
        if child.tag == "br":
            yield "\n"
        elif isinstance(child.tag, str):
            yield from _raw_text(child)
        if child.tail:
            yield child.tail
