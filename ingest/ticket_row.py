"""What a row of a ticket history is, and the text of the files that hold them."""

import codecs
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from ingest.decoding import utf16_without_mark

COLUMNS = frozenset({
    "id", "partner", "product", "release", "opened", "closed", "subject", "description",
    "resolution",
})  # fmt: skip
NUL = "\ufdd0"
"""Stands for a NUL, which csv refuses in a way that loses the line."""

_MAX_LINE = 1_000_000
_NEARLY = len(COLUMNS) - 3
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row by column name in lower case.

    `place` is where it starts, such as `line 3`; `problem` is empty where it is good.
    """

    place: str
    values: dict[str, str] = field(default_factory=dict)
    problem: str = ""


def is_nearly_a_ticket(names: Collection[str]) -> bool:
    """Whether columns are likely those of tickets, some perhaps missing or under other names.

    Read as anything else, such a file would show every partner's tickets to whoever may read it.
    """
    found = COLUMNS & set(names)
    told = bool({"subject", "description"} & found) or len(found) >= _NEARLY
    return told and {"id", "partner"} <= found


def plain_name(name: str) -> str:
    """A column's name as it is compared with ours."""
    return name.strip().casefold()


def encoding_of(path: Path) -> str:
    """Return UTF-8 where the whole file is that, else what spreadsheets write in the West."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        head = file.read(4096)
        marked = next((name for mark, name in _MARKS if head.startswith(mark)), "")
        if marked or (marked := utf16_without_mark(head)):
            return marked
        file.seek(0)
        try:
            while block := file.read(1024 * 1024):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


class Lines(Iterator[str]):
    """Lines of a file, counted, bounded and without NULs."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.number = 0

    def __next__(self) -> str:
        line = self._file.readline(_MAX_LINE)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) >= _MAX_LINE:
            while line and not line.endswith("\n"):
                line = self._file.readline(_MAX_LINE)
            return NUL  # too long to be a row: it is reported like any other broken one
        return line.replace("\x00", NUL)
