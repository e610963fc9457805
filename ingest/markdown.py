"""Markdown as published in the wild → elements.

markdown-it-py and not unstructured: that one goes through HTML, which loses code blocks, list
numbers, the level of nested lists and about nine tenths of the speed.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from ingest.block_writer import BlockWriter
from ingest.element import ParsedDocument
from ingest.errors import EmptyFileError
from ingest.front_matter import split_front_matter
from ingest.hypertext import write_html
from ingest.markdown_source import IncludeResolver, SourcePreparer, strip_mdx
from ingest.stored_text import Block, assemble, table

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_ALERT = re.compile(r"\A\[!([A-Za-z]+)([^\]\n]*)\][ \t]*\n?")
_LABELS = frozenset({
    "note", "tip", "important", "caution", "warning", "more", "info", "danger", "attention",
    "success", "example", "question", "prerequisites",
})  # fmt: skip
_LEFTOVERS = re.compile(
    r"""
    \*\*+                                      # emphasis that did not close
    | \[\^[\w-]+\]:?[ ]?                       # footnote marks
    | \{:?[ ]*[.\#][^{}\n]*\}                  # {#id}, {: .class}
    | \{[\w-]+=(?:"[^"]*"|[^}\s"]*)[^{}\n]*\}  # {width="300"}
    | \{\{[<%].*?[%>]\}\} | \{%.*?%\}          # Hugo and Liquid
    | \[\[_?TOC_?\]\] | \A\[TOC\]\Z
    """,
    re.VERBOSE,
)
_VARIABLE = re.compile(r"\{\{\s*(.*?)\s*\}\}")
_WIKI_LINK = re.compile(r"\[\[(?:[^\]|\n]*\|)?([^\]|\n]+)\]\]")
_STRAY_ALERT = re.compile(r"\[!(NOTE|TIP|IMPORTANT|CAUTION|WARNING)\][ \t]*\n?", re.IGNORECASE)
_BEFORE_MARK = re.compile(r" +(?=[.,;:!?)])")
_TASK = re.compile(r"\A\[[ xX]\]\s+")
_TAG = re.compile(r"</?\s*([A-Za-z][\w:-]*)")
_HTML_TAGS = frozenset({
    "a", "abbr", "address", "area", "article", "aside", "audio", "b", "bdi", "bdo", "big",
    "blockquote", "br", "button", "caption", "center", "cite", "code", "col", "colgroup",
    "dd", "del", "details", "dfn", "div", "dl", "dt", "em", "embed", "figcaption", "figure",
    "font", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "i",
    "iframe", "img", "input", "ins", "kbd", "label", "li", "link", "main", "map", "mark",
    "meta", "nav", "object", "ol", "p", "param", "picture", "pre", "q", "rp", "rt", "ruby",
    "s", "samp", "script", "section", "small", "source", "span", "strike", "strong", "style",
    "sub", "summary", "sup", "svg", "table", "tbody", "td", "template", "tfoot", "th",
    "thead", "time", "tr", "tt", "u", "ul", "var", "video", "wbr", "token", "persona",
})  # fmt: skip
_APART = frozenset({
    "br", "p", "div", "ul", "ol", "tr", "td", "th", "dd", "dt", "dl", "table", "details",
    "summary", "hr", "h1", "h2", "h3", "h4",
})  # fmt: skip
_VISIBLE_MARKUP = re.compile(r">[^<]*\S[^<]*<|\balt\s*=|\A[^<]*\S|>[^<]*\S[^<]*\Z")


def parse_markdown(
    text: str, *, uri: str, resolve_include: IncludeResolver | None
) -> ParsedDocument:
    """Read a Markdown page; its front matter becomes metadata."""
    return _parse(text, uri, resolve_include, mdx=False)


def parse_mdx(text: str, *, uri: str, resolve_include: IncludeResolver | None) -> ParsedDocument:
    """Read an MDX page: Markdown without its imports, exports and components."""
    return _parse(text, uri, resolve_include, mdx=True)


def _parse(
    text: str, uri: str, resolve_include: IncludeResolver | None, *, mdx: bool
) -> ParsedDocument:
    metadata, body = split_front_matter(_normal_lines(text))
    if mdx:
        body = strip_mdx(body)
    source = SourcePreparer(resolve_include).prepare(body, uri)
    blocks = _blocks(source, indented_code=not mdx)
    title = metadata.get("title")
    document = assemble(
        blocks, title=title if isinstance(title, str) and title.strip() else None, metadata=metadata
    )
    if not document.elements:
        message = "holds no text besides its front matter" if metadata else "holds no text"
        raise EmptyFileError(message)
    return document


def markdown_blocks(text: str, *, uri: str, resolve_include: IncludeResolver | None) -> list[Block]:
    """Read a piece of Markdown that stands inside another format."""
    return _blocks(SourcePreparer(resolve_include).prepare(_normal_lines(text), uri))


def _normal_lines(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _blocks(source: str, *, indented_code: bool = True) -> list[Block]:
    writer = BlockWriter()
    _Renderer(writer).render(_parser(indented_code).parse(source))
    return writer.blocks


@lru_cache(maxsize=2)
def _parser(indented_code: bool) -> "MarkdownIt":  # noqa: FBT001 - the cache's key
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"maxNesting": 40}).enable(["table", "strikethrough"])
    return parser if indented_code else parser.disable("code")


class _Renderer:
    """Turns markdown-it's flat token stream into blocks."""

    __slots__ = ("_html", "_in_alert", "_writer")

    def __init__(self, writer: BlockWriter) -> None:
        self._writer = writer

    def render(self, tokens: Sequence["Token"]) -> None:  # noqa: C901 - one case a kind
        index, last = 0, len(tokens)
        while index < last:
            token = tokens[index]
            kind = token.type
            if kind == "inline":
                self._running_text(token)
            elif kind == "heading_open":
                index += 1
                self._heading(tokens[index], int(token.tag[1]))
            elif kind in {"fence", "code_block"}:
                self._writer.code(token.content)
            elif kind == "bullet_list_open":
                self._writer.open_list(None)
            elif kind == "ordered_list_open":
                start = token.attrs.get("start", 1)
                self._writer.open_list(int(start))
            elif kind == "list_item_open":
                self._writer.open_item()
            elif kind in {"bullet_list_close", "ordered_list_close"}:
                self._writer.close_list()
            elif kind == "table_open":
                index = self._table(tokens, index)
            elif kind == "html_block":
                self._html_block(token.content)
            index += 1

    def _running_text(self, token: "Token") -> None:
        text = _inline(token)
        if token.content.startswith("[!"):
            text = self._alert(text)
        if "[!" in text:
            text = _STRAY_ALERT.sub(lambda match: f"{match[1].capitalize()}: ", text)
        self._writer.text(_TASK.sub("", text))

    def _alert(self, text: str) -> str:
        """Take `[!NOTE]` off a text; what it warns of is labelled in words."""
        match = _ALERT.match(text)
        if not match:
            return text
        name, rest = match[1].lower(), text[match.end() :]
        if name in _LABELS:
            self._writer.label(f"{name.capitalize()}:")
        elif name == "tab":
            return match[2].strip() + " " + rest
        return rest

    def _heading(self, inline: "Token", level: int) -> None:
        children = inline.children or []
        first = children[0] if children else None
        if (
            first is not None
            and first.type == "link_open"
            and str(first.attrs.get("href", "")).startswith("#tab/")
        ):
            # A tab is a variant of the section it stands in, whatever level its mark has.
            level = max(level, 2)
        self._writer.heading(_inline(inline), level)

    def _table(self, tokens: Sequence["Token"], index: int) -> int:
        rows: list[list[str]] = []
        while tokens[index].type != "table_close":
            token = tokens[index]
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "inline":
                rows[-1].append(_inline(token))
            index += 1
        self._writer.add(table(rows))
        return index

    def _html_block(self, markup: str) -> None:
        if _VISIBLE_MARKUP.search(markup):
            write_html(markup, self._writer)


def _inline(token: "Token") -> str:
    parts: list[str] = []
    children = token.children or []
    pictures = False
    for position, child in enumerate(children):
        kind = child.type
        if kind == "html_inline":
            parts.append(_inline_tag(child.content))
        elif kind == "text":
            parts.append(_text(child.content))
        elif kind == "code_inline":
            parts.append(child.content)
        elif kind == "softbreak":
            parts.append(" ")
        elif kind == "hardbreak":
            parts.append("\n")
        elif kind == "image":
            parts.append(_image_text(child, inside_text=len(children) > 1, position=position))
            pictures = True
    text = "".join(parts)
    return _BEFORE_MARK.sub("", text) if pictures else text


def _text(text: str) -> str:
    if "{" in text or "[" in text or "*" in text:
        text = _WIKI_LINK.sub(r"\1", _LEFTOVERS.sub("", text))
        text = _VARIABLE.sub(r"\1", text)
    return text


def _image_text(token: "Token", *, inside_text: bool, position: int) -> str:
    """Return the description of a picture; in a sentence it must not end the sentence."""
    text = "".join(child.content for child in token.children or []).strip()
    if inside_text:
        text = text.rstrip(".")
    return f" {text} " if position and text else text


def _inline_tag(markup: str) -> str:
    """Drop a tag; keep what only looks like one (`<customer name>`)."""
    match = _TAG.match(markup)
    if not match:
        return ""
    name = match[1].lower()
    if name == "li":
        return "" if markup.startswith("</") else "\n- "
    if name in _APART:
        return "\n"
    if name == "img":
        found = re.search(r"""\balt\s*=\s*(?:"([^"]*)"|'([^']*)')""", markup)
        return f" {found[1] or found[2] or ''} " if found else ""
    return "" if name in _HTML_TAGS or "-" in name or "=" in markup else markup
