"""Time as a dependency, so that validity and expiry can be tested without waiting."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime

from foundation.errors import InvalidRequestError

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

Clock = Callable[[], datetime]
"""Returns the present moment, timezone-aware, in UTC."""


def system_clock() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)


def parse_date(value: str, *, what: str) -> date:
    """Read `YYYY-MM-DD`; `what` names the option or field in the error."""
    # Python reads weeks, and days without dashes, too; nobody who writes those means a date here.
    written = value if _DAY.fullmatch(value) else ""
    try:
        return date.fromisoformat(written)
    except ValueError:
        message = f"{what} is not a date: {value!r}; write it as YYYY-MM-DD"
        raise InvalidRequestError(message) from None
