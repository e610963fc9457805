"""Rows of CSV and JSON files, one at a time, with their places and what is wrong with them."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TextIO

from ingest.detection import suffix_of
from ingest.errors import SourceError
from ingest.ticket_json import json_columns, json_rows
from ingest.ticket_row import COLUMNS, NUL, Lines, Row, encoding_of, is_nearly_a_ticket, plain_name

_TABLES = frozenset({"csv", "tsv", "tab"})
_JSON = frozenset({"json", "jsonl", "ndjson"})
_DELIMITERS = (",", ";", "\t", "|")
# Excel's own line, which says what parts the columns.
_SEPARATOR_LINE = re.compile(r'\s*"?sep=(.)"?\s*', re.IGNORECASE)
_HEADER_WITHIN = 20
_LONGEST_FIELD = 131_072


def table_columns(path: Path, uri: str) -> frozenset[str]:
    """Return the columns of a CSV file, or the keys of what a JSON file holds.

    Raises SourceError where JSON holds tickets that cannot be told apart.
    """
    suffix = suffix_of(uri)
    if suffix in _JSON:
        return json_columns(path)
    if suffix not in _TABLES:
        return frozenset()
    with path.open(encoding=encoding_of(path), newline="", errors="replace") as file:
        return frozenset(_header(list(islice(Lines(file), _HEADER_WITHIN))).columns)


def rows_of(path: Path, uri: str) -> Iterator[Row]:
    """Yield every row of a file. Raises SourceError where its text cannot be read."""
    if suffix_of(uri) in _JSON:
        yield from json_rows(path)
        return
    with path.open(encoding=encoding_of(path), newline="", errors="replace") as file:
        yield from _csv_rows(file)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    """The columns, what parts them, and in which lines (counted from 0) they stand."""

    delimiter: str = ","
    columns: tuple[str, ...] = ()
    first: int = 0
    after: int = 0


def _header(lines: list[str]) -> _Header:
    """Find the columns among the first lines, below a title or whatever else stands above.

    Of those that may be tickets' the one with the most of our columns, whatever parts them.
    """
    best = _Header(after=len(lines))
    delimiters: tuple[str, ...] = _DELIMITERS
    csv.field_size_limit(_LONGEST_FIELD)
    for first, line in enumerate(lines):
        separator = _SEPARATOR_LINE.fullmatch(line)
        if separator:
            delimiters = (*_DELIMITERS, separator[1])
            continue
        for delimiter in delimiters:
            # Lenient, and over several lines: what opens no file to others is not lost on it.
            reader = csv.reader(lines[first:], delimiter=delimiter)
            try:
                names = next(reader, [])
            except csv.Error:
                continue
            columns = tuple(plain_name(name) for name in names)
            found = len(COLUMNS & set(columns))
            if is_nearly_a_ticket(columns) and found > len(COLUMNS & set(best.columns)):
                after = first + reader.line_num
                best = _Header(delimiter=delimiter, columns=columns, first=first, after=after)
    return best


def _csv_rows(file: TextIO) -> Iterator[Row]:
    lines = Lines(file)
    head = list(islice(lines, _HEADER_WITHIN))
    header = _header(head)
    columns = header.columns
    twice = sorted({name for name in columns if name and columns.count(name) > 1})
    if twice:
        raise SourceError(f"line {header.first + 1}: the column {twice[0]!r} stands twice")
    # The limit is the csv module's, for the whole process: whoever reads sets their own.
    csv.field_size_limit(_LONGEST_FIELD)
    # Strict: a quote that is never closed must not swallow the next partner's ticket.
    rest = chain(head[header.after :], lines)
    reader = csv.reader(rest, delimiter=header.delimiter, strict=True)
    while True:
        line = header.after + reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            last = header.after + reader.line_num
            span = f" (lines {line} to {last})" if last > line else ""
            problem = f"is not a row{span}: {error}; check its quotes"
            yield Row(place=f"line {line}", problem=problem)
            continue
        if not any(cell.strip() for cell in cells):
            continue
        values = dict(zip(columns, cells, strict=False))
        problem = ""
        if len(cells) != len(columns):
            problem = f"has {len(cells)} columns, the header has {len(columns)}"
        elif any(NUL in cell for cell in cells):
            problem = "holds NUL bytes"
        yield Row(place=f"line {line}", values=values, problem=problem)
