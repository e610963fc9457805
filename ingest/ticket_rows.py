"""Rows of CSV and JSON-lines files, one at a time, with their lines and what is wrong with them."""

import codecs
import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from ingest.detection import suffix_of
from ingest.errors import SourceError

COLUMNS = frozenset({
    "id", "partner", "product", "release", "opened", "closed", "subject", "description",
    "resolution",
})  # fmt: skip
_TABLES = frozenset({"csv", "tsv"})
_LINES = frozenset({"jsonl", "ndjson"})
_DELIMITERS = (",", ";", "\t", "|")
_MAX_LINE = 1_000_000
_LONGEST_FIELD = 131_072
# Stands for a NUL, which csv refuses in a way that loses the line.
_NUL = "\ufdd0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row by column name in lower case. `line` is where it starts; `problem` is empty if good."""

    line: int
    values: dict[str, str] = field(default_factory=dict)
    problem: str = ""


def table_columns(path: Path, uri: str) -> frozenset[str]:
    """Return the columns of a CSV file's header, or the keys of the first line of JSON lines."""
    suffix = suffix_of(uri)
    if suffix not in _TABLES | _LINES:
        return frozenset()
    with path.open("rb") as file:
        encoding = _by_mark(file.read(4)) or "utf-8"
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        text = next(
            (line for line in iter(lambda: file.readline(_MAX_LINE), "") if line.strip()), ""
        )
    if suffix in _TABLES:
        return frozenset(_header(text)[1])
    try:
        first = json.loads(text)
    except (ValueError, RecursionError):
        return frozenset()
    return frozenset(key.strip().casefold() for key in first) if isinstance(first, dict) else (
        frozenset()
    )  # fmt: skip


def rows_of(path: Path, uri: str) -> Iterator[Row]:
    """Yield every row of a file. Raises SourceError where its text cannot be read."""
    with path.open(encoding=_encoding(path), newline="", errors="replace") as file:
        yield from _csv_rows(file) if suffix_of(uri) in _TABLES else _json_rows(file)


def _by_mark(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return "utf-8-sig" if head.startswith(codecs.BOM_UTF8) else ""


def _encoding(path: Path) -> str:
    """Return UTF-8 where the whole file is that, else what spreadsheets write in the West."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        marked = _by_mark(file.read(4))
        if marked:
            return marked
        file.seek(0)
        try:
            while block := file.read(1024 * 1024):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


def _header(line: str) -> tuple[str, list[str]]:
    """Return the delimiter with which a header has the most of our columns, and its columns."""
    best: tuple[str, list[str]] = (",", [])
    for delimiter in _DELIMITERS:
        try:
            names = next(csv.reader([line], delimiter=delimiter, strict=True), [])
        except csv.Error:
            continue
        columns = [name.strip().casefold() for name in names]
        if len(COLUMNS & set(columns)) > len(COLUMNS & set(best[1])):
            best = (delimiter, columns)
    return best


def _csv_rows(file: TextIO) -> Iterator[Row]:
    lines = _Lines(file)
    header = next((line for line in lines if line.strip()), "")
    delimiter, columns = _header(header)
    twice = sorted({name for name in columns if name and columns.count(name) > 1})
    if twice:
        raise SourceError(f"line {lines.number}: the column {twice[0]!r} stands twice")
    # Strict: a quote that is never closed must not swallow the next partner's ticket.
    # The limit is the csv module's, for the whole process: whoever reads sets their own.
    csv.field_size_limit(_LONGEST_FIELD)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line = lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            span = f" (lines {line} to {lines.number})" if lines.number > line else ""
            yield Row(line=line, problem=f"is not a row{span}: {error}; check its quotes")
            continue
        if not any(cell.strip() for cell in cells):
            continue
        values = dict(zip(columns, cells, strict=False))
        problem = ""
        if len(cells) != len(columns):
            problem = f"has {len(cells)} columns, the header has {len(columns)}"
        elif any(_NUL in cell for cell in cells):
            problem = "holds NUL bytes"
        yield Row(line=line, values=values, problem=problem)


def _json_rows(file: TextIO) -> Iterator[Row]:
    lines = _Lines(file)
    for text in lines:
        if not text.strip():
            continue
        try:
            values = json.loads(text, object_pairs_hook=_no_doubles)
            yield Row(line=lines.number, values=_as_text(values))
        except (ValueError, RecursionError) as error:
            reason = getattr(error, "msg", None) or str(error) or "too deep"
            yield Row(line=lines.number, problem=f"is not a row: {reason}")


def _no_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values = {key.strip().casefold(): value for key, value in pairs}
    if len(values) != len(pairs):
        raise ValueError("a key stands twice")
    return values


def _as_text(values: object) -> dict[str, str]:
    if not isinstance(values, dict):
        raise ValueError("it is not an object")  # noqa: TRY004 - wrong data, not a wrong call
    row: dict[str, str] = {}
    for column in COLUMNS & values.keys():
        value = values[column]
        if isinstance(value, bool | dict | list):
            raise ValueError(f"{column} is neither text nor a number")  # noqa: TRY004
        row[column] = "" if value is None else str(value)
        if "\x00" in row[column] or _NUL in row[column]:
            raise ValueError("it holds NUL bytes")
    missing = sorted(COLUMNS - row.keys())
    if missing:
        raise ValueError(f"{missing[0]} is missing")
    return row


class _Lines:
    """Lines of a file, counted, bounded and without NULs."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.number = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._file.readline(_MAX_LINE)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) >= _MAX_LINE:
            while line and not line.endswith("\n"):
                line = self._file.readline(_MAX_LINE)
            return _NUL  # too long to be a row: it is reported like any other broken one
        return line.replace("\x00", _NUL)
