"""Word lists beside the code, as alternatives of a pattern.

In phrases.txt a section's phrases are parted by commas. `~` stands for a space or a
hyphen or nothing between two words, `(s)` for an ending that may be there.
"""

import re
from functools import cache
from importlib.resources import files

_FILE = "phrases.txt"


@cache
def phrases(section: str) -> tuple[str, ...]:
    """Return the phrases of a section, longer ones first: a pattern takes what it meets first."""
    return _sections()[section]


def either(*names: str) -> str:
    """Return a group that matches any phrase of these sections, with or without capitals.

    Whole words are the caller's business.
    """
    found = sorted({one for name in names for one in phrases(name)}, key=len, reverse=True)
    return f"(?i:{'|'.join(_pattern(one) for one in found)})"


def either_capital(*names: str) -> str:
    """Return a group that matches any phrase of these sections written with a capital."""
    found = sorted({one for name in names for one in phrases(name)}, key=len, reverse=True)
    return f"(?:{'|'.join(_pattern(one[0].upper() + one[1:]) for one in found)})"


def _pattern(phrase: str) -> str:
    escaped = re.escape(phrase).replace(r"\~", r"[\ -]?").replace("~", r"[\ -]?")
    return escaped.replace(r"\(s\)", "s?").replace(r"\(e\)", "e?")


@cache
def _sections() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in files("governance.redaction").joinpath(_FILE).read_text("utf-8").splitlines():
        if line.startswith("["):
            current = found.setdefault(line.strip("[]"), [])
        elif not line.startswith("#"):
            current.extend(one.strip() for one in line.split(",") if one.strip())
    return {
        name: tuple(sorted(set(each), key=lambda one: (-len(one), one)))
        for name, each in found.items()
    }
