"""Which sealed texts retention may clear, and which it has said that it cleared."""

import json
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from governance.audit.chain import digest
from governance.audit.events import Action

NEVER_CLEARED = frozenset(
    {
        Action.CHAIN_STARTED,
        Action.CHAIN_REMARKED,
        Action.AUDIT_PURGED,
        Action.RETENTION_APPLIED,
    }
)
"""Lines whose texts stay: the chain cannot be verified without them, and they name nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purge:
    """What an `AUDIT_PURGED` line names: lines `first` to `last`, of one action or of any ("")."""

    first: int
    last: int
    action: str = ""

    def details(self) -> dict[str, object]:
        """As the line holds it."""
        return {"first": self.first, "last": self.last, "action": self.action}


def read_purge(number: int, sealed: str | None, seal: str) -> Purge | None:
    """What the `AUDIT_PURGED` line of this number names; None where it cannot be believed."""
    if sealed is None or digest(sealed) != seal:
        return None
    try:
        details = json.loads(sealed)["details"]
        purge = Purge(
            first=int(details["first"]), last=int(details["last"]), action=str(details["action"])
        )
    except (ValueError, KeyError, TypeError):
        return None
    # Nothing is cleared before it is written.
    return purge if 1 <= purge.first <= purge.last < number else None


class Purges:
    """The ranges that a chain's purges name, quick to ask a million times."""

    def __init__(self, purges: Iterable[Purge]) -> None:
        by_action: dict[str, list[tuple[int, int]]] = {}
        for one in sorted(purges, key=lambda purge: (purge.action, purge.first)):
            ranges = by_action.setdefault(one.action, [])
            if ranges and one.first <= ranges[-1][1] + 1:
                ranges[-1] = (ranges[-1][0], max(ranges[-1][1], one.last))
            else:
                ranges.append((one.first, one.last))
        self._ranges: dict[str, Sequence[tuple[int, int]]] = {**by_action}

    def cover(self, number: int, action: str) -> bool:
        """Whether the text of this line was cleared by a purge that says so."""
        return action not in NEVER_CLEARED and (
            self._within(number, "") or self._within(number, action)
        )

    def _within(self, number: int, action: str) -> bool:
        ranges = self._ranges.get(action, ())
        at = bisect_right(ranges, (number, float("inf"))) - 1
        return at >= 0 and ranges[at][0] <= number <= ranges[at][1]
