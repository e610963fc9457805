"""Tickets in JSON: one object a line, or a list of objects."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from ingest.errors import SourceError
from ingest.ticket_row import (
    COLUMNS,
    NUL,
    Lines,
    Row,
    encoding_of,
    is_nearly_a_ticket,
    plain_name,
)

# Programs leave out what is null. Without the others a row says nothing, or not whose it is.
_OPTIONAL = frozenset({"product", "release", "closed", "description", "resolution"})
_LOOKED_AT = 100
_MOST_CHARACTERS = 50 * 1024 * 1024


def json_columns(path: Path) -> frozenset[str]:
    """Return the keys of a file's objects, together with those that may be left out of tickets.

    Raises SourceError where tickets lie deeper inside, where nothing reads them row by row.
    """
    whole = _whole(path)
    if whole is None:
        return _complete(_keys_of_lines(path))
    keys = _complete(_keys(whole if isinstance(whole, list) else [whole]))
    if not is_nearly_a_ticket(keys) and _holds_tickets(whole):
        raise SourceError(
            "holds what look like tickets inside; save them as a list, or one in a line, "
            "or rename the keys id and partner if they are none"
        )
    return keys


def json_rows(path: Path) -> Iterator[Row]:
    """Yield every object of a file. Raises SourceError where it cannot be read as a whole."""
    whole = _whole(path, strict=True)
    if whole is not None:
        for number, value in enumerate(whole if isinstance(whole, list) else [whole], 1):
            yield _row(value, f"entry {number}")
        return
    with path.open(encoding=encoding_of(path), newline="", errors="replace") as file:
        lines = Lines(file)
        for text in lines:
            if not text.strip():
                continue
            place = f"line {lines.number}"
            try:
                value = json.loads(text, object_pairs_hook=_no_doubles)
            except (ValueError, RecursionError) as error:
                reason = getattr(error, "msg", None) or str(error) or "too deep"
                yield Row(place=place, problem=f"is not a row: {reason}")
            else:
                yield _row(value, place)


def _whole(path: Path, *, strict: bool = False) -> object | None:
    """Return the file's one value; None where it has none, several, or nothing of a partner's."""
    if path.stat().st_size > 4 * _MOST_CHARACTERS:
        return None
    with path.open(encoding=encoding_of(path), newline="", errors="replace") as file:
        text = file.read(_MOST_CHARACTERS + 1)
    # Most JSON is about something else, and is not worth reading twice.
    if len(text) > _MOST_CHARACTERS or "partner" not in text.casefold():
        return None
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if strict and isinstance(value, list | dict):
        try:
            value = json.loads(text, object_pairs_hook=_no_doubles)
        except ValueError as error:
            raise SourceError(f"cannot be read as tickets: {error}") from None
    return value


def _keys_of_lines(path: Path) -> frozenset[str]:
    keys: set[str] = set()
    with path.open(encoding=encoding_of(path), newline="", errors="replace") as file:
        for number, text in enumerate(Lines(file)):
            if number >= _LOOKED_AT and "partner" not in text.casefold():
                continue
            try:
                keys |= _keys([json.loads(text)])
            except (ValueError, RecursionError):
                continue
            if keys >= COLUMNS:
                break
    return frozenset(keys)


def _keys(values: list[object]) -> frozenset[str]:
    return frozenset(
        plain_name(key) for value in values if isinstance(value, dict) for key in value
    )


def _complete(keys: frozenset[str]) -> frozenset[str]:
    return keys | _OPTIONAL if is_nearly_a_ticket(keys) else keys


def _holds_tickets(value: object) -> bool:
    pending = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, list):
            pending.extend(one)
        elif isinstance(one, Mapping):
            # A schema names the keys of a ticket too, but holds no ticket.
            schema = all(isinstance(each, Mapping | bool) for each in one.values())
            if not schema and is_nearly_a_ticket([plain_name(key) for key in one]):
                return True
            pending.extend(one.values())
    return False


def _no_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values = {plain_name(key): value for key, value in pairs}
    if len(values) != len(pairs):
        raise ValueError("a key stands twice")
    return values


def _row(value: object, place: str) -> Row:
    try:
        return Row(place=place, values=_as_text(value))
    except ValueError as error:
        return Row(place=place, problem=f"is not a row: {error}")


def _as_text(values: object) -> dict[str, str]:
    if not isinstance(values, dict):
        raise ValueError("it is not an object")  # noqa: TRY004 - wrong data, not a wrong call
    row: dict[str, str] = {}
    for column in COLUMNS & values.keys():
        value = values[column]
        if isinstance(value, bool | dict | list):
            raise ValueError(f"{column} is neither text nor a number")  # noqa: TRY004
        row[column] = "" if value is None else str(value)
        if "\x00" in row[column] or NUL in row[column]:
            raise ValueError("it holds NUL bytes")
    missing = sorted(COLUMNS - _OPTIONAL - row.keys())
    if missing:
        raise ValueError(f"{missing[0]} is missing")
    return row
