"""What a verification of the audit comes to: a report a chain, and what is wrong in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from governance.audit.chain import HOUSE

MOST_FINDINGS = 100
"""Findings that a report names; the rest is counted."""


class Wrong(StrEnum):
    """What can be wrong with a line, or with a chain."""

    ALTERED = "altered"
    TEXT_ALTERED = "text altered"
    TEXT_CLEARED = "text cleared"
    REMOVED = "removed"
    REORDERED = "reordered"
    FOREIGN = "foreign"
    UNCHAINED = "unchained"
    HEAD = "head"
    REMARKED = "remarked"
    NOT_STARTED = "not started"
    ANCHOR = "anchor"


_MEANINGS: Mapping[Wrong, str] = {
    Wrong.ALTERED: "the line does not say any more what was hashed",
    Wrong.TEXT_ALTERED: "the sealed text is not the one that was sealed",
    Wrong.TEXT_CLEARED: "the sealed text is gone, and no line says that retention cleared it",
    Wrong.REMOVED: "is missing",
    Wrong.REORDERED: "the line was written under another number",
    Wrong.FOREIGN: "the line was written into another chain",
    Wrong.UNCHAINED: "the line does not follow the one before it: one of the two is another",
    Wrong.HEAD: "the head does not fit the chain",
    Wrong.REMARKED: "the head before this line bore no mark of the key: lines before it may be "
    "missing or others, or the key was changed here",
    Wrong.NOT_STARTED: "the beginning of the chain is not what the house's chain says of it",
    Wrong.ANCHOR: "the chain is not the one that was anchored",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong: in whose chain, at which line, and what. 0: the chain as a whole."""

    tenant: str
    number: int
    wrong: Wrong
    detail: str = ""

    def __str__(self) -> str:
        place = f"line {self.number}" if self.number else "the chain"
        more = f" ({self.detail})" if self.detail else ""
        told = f"{_MEANINGS[self.wrong]}{more}"
        return f"{name_of(self.tenant)}: {place}: {self.wrong.value}: {told}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainReport:
    """What a chain is like. `findings` are the first; `wrong` counts all of them.

    `cleared` counts lines whose text retention has cleared, `last_at` is the last line's time.
    """

    tenant: str
    lines: int
    cleared: int
    last_at: str
    hash: str
    marked: bool
    findings: tuple[Finding, ...]
    wrong: int

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The reports on all chains that were looked at."""

    chains: tuple[ChainReport, ...]

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong anywhere."""
        return all(one.whole for one in self.chains)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong, chain by chain."""
        return tuple(finding for chain in self.chains for finding in chain.findings)


def name_of(tenant: str) -> str:
    """A chain's name for people."""
    return "(house)" if tenant == HOUSE else tenant
