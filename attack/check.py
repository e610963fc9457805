"""What an attack found out, as one line of the table."""

from dataclasses import dataclass
from enum import StrEnum


class Scale(StrEnum):
    """How much is tried: enough to sign for, or enough to notice a mistake within a minute."""

    FULL = "full"
    QUICK = "quick"

    def pick(self, full: int, quick: int) -> int:
        """The number for this scale."""
        return full if self is Scale.FULL else quick


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was attacked.

    `attempts` counts tries, whatever a try is there; `asked` says what has to hold, `seen` what
    was found. `detail` is for who has to mend it: the first finding with what leads to it.
    """

    name: str
    attempts: int
    asked: str
    seen: str
    passed: bool
    detail: str = ""
