"""The JSON of the audit: its lines, and what verifying it came to."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field, JsonValue

from governance.audit.desk import Verified
from governance.audit.findings import Wrong
from governance.audit.reading import AuditPage, ReadLine

_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,12})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def _written_moment(value: object) -> object:
    # A number would be read as seconds since 1970, a day as its midnight somewhere.
    if isinstance(value, datetime):
        return value
    try:
        if isinstance(value, str) and _MOMENT.fullmatch(value):
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    message = "must be a moment, written like 2026-11-23T12:00:00Z"
    raise ValueError(message)


Moment = Annotated[datetime, BeforeValidator(_written_moment)]
"""A moment from outside, as RFC 3339 writes it, and nothing else."""


class AuditLineJson(BaseModel):
    """A line. Where retention has cleared its text, `actor`, `target` and `details` are null."""

    number: int
    at: datetime
    action: str
    cleared: bool
    actor: str | None
    roles: list[str]
    target: str | None
    details: dict[str, JsonValue] | None
    seal: str = Field(description="SHA-256 of the sealed text.")
    previous: str = Field(description="The hash of the line before.")
    hash: str


class AuditLinesJson(BaseModel):
    """Lines, newest first; `cursor` leads to older ones, null: there are none."""

    lines: list[AuditLineJson]
    cursor: int | None


class AuditFindingJson(BaseModel):
    """What is wrong with a line; number 0: with the chain as a whole."""

    number: int
    wrong: Wrong
    detail: str


class AuditVerificationJson(BaseModel):
    """What a chain is like. `wrong` counts findings, of which the first hundred are named."""

    verified_at: datetime
    whole: bool
    lines: int
    cleared: int = Field(description="Lines whose text retention has cleared.")
    hash: str = Field(description="The hash of the last line.")
    marked: bool = Field(description="Whether the head bears a mark that the database cannot make.")
    wrong: int
    findings: list[AuditFindingJson]


def audit_lines_json(page: AuditPage) -> AuditLinesJson:
    """A page as JSON."""
    return AuditLinesJson(lines=[_line_json(one) for one in page.lines], cursor=page.cursor)


def _line_json(line: ReadLine) -> AuditLineJson:
    return AuditLineJson(
        number=line.number,
        at=line.at,
        action=line.action,
        cleared=line.cleared,
        actor=line.actor,
        roles=list(line.roles),
        target=line.target,
        details=None if line.details is None else dict(line.details),
        seal=line.seal,
        previous=line.previous,
        hash=line.hash,
    )


def audit_verification_json(verified: Verified) -> AuditVerificationJson:
    """A verification as JSON."""
    chain = verified.chain
    return AuditVerificationJson(
        verified_at=verified.at,
        whole=chain.whole,
        lines=chain.lines,
        cleared=chain.cleared,
        hash=chain.hash,
        marked=chain.marked,
        wrong=chain.wrong,
        findings=[
            AuditFindingJson(number=one.number, wrong=one.wrong, detail=one.detail)
            for one in chain.findings
        ],
    )
