"""How commands print: JSON for machines, a line for people."""

import json


def print_json(value: object) -> None:
    """One JSON value on a line of its own."""
    print(json.dumps(value, ensure_ascii=False, default=str))


def shortened(text: str, length: int) -> str:
    """The text on one line of at most `length` characters."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"
