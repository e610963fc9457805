"""Excel and delimited files → one table for each region of filled cells.

openpyxl and not unstructured: that one reads through pandas, which turns whole numbers into
floats and dates into timestamps, and an answer that quotes 12.0 for 12 is a wrong quote.
"""

import csv
import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from ingest.document_properties import property_title
from ingest.element import ParsedDocument
from ingest.errors import DamagedFileError, EmptyFileError, TooLargeError
from ingest.stored_text import Block, assemble, heading, paragraph, table
from ingest.word_xml import transitional

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

_MAX_CELLS = 5_000_000
_MAX_FIELD = 1_000_000
_SNIFFED = 8_192
_SNIFFED_LINES = 20
_EMPTY_ROWS_END = 2_000
_MAX_HEADER_ROWS = 4
_FIGURE = re.compile(r"^[-+(\u2212]?[$\u20ac\u00a3]?\d[\d.,' ]*%?\)?$")


def parse_csv(text: str, *, delimiter: str | None) -> ParsedDocument:
    """Read a delimited file as one table; a delimiter of None is guessed."""
    csv.field_size_limit(_MAX_FIELD)
    text = text.removeprefix("\ufeff")
    try:
        rows = list(
            csv.reader(io.StringIO(text, newline=""), delimiter=delimiter or _delimiter(text))
        )
    except csv.Error as error:
        message = f"is not a table that can be read: {error}"
        raise DamagedFileError(message) from error
    return assemble(_region_blocks(rows))


def _delimiter(text: str) -> str:
    """Guess by what parts the first lines into the same number of cells, more than one."""
    lines = [line for line in text[:_SNIFFED].splitlines()[:_SNIFFED_LINES] if line.strip()]

    def agreement(candidate: str) -> tuple[int, int]:
        counts = Counter(len(row) for row in csv.reader(lines, delimiter=candidate))
        cells, agreeing = counts.most_common(1)[0] if counts else (1, 0)
        return (agreeing if cells > 1 else 0, cells)

    return max(",;\t|", key=agreement)


def parse_xlsx(data: bytes) -> ParsedDocument:
    """Read every visible sheet: its name as a heading, then its tables, as they are shown."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(io.BytesIO(transitional(data)), read_only=False, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError) as error:
        message = "is damaged: parts of the workbook are missing; save it again in Excel"
        raise DamagedFileError(message) from error
    blocks: list[Block] = []
    for sheet in book.worksheets:
        if sheet.sheet_state != "visible":
            continue
        regions = sheet_blocks(_sheet_rows(sheet))
        if regions:
            blocks += [heading(sheet.title, level=1), *regions]
    if not blocks:
        message = "holds no filled cell"
        raise EmptyFileError(message)
    return assemble(blocks, title=property_title(data))


def _sheet_rows(sheet: "Worksheet") -> Iterator[list[str]]:
    """Yield rows as shown; a merged area's text stands in each of its cells' columns once."""
    if sheet.max_row * sheet.max_column > _MAX_CELLS:
        message = (
            f"has a sheet of {sheet.max_row} rows and {sheet.max_column} columns, more than is "
            "read: split it, or delete its empty formatted cells"
        )
        raise TooLargeError(message)
    merged: dict[tuple[int, int], str] = {}
    for area in sheet.merged_cells.ranges:
        if area.min_row != area.max_row:
            text = shown(sheet.cell(area.min_row, area.min_col).value)
            for line in range(area.min_row + 1, area.max_row + 1):
                merged[line, area.min_col] = text
    empty = 0
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        row = [
            shown(cell.value, cell.number_format) or merged.get((number, column), "")
            for column, cell in enumerate(cells, start=1)
        ]
        empty = 0 if any(row) else empty + 1
        if empty > _EMPTY_ROWS_END:
            return
        yield row


def shown(value: object, number_format: str = "General") -> str:  # noqa: PLR0911 - by type
    """Write a cell's value as a reader sees it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        is_date = value.time() == time()
        return value.date().isoformat() if is_date else value.isoformat(sep=" ", timespec="minutes")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, int | float):
        return _shown_number(value, number_format)
    return str(value)


def _shown_number(value: float, number_format: str) -> str:
    if "%" in number_format:
        return f"{round(value * 100, 6):.10g}%"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.12g}"  # noqa: PLR2004
    return str(value)


def sheet_blocks(rows: Iterable[Sequence[str]]) -> list[Block]:
    """Part a sheet at its empty rows; each part is a table, or text where it is one column."""
    return [block for region in _row_regions(rows) for block in _region_blocks(region)]


def _row_regions(rows: Iterable[Sequence[str]]) -> Iterator[list[list[str]]]:
    """Part rows at empty ones, except where the empty row stands between a header and its data."""
    region: list[list[str]] = []
    gap = 0
    for row in rows:
        if not any(cell.strip() for cell in row):
            gap += 1
            continue
        if gap and region and not (gap == 1 and _is_header_of(region, row)):
            yield region
            region = []
        region.append(list(row))
        gap = 0
    if region:
        yield region


def _is_header_of(region: Sequence[Sequence[str]], row: Sequence[str]) -> bool:
    """Say whether rows are all words, in at least the columns that the next row has figures in."""
    last = region[-1]
    return (
        len(region) <= _MAX_HEADER_ROWS
        and not any(_FIGURE.match(cell) for line in region for cell in line)
        and _filled(last) > 1
        and any(_FIGURE.match(cell) for cell in row)
        and all(
            place < len(last) and last[place].strip()
            for place, cell in enumerate(row)
            if _FIGURE.match(cell)
        )
    )


def _region_blocks(region: Sequence[Sequence[str]]) -> list[Block]:
    """Write a region: lines of a single cell above a table are its caption, not its header."""
    if max((_filled(row) for row in region), default=0) <= 1:
        return _single_column([next(cell for cell in row if cell.strip()) for row in region])
    beside = _side_by_side(region)
    if beside:
        return [block for part in beside for block in sheet_blocks(part)]
    blocks: list[Block] = []
    start = 0
    while _filled(region[start]) <= 1:
        blocks.append(paragraph(" ".join(cell for cell in region[start] if cell.strip())))
        start += 1
    return [*blocks, table(region[start:])]


def _side_by_side(region: Sequence[Sequence[str]]) -> list[list[list[str]]]:
    """Part tables that stand beside each other, an empty column between them.

    Only where both parts are tables of their own: in a form an empty column merely spaces labels
    from values, and parting those would tear them apart.
    """
    width = max(len(row) for row in region)
    padded = [[*row, *[""] * (width - len(row))] for row in region]
    used = [any(row[column].strip() for row in padded) for column in range(width)]
    parts: list[list[list[str]]] = []
    start = 0
    for column in range(width + 1):
        if column == width or not used[column]:
            if column > start:
                parts.append([row[start:column] for row in padded])
            start = column + 1
    return parts if len(parts) > 1 and all(_is_table(part) for part in parts) else []


def _is_table(part: Sequence[Sequence[str]]) -> bool:
    filled = [row for row in part if _filled(row)]
    full = [row for row in filled if _filled(row) == len(row)]
    return len(part[0]) > 1 and len(filled) > 2 and len(full) >= 0.5 * len(filled)  # noqa: PLR2004


def _single_column(lines: Sequence[str]) -> list[Block]:
    if len(lines) > 2 and max(len(line) for line in lines) < 200:  # noqa: PLR2004 - a list of values
        return [table([[line] for line in lines])]
    return [paragraph(line) for line in lines]


def _filled(row: Sequence[str]) -> int:
    return sum(1 for cell in row if cell.strip())
