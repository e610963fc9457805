"""What recognisers found in a text, and what of it stands where they overlap. Pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from governance.redaction.redactor import PersonalData

_PLACEHOLDER = re.compile("|".join(re.escape(kind.placeholder) for kind in PersonalData))
_BETWEEN = {PersonalData.PERSON: re.compile(r"[ \t]+"), PersonalData.ADDRESS: re.compile(r"[\s,]+")}
_SURE = 0.85
_BLANK = "\ue001"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Where something was found; `score` (0 to 1) is how much its recogniser can be believed."""

    kind: PersonalData
    start: int
    end: int
    score: float


def blanked(text: str) -> str:
    """Return the text, as long as before, with nothing to read where placeholders stand.

    What was taken out tells nothing of what stands beside it.
    """
    return _PLACEHOLDER.sub(lambda match: _BLANK * len(match[0]), text)


def is_blank(text: str) -> bool:
    """Whether something was taken out of a blanked text."""
    return _BLANK in text


def resolve(text: str, findings: Iterable[Finding]) -> list[Finding]:
    """Return findings that do not overlap, in the order of the text.

    The surer one stands, and of two equally sure ones the longer; what lies within one that is
    sure goes with it. What another kind covers beyond that stays found: nothing that a recogniser
    saw is left in the text.
    """
    standing: list[Finding] = []
    for cluster in _clusters(findings):
        if len(cluster) == 1:
            standing.extend(_trimmed(text, cluster))
        else:
            standing.extend(sorted(_settled(text, cluster), key=lambda one: one.start))
    return _joined(text, standing)


def _clusters(findings: Iterable[Finding]) -> Iterator[list[Finding]]:
    """Yield findings that overlap, directly or through others, together."""
    cluster: list[Finding] = []
    end = 0
    for finding in sorted(findings, key=lambda one: one.start):
        if cluster and finding.start >= end:
            yield cluster
            cluster = []
        cluster.append(finding)
        end = max(end, finding.end)
    if cluster:
        yield cluster


def _settled(text: str, cluster: list[Finding]) -> list[Finding]:
    sure = [one for one in cluster if one.score >= _SURE]
    ranked = sorted(
        (one for one in cluster if not any(_within(one, other) for other in sure)),
        key=lambda one: (-one.score, one.start - one.end, one.start),
    )
    standing: list[Finding] = []
    for finding in ranked:
        if any(_is_mistaken_about(finding, other) for other in standing):
            continue
        standing.extend(_trimmed(text, _beside(finding, standing)))
    return standing


def _within(inner: Finding, outer: Finding) -> bool:
    """Whether one lies within another that is longer."""
    return (
        outer.start <= inner.start
        and inner.end <= outer.end
        and inner.end - inner.start < outer.end - outer.start
    )


def _is_mistaken_about(finding: Finding, surer: Finding) -> bool:
    """Whether a surer recogniser of the same kind has seen where it ends."""
    overlap = finding.start < surer.end and surer.start < finding.end
    return overlap and finding.kind is surer.kind and finding.score < surer.score


def _beside(finding: Finding, standing: list[Finding]) -> list[Finding]:
    """Return what of a finding no other covers."""
    pieces = [finding]
    for other in standing:
        pieces = [
            replace(finding, start=start, end=end)
            for piece in pieces
            for start, end in (
                (piece.start, min(piece.end, other.start)),
                (max(piece.start, other.end), piece.end),
            )
            if start < end
        ]
    return pieces


def _trimmed(text: str, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield findings without surrounding space, those with a letter or digit left in them."""
    for finding in findings:
        start, end = finding.start, finding.end
        while start < end and text[start].isspace():
            start += 1
        while start < end and text[end - 1].isspace():
            end -= 1
        if any(character.isalnum() for character in text[start:end]):
            yield replace(finding, start=start, end=end)


def _joined(text: str, findings: Iterable[Finding]) -> list[Finding]:
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
