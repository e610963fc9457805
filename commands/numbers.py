"""Numbers, days and durations as they are written on a command line."""

import argparse
from datetime import date, timedelta

from commands.usage import UsageError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
# More digits than that are a mistake, and would only fail later and less clearly.
_MOST_DIGITS = 9


def number(text: str) -> int:
    """A whole number, for argparse."""
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > _MOST_DIGITS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number")
    return int(text)


def positive(text: str) -> int:
    """A whole number of 1 or more, for argparse."""
    found = number(text)
    if found < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return found


def day(text: str) -> date:
    """A day such as `2026-11-23`, for argparse."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a date; write it as YYYY-MM-DD"
        ) from None


def duration(text: str) -> timedelta:
    """A time to live such as `1h`; raises `UsageError`."""
    digits, unit = text[:-1], text[-1:]
    whole = digits.isascii() and digits.isdigit()
    if unit not in _UNITS or not whole or len(digits) > _MOST_DIGITS:
        raise UsageError(f"--ttl takes a number and s, m, h or d, such as 1h, not {text!r}")
    return timedelta(seconds=int(digits) * _UNITS[unit])
