"""What recognisers found in a text, and what of it stands where they overlap. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from governance.redaction import PersonalData

PLACEHOLDER = re.compile("|".join(re.escape(kind.placeholder) for kind in PersonalData))
_BETWEEN = {PersonalData.PERSON: re.compile(r"[ \t]+"), PersonalData.ADDRESS: re.compile(r"[\s,]+")}
_SURE = 0.85


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Where something was found; `score` (0 to 1) is how much its recogniser can be believed."""

    kind: PersonalData
    start: int
    end: int
    score: float


def resolve(text: str, findings: Iterable[Finding]) -> list[Finding]:
    """Return findings that do not overlap, in the order of the text.

    The surer one stands, and of two equally sure ones the longer; what lies within one that is
    sure goes with it. What another kind covers beyond that stays found: nothing that a recogniser
    saw is left in the text.
    """
    every = list(findings)
    outer = [one for one in every if one.score >= _SURE]
    ranked = sorted(
        (one for one in every if not any(_within(one, other) for other in outer)),
        key=lambda one: (-one.score, one.start - one.end, one.start),
    )
    taken: list[tuple[int, int, Finding | None]] = [
        (match.start(), match.end(), None) for match in PLACEHOLDER.finditer(text)
    ]
    for finding in ranked:
        if any(_overlap(finding, low, high) and one is not None and one.kind is finding.kind
               for low, high, one in taken):  # fmt: skip
            continue
        for start, end in _free(finding.start, finding.end, taken):
            rest = _trimmed(text, start, end)
            if rest is not None:
                taken.append((*rest, replace(finding, start=rest[0], end=rest[1])))
    found = sorted(
        (one for _, _, one in taken if one is not None), key=lambda finding: finding.start
    )
    return _joined(text, found)


def _overlap(finding: Finding, low: int, high: int) -> bool:
    return low < finding.end and finding.start < high


def _within(inner: Finding, outer: Finding) -> bool:
    """Whether one lies within another that is longer."""
    return (
        outer.start <= inner.start
        and inner.end <= outer.end
        and inner.end - inner.start < outer.end - outer.start
    )


def _free(
    start: int, end: int, taken: list[tuple[int, int, Finding | None]]
) -> list[tuple[int, int]]:
    """Return what of a span nothing has taken yet."""
    free = [(start, end)]
    for low, high, _ in taken:
        if low >= end or high <= start:
            continue
        free = [
            piece
            for left, right in free
            for piece in ((left, min(right, low)), (max(left, high), right))
            if piece[0] < piece[1]
        ]
    return free


def _trimmed(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Return the span without what surrounds its letters and digits, None where it has none."""
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    if any(character.isalnum() for character in text[start:end]):
        return start, end
    return None


def _joined(text: str, findings: list[Finding]) -> list[Finding]:
    """Make one finding of neighbours that are parts of one thing."""
    joined: list[Finding] = []
    for finding in findings:
        last = joined[-1] if joined else None
        between = _BETWEEN.get(finding.kind)
        if (
            last is not None
            and between is not None
            and last.kind is finding.kind
            and (last.end == finding.start or between.fullmatch(text, last.end, finding.start))
        ):
            joined[-1] = replace(last, end=finding.end)
        else:
            joined.append(finding)
    return joined
