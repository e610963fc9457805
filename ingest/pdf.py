"""PDF → elements, page by page: headings by size and weight, prose re-flowed, tables kept."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ingest.element import ParsedDocument
from ingest.errors import DamagedFileError, EmptyFileError, EncryptedFileError, TooLargeError
from ingest.pdf_lines import Line, join_lines, page_lines
from ingest.pdf_tables import RuledTable, borderless_table, ruled_tables
from ingest.stored_text import Block, assemble, heading, list_item, paragraph, table

_MAX_PAGES = 5_000
_TAIL_BYTES = 64 * 1024
_PASSWORD_ERROR = 4
_HEADING_RATIO = 1.15
_MAX_HEADING = 140
_MAX_SHORT = 60
_HEADING_LEVELS = 4
_MAX_HEADING_SHARE = 0.15
_MIN_LETTERS = 3
_SENTENCE_ENDS = (".", ":", "!", "?", ";")
_EDGE_LINES = 3
# `Report date: 2024-11-15` states a fact, in bold or not.
_FACT = re.compile(r"^[^:]{2,40}:\s+\S*\d\S*$")
_BULLET = re.compile(
    r"^(?P<mark>[\u2022\u25cf\u25e6\u25aa\u25ab\u25a0\u25cb\u2023\u2013\uf0b7\uf0a7\u00b7*-]|\(?\d{1,2}[.)]|\(?[a-z][.)])\s+(?P<rest>\S.*)$",
    re.DOTALL,
)
_BULLET_SIGNS = "\u2022\u25cf\u25e6\u25aa\u25ab\u25a0\u25cb\u2023\uf0b7\uf0a7\u00b7"
_LONE_BULLET = re.compile(r"^[\u2022\u25cf\u25e6\u25aa\u25ab\u25a0\u25cb\u2023\uf0b7\uf0a7\u00b7]$")
_PAGE_NUMBER = re.compile(
    r"^(?:page|seite|p\.)?\s*[-\u2013]?\s*\d{1,4}\s*[-\u2013]?\s*(?:(?:of|/|von)\s*\d{1,4})?$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """What a line seems to be: a heading of a level, or text (level 0)."""

    level: int = 0


_TEXT = _Kind()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    number: int
    height: float
    lines: list[Line]
    tables: list[RuledTable]


def parse_pdf(data: bytes) -> ParsedDocument:
    """Read a PDF that opens without a password. A scan without text is refused as empty."""
    import pypdfium2 as pdfium

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
            message = (
                f"has {len(document)} pages, more than the {_MAX_PAGES} that are read: split it"
            )
            raise TooLargeError(message)
        pages = list(_pages(document, data))
        title = str(document.get_metadata_dict().get("Title") or "")
    finally:
        document.close()
    if not any(page.lines for page in pages):
        message = "holds no text, only pictures (a scan): run text recognition on it first"
        raise EmptyFileError(message)
    return assemble(_blocks(pages), title=_usable_title(title) or None)


def _refuse_truncated(data: bytes) -> None:
    end = data.rfind(b"%%EOF")
    if (end < 0 and b"startxref" not in data[-_TAIL_BYTES:]) or 0 <= end < len(data) - _TAIL_BYTES:
        message = "is truncated: its end is missing; download or save it again"
        raise DamagedFileError(message)


def _usable_title(title: str) -> str:
    """Ignore what a program wrote into the title: a file name, or the name of the program."""
    if re.search(
        r"\.(?:docx?|pptx?|xlsx?|indd|pdf|tex|dvi)\b|^(?:microsoft\b|untitled|\(?anonymous\)?$)",
        title,
        re.IGNORECASE,
    ):
        return ""
    return title


def _pages(document: "object", data: bytes) -> Iterator[_Page]:
    for index in range(len(document)):  # type: ignore[arg-type]
        page = document[index]  # type: ignore[index]
        lines = [line for line in page_lines(page) if line.is_upright]
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
    return blocks


def _key(line: Line) -> str:
    return re.sub(r"\d+", "#", line.text.lower())


def _edge(page: _Page, position: int, line: Line) -> bool:
    near = position < _EDGE_LINES or position >= len(page.lines) - _EDGE_LINES
    return near or line.bottom > 0.92 * page.height or line.top < 0.08 * page.height


def _repeated_lines(pages: Sequence[_Page]) -> set[str]:
    """Find headers and footers: lines at the edge of most pages, numbers aside."""
    seen: Counter[str] = Counter()
    for page in pages:
        seen.update(
            {_key(line) for position, line in enumerate(page.lines) if _edge(page, position, line)}
        )
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
    """Rank the sizes above the body's: the largest that is used is level 1.

    A size that much of the text is set in is another body size; a page of nothing but large words
    is a poster, which has no headings.
    """
    written: Counter[float] = Counter()
    for page in pages:
        for line in page.lines:
            if _key(line) not in repeated:
                written[line.size] += len(line.text)
    allowed = _MAX_HEADING_SHARE * written.total()
    sizes = [
        size
        for size, share in written.items()
        if size >= _HEADING_RATIO * body and share <= allowed
    ]
    if sum(written[size] for size in sizes) > 2 * allowed:
        return {}
    ranked = sorted(sizes, reverse=True)
    return {size: min(rank, _HEADING_LEVELS) for rank, size in enumerate(ranked, start=1)}


class _PageWriter:
    """Writes one page; a paragraph is gathered line by line."""

    def __init__(self, page: _Page, body: float, levels: dict[float, int]) -> None:
        self._page, self._body, self._levels = page, body, levels
        self._blocks: list[Block] = []
        self._lines: list[Line] = []
        self._kind = _TEXT
        self._leading = _usual_leading(page.lines)

    def write(self, lines: Sequence[Line]) -> list[Block]:
        written: list[RuledTable] = []
        index = 0
        while index < len(lines):
            line = lines[index]
            ruled = next((item for item in self._page.tables if item.holds(line)), None)
            if ruled:
                if ruled not in written:
                    self._flush()
                    self._blocks.append(table(ruled.rows, page=self._page.number))
                    written.append(ruled)
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

    def _kind_of(self, line: Line) -> _Kind:
        """Judge by the looks alone; whether the words make a heading shows when all are there."""
        if line.size in self._levels:
            return _Kind(level=self._levels[line.size])
        if line.bold and line.size >= self._body:
            return _Kind(level=min(len(set(self._levels.values())) + 1, 6))
        return _TEXT

    def _breaks(self, line: Line) -> bool:
        """Say whether a line begins something new."""
        last = self._lines[-1]
        leading = last.baseline - line.baseline
        usual = self._leading.get(line.size, 1.3 * line.size)
        if leading > 1.3 * max(usual, line.size) or leading < -0.5 * line.size:
            return True
        if _BULLET.match(line.text) or _LONE_BULLET.match(line.segments[0].text):
            return True
        if self._kind.level:
            return False
        if abs(last.size - line.size) > 0.2 * line.size:
            return True
        return self._ended_on_purpose(last, line) and last.text.rstrip().endswith(_SENTENCE_ENDS)

    def _ended_on_purpose(self, last: Line, line: Line) -> bool:
        """Say whether the next line's first word would have fitted on the last line."""
        column = [
            item.right for item in self._page.lines
            if abs(item.left - last.left) < 0.6 * last.size and item.size == last.size
        ]  # fmt: skip
        word = line.text.split(" ", 1)[0]
        width = len(word) * (line.right - line.left) / max(len(line.text), 1)
        return last.right + width + 0.5 * line.size < max(column, default=last.right)

    def _flush(self) -> None:
        if not self._lines:
            return
        lines, self._lines = self._lines, []
        page = self._page.number
        text = self._joined(lines)
        if self._kind.level and _reads_as_heading(text):
            self._blocks.append(heading(text, level=self._kind.level, page=page))
            return
        match = _BULLET.match(text)
        if match:
            mark = match["mark"] if match["mark"][-1] in ".)" else "-"
            self._blocks.append(list_item(match["rest"], marker=mark, page=page))
        else:
            self._blocks.append(paragraph(text, page=page))

    def _joined(self, lines: Sequence[Line]) -> str:
        """Re-flow lines; where a line ended early on purpose (an address) the break stays."""
        runs: list[list[str]] = [[lines[0].text]]
        for last, line in pairwise(lines):
            if not self._kind.level and self._ended_on_purpose(last, line):
                runs.append([])
            runs[-1].append(line.text)
        return "\n".join(join_lines(run) for run in runs)


def _reads_as_heading(text: str) -> bool:
    letters = sum(character.isalpha() for character in text)
    return (
        letters >= _MIN_LETTERS
        and len(text) <= _MAX_HEADING
        and not text[0].islower()
        and not text.endswith((",", ";"))
        and not (text.endswith((".", ":")) and len(text) > _MAX_SHORT)
        and not _FACT.match(text)
        and text[0] not in _BULLET_SIGNS
    )


def _usual_leading(lines: Sequence[Line]) -> dict[float, float]:
    """Measure, for each size, the usual distance from one line's base to the next."""
    steps: dict[float, list[float]] = {}
    for last, line in pairwise(lines):
        step = last.baseline - line.baseline
        if last.size == line.size and 0.7 * line.size < step < 2.2 * line.size:
            steps.setdefault(line.size, []).append(step)
    # The lower quartile: what is inside paragraphs, not between them.
    return {size: sorted(found)[len(found) // 4] for size, found in steps.items()}
