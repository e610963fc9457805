"""Tables on PDF pages: drawn with rules (pdfplumber finds them), or set with white space."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.pdf_lines import Line, Segment, join_lines

if TYPE_CHECKING:
    from pdfplumber.page import Page as PlumberPage
    from pypdfium2 import PdfPage, PdfTextPage

_MIN_RULES = 3
_MAX_PATHS = 3_000
_THIN = 3.0
_MIN_ROWS = 3
_MAX_CELL = 60
# A mark that stands alone before its text begins a list item, not a row.
_LIST_MARK = re.compile(r"^(?:[^\w\s]|\(?(?:\d{1,2}|[a-z])[.)])$")


@dataclass(frozen=True, slots=True, kw_only=True)
class RuledTable:
    """A table whose cells are drawn; its box is in points, y upwards."""

    rows: tuple[tuple[str, ...], ...]
    left: float
    right: float
    bottom: float
    top: float

    def holds(self, line: Line) -> bool:
        """Say whether a line of the page stands in this table."""
        middle = (line.top + line.bottom) / 2
        return (
            self.bottom - 1 <= middle <= self.top + 1
            and line.left >= self.left - 2
            and line.right <= self.right + 2
        )


def ruled_tables(
    page: "PdfPage", lines: Sequence[Line], data: bytes, index: int
) -> list[RuledTable]:
    """Find drawn tables. Only an upright page with crossing rules pays for the slower library."""
    if not lines or page.get_rotation() or not _has_grid(page):
        return []
    import pdfplumber

    try:
        with pdfplumber.open(io.BytesIO(data), pages=[index + 1]) as document:
            return _extracted(page, document.pages[0])
    except Exception:  # noqa: BLE001 - the page's text is there already; a table is a bonus
        return []


def _extracted(page: "PdfPage", plumbed: "PlumberPage") -> list[RuledTable]:
    """Take the cells' boxes from pdfplumber and their words from PDFium, which reads them better.

    (It knows hyphens, ligatures and writing from right to left.)
    """
    height = float(plumbed.height)
    tables: list[RuledTable] = []
    words = page.get_textpage()
    for found in plumbed.find_tables():
        rows = tuple(tuple(_cell(words, box, height) for box in row.cells) for row in found.rows)
        filled = [row for row in rows if sum(1 for cell in row if cell) > 1]
        if len(filled) < 2:  # noqa: PLR2004 - a box around text is not a table
            continue
        left, top, right, bottom = found.bbox
        tables.append(
            RuledTable(rows=rows, left=left, right=right, bottom=height - bottom, top=height - top)
        )
    return tables


def _cell(
    words: "PdfTextPage", box: tuple[float, float, float, float] | None, height: float
) -> str:
    """Read a cell; pdfplumber's boxes are (left, top, right, bottom) from the page's top."""
    if box is None:
        return ""
    left, top, right, bottom = box
    text = words.get_text_bounded(left=left, bottom=height - bottom, right=right, top=height - top)
    return join_lines(text.splitlines())


def _has_grid(page: "PdfPage") -> bool:
    from pypdfium2 import raw

    across = down = boxes = 0
    objects = page.get_objects(filter=[raw.FPDF_PAGEOBJ_PATH], max_depth=3)
    for paths, item in enumerate(objects, start=1):
        if paths > _MAX_PATHS:
            return False  # a drawing
        left, bottom, right, top = (
            item.get_bounds() if hasattr(item, "get_bounds") else item.get_pos()
        )
        width, height = right - left, top - bottom
        if height <= _THIN < width:
            across += 1
        elif width <= _THIN < height:
            down += 1
        elif width > 4 * _THIN and height > 2 * _THIN:
            boxes += 1
    return (across >= _MIN_RULES and down >= 2) or boxes >= 4  # noqa: PLR2004


def borderless_table(lines: Sequence[Line]) -> tuple[list[list[str]], int]:
    """Read a table set with white space from the first line on.

    Returns its rows and how many lines it took; no rows where the lines are not one: at least
    three lines of two cells or more that stand in the same columns.
    """
    run: list[Line] = []
    for line in lines:
        if len(line.segments) < 2 or any(len(part.text) > _MAX_CELL for part in line.segments):  # noqa: PLR2004
            break
        if _LIST_MARK.match(line.segments[0].text):
            break
        if run and abs(run[-1].bottom - line.top) > 2.5 * line.size:
            break
        run.append(line)
    if len(run) < _MIN_ROWS:
        return [], 0
    columns = _columns([part for line in run for part in line.segments])
    rows: list[list[str]] = []
    for line in run:
        row = [""] * len(columns)
        for part in line.segments:
            middle = (part.left + part.right) / 2
            place = next(
                number for number, (left, right) in enumerate(columns) if left <= middle <= right
            )
            row[place] = f"{row[place]} {part.text}".strip()
        rows.append(row)
    full = sum(1 for row in rows if sum(1 for cell in row if cell) >= 2)  # noqa: PLR2004
    if len(columns) < 2 or full < len(rows):  # noqa: PLR2004
        return [], 0
    return rows, len(run)


def _columns(parts: Sequence[Segment]) -> list[tuple[float, float]]:
    """Merge the horizontal extents of cells: what overlaps is one column."""
    merged: list[tuple[float, float]] = []
    for left, right in sorted((part.left, part.right) for part in parts):
        if merged and left < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], right))
        else:
            merged.append((left, right))
    return merged
