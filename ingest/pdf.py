"""PDF → elements, page by page: headings by size and weight, prose re-flowed, tables kept."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest.element import ParsedDocument
from ingest.errors import DamagedFileError, EmptyFileError, EncryptedFileError, TooLargeError
from ingest.pdf_lines import Line, join_lines, page_lines
from ingest.pdf_tables import RuledTable, borderless_table, ruled_tables
from ingest.stored_text import Block, assemble, heading, list_item, paragraph, table

_MAX_PAGES = 5_000
_TAIL_BYTES = 64 * 1024
_PASSWORD_ERROR = 4
_HEADING_RATIO = 1.12
_MAX_HEADING = 140
_MAX_BOLD_HEADING = 90
_HEADING_LEVELS = 4
_EDGE_LINES = 3
_BULLET = re.compile(r"^(?P<mark>[\u2022\u25cf\u25e6\u25aa\u25ab\u25a0\u25cb\u2023\u2013\uf0b7\uf0a7\u00b7*-]|\(?\d{1,2}[.)]|\(?[a-z][.)])\s+(?P<rest>\S.*)$", re.DOTALL)
_LONE_BULLET = re.compile(r"^[\u2022\u25cf\u25e6\u25aa\u25ab\u25a0\u25cb\u2023\uf0b7\uf0a7\u00b7]$")
_PAGE_NUMBER = re.compile(r"^(?:page|seite|p\.)?\s*[-\u2013]?\s*\d{1,4}\s*[-\u2013]?\s*(?:(?:of|/|von)\s*\d{1,4})?$", re.IGNORECASE)
_NUMBERED_HEADING = re.compile(r"^(\d+(?:\.\d+)*)\.?\s+\S")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    number: int
    height: float
    lines: list[Line]
    tables: list[RuledTable]


def parse_pdf(data: bytes) -> ParsedDocument:
    """Read a PDF that opens without a password. A scan without text is refused as empty."""
    import pypdfium2 as pdfium  # noqa: PLC0415

    _refuse_truncated(data)
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if getattr(error, "err_code", None) == _PASSWORD_ERROR or "password" in str(error).lower():
            message = "is encrypted: save it without a password"
            raise EncryptedFileError(message) from error
        message = "is damaged: its page directory cannot be read; save or download it again"
        raise DamagedFileError(message) from error
    try:
        if len(document) > _MAX_PAGES:
            message = f"has {len(document)} pages, more than the {_MAX_PAGES} that are read: split it"
            raise TooLargeError(message)
        pages = list(_pages(document, data))
        title = str(document.get_metadata_dict().get("Title") or "")
    finally:
        document.close()
    if not any(page.lines for page in pages):
        message = "holds no text, only pictures (a scan): run text recognition on it first"
        raise EmptyFileError(message)
    return assemble(_blocks(pages), title=_usable_title(title))


def _refuse_truncated(data: bytes) -> None:
    end = data.rfind(b"%%EOF")
    if end < 0 and b"startxref" not in data[-_TAIL_BYTES:] or 0 <= end < len(data) - _TAIL_BYTES:
        message = "is truncated: its end is missing; download or save it again"
        raise DamagedFileError(message)


def _usable_title(title: str) -> str:
    """Ignore what a program wrote into the title: a file name, or the name of the program."""
    if re.search(r"\.(?:docx?|pptx?|xlsx?|indd|pdf|tex|dvi)\b|^(?:microsoft|untitled)", title, re.IGNORECASE):
        return ""
    return title


def _pages(document: "object", data: bytes) -> Iterator[_Page]:
    for index in range(len(document)):  # type: ignore[arg-type]
        page = document[index]  # type: ignore[index]
        lines = page_lines(page)
        tables = ruled_tables(page, lines, data, index)
        yield _Page(number=index + 1, height=page.get_height(), lines=lines, tables=tables)
        page.close()


def _blocks(pages: Sequence[_Page]) -> list[Block]:
    repeated = _repeated_lines(pages)
    body = _body_size(pages)
    levels = _heading_levels(pages, body, repeated)
    blocks: list[Block] = []
    for page in pages:
        kept = [line for position, line in enumerate(page.lines)
                if not _is_furniture(page, position, line, repeated)]  # fmt: skip
        blocks += _PageWriter(page, body, levels).write(kept)
    return _joined_across_pages(blocks)


def _key(line: Line) -> str:
    return re.sub(r"\d+", "#", line.text.lower())


def _edge(page: _Page, position: int, line: Line) -> bool:
    near = position < _EDGE_LINES or position >= len(page.lines) - _EDGE_LINES
    return near or line.bottom > 0.92 * page.height or line.top < 0.08 * page.height  # noqa: PLR2004


def _repeated_lines(pages: Sequence[_Page]) -> set[str]:
    """Find headers and footers: lines at the edge of most pages, numbers aside."""
    seen: Counter[str] = Counter()
    for page in pages:
        seen.update({_key(line) for position, line in enumerate(page.lines) if _edge(page, position, line)})
    # Alternating left and right pages carry a header each: a third of the pages is enough.
    needed = max(3, len(pages) // 3)
    return {key for key, count in seen.items() if count >= needed}


def _is_furniture(page: _Page, position: int, line: Line, repeated: set[str]) -> bool:
    if not _edge(page, position, line):
        return False
    return _key(line) in repeated or bool(_PAGE_NUMBER.match(line.text))


def _body_size(pages: Sequence[_Page]) -> float:
    sizes: Counter[float] = Counter()
    for page in pages:
        for line in page.lines:
            sizes[line.size] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def _heading_levels(pages: Sequence[_Page], body: float, repeated: set[str]) -> dict[float, int]:
    """Rank the sizes above the body's: the largest that is used is level 1."""
    sizes = {
        line.size
        for page in pages
        for line in page.lines
        if line.size >= _HEADING_RATIO * body and _key(line) not in repeated
    }
    ranked = sorted(sizes, reverse=True)
    return {size: min(rank, _HEADING_LEVELS) for rank, size in enumerate(ranked, start=1)}


class _PageWriter:
    """Writes one page; a paragraph is gathered line by line."""

    def __init__(self, page: _Page, body: float, levels: dict[float, int]) -> None:
        self._page, self._body, self._levels = page, body, levels
        self._blocks: list[Block] = []
        self._lines: list[Line] = []
        self._kind = ""

    def write(self, lines: Sequence[Line]) -> list[Block]:
        written: set[int] = set()
        index = 0
        while index < len(lines):
            line = lines[index]
            ruled = next((item for item in self._page.tables if item.holds(line)), None)
            if ruled:
                if id(ruled) not in written:
                    self._flush()
                    self._blocks.append(table(ruled.rows, page=self._page.number))
                    written.add(id(ruled))
                index += 1
                continue
            rows, used = borderless_table(lines[index:])
            if rows:
                self._flush()
                self._blocks.append(table(rows, page=self._page.number))
                index += used
                continue
            self._line(line)
            index += 1
        self._flush()
        return self._blocks

    def _line(self, line: Line) -> None:
        kind = self._kind_of(line)
        if self._lines and (kind != self._kind or self._breaks(line)):
            self._flush()
        self._kind = kind
        self._lines.append(line)

    def _kind_of(self, line: Line) -> str:
        text = line.text
        if not any(character.isalpha() for character in text):
            return "text"
        if line.size in self._levels and len(text) <= _MAX_HEADING:
            return f"h{self._levels[line.size]}"
        lowest = min(len(set(self._levels.values())) + 1, 6)
        if line.bold and len(text) <= _MAX_BOLD_HEADING and not text.rstrip().endswith((".", ",", ";", ":")):
            return f"b{lowest}"
        return "text"

    def _breaks(self, line: Line) -> bool:
        """Say whether a line begins something new."""
        last = self._lines[-1]
        gap = last.bottom - line.top
        height = max(line.size, 1.0)
        if gap > 0.75 * height or gap < -2 * height:  # noqa: PLR2004
            return True
        if self._kind[0] in "hb":
            return gap > 0.6 * height  # noqa: PLR2004
        if _BULLET.match(line.text) or _LONE_BULLET.match(line.segments[0].text):
            return True
        if abs(last.size - line.size) > 0.2 * height:  # noqa: PLR2004
            return True
        widest = max(item.right for item in self._lines)
        ended_early = last.right < widest - 6 * height or len(self._lines) == 1 and last.right - last.left < 12 * height  # noqa: PLR2004
        if ended_early and last.text.rstrip().endswith((".", ":", "!", "?")):
            return True
        return line.left > last.left + 1.5 * height and last.text.rstrip().endswith(".")  # noqa: PLR2004

    def _flush(self) -> None:
        if not self._lines:
            return
        text, page = join_lines([line.text for line in self._lines]), self._page.number
        lines, self._lines = self._lines, []
        if self._kind[0] == "h" or (self._kind[0] == "b" and len(lines) <= 2):  # noqa: PLR2004
            self._blocks.append(heading(text, level=int(self._kind[1]), page=page))
            return
        match = _BULLET.match(text)
        if match:
            mark = match["mark"] if match["mark"][-1] in ".)" else "-"
            self._blocks.append(list_item(match["rest"], marker=mark, page=page))
        else:
            self._blocks.append(paragraph(text, page=page))


def _joined_across_pages(blocks: list[Block]) -> list[Block]:
    return blocks
