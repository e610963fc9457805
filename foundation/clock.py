"""Time as a dependency, so that validity and expiry can be tested without waiting."""

from collections.abc import Callable
from datetime import UTC, date, datetime

from foundation.errors import InvalidRequestError

Clock = Callable[[], datetime]
"""Returns the present moment, timezone-aware, in UTC."""


def system_clock() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)


def parse_date(value: str, *, what: str) -> date:
    """Read `YYYY-MM-DD`; `what` names the option or field in the error."""
    try:
        return date.fromisoformat(value)
    except ValueError:
        message = f"{what} is not a date: {value!r}; write it as YYYY-MM-DD"
        raise InvalidRequestError(message) from None
