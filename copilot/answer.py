"""What comes back to the person who asked: an answer, a hand-over, a question back, or a courtesy.

Not knowing is a value here, never an exception.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from copilot.evidence import Evidence
from copilot.instructions import Flag, flags_of


class Band(StrEnum):
    """Confidence in a word. What the words mean in numbers is the policy's to say."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Reason(StrEnum):
    """Why a question goes to a person."""

    NO_EVIDENCE = "no_evidence"
    LOW_CONFIDENCE = "low_confidence"
    HIGH_IMPACT = "high_impact"
    CONFLICTING_SOURCES = "conflicting_sources"
    UNGROUNDED_DRAFT = "ungrounded_draft"
    MODEL_UNAVAILABLE = "model_unavailable"
    USER_REQUEST = "user_request"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecord:
    """What the catalog knows of a document version and a passage does not carry."""

    document_id: str
    version: int
    approved_by: str
    approved_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """Where a part of an answer stands, checkable by anyone.

    `quote` is exactly `stored_text[start:end]` of that document version; `flags` say what its
    reader must know of it (`instructions.flags_of`).
    """

    key: int
    passage_id: str
    document_id: str
    uri: str
    title: str
    doc_type: str
    version: int
    approved_by: str
    approved_at: datetime | None
    heading_path: tuple[str, ...]
    page: int | None
    start: int
    end: int
    quote: str
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """Who takes an escalated question, how urgently, and until when."""

    id: str
    queue: str
    priority: str
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer from the documents. `text` carries `[1]` markers that name citation keys.

    `notice` is what its reader should know of how it came about, `prompt_version` which prompt a
    model was given; both are mostly empty.
    """

    text: str
    confidence: float
    band: Band
    review_required: bool
    citations: tuple[Citation, ...]
    writer: str
    notice: str = ""
    prompt_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """The question goes to a person. `text` tells the asker what happens next.

    `citations` are the nearest passages; `missing` says what the documents do not say.
    `handover` says who takes it.
    """

    text: str
    confidence: float
    band: Band
    citations: tuple[Citation, ...]
    reason: Reason
    missing: str
    writer: str
    handover: Handover
    notice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clarification:
    """One question back, with what the asker may have meant.

    `citations` are where the documents offer the options, in their order; empty where they do not.
    """

    text: str
    confidence: float
    options: tuple[str, ...]
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Courtesy:
    """A polite line for a greeting, thanks or a goodbye. `confidence` is that it is one."""

    text: str
    confidence: float = 1.0


Outcome = Answer | Escalation | Clarification | Courtesy


def cite(
    evidence: tuple[Evidence, ...], records: Mapping[tuple[str, int], SourceRecord]
) -> tuple[Citation, ...]:
    """Citations of evidence, in its order. `records` is keyed by (document id, version).

    A version that the catalog does not know must not be cited: `KeyError`.
    """
    citations: list[Citation] = []
    for one in evidence:
        passage, chunk = one.passage, one.passage.chunk
        record = records[chunk.document_id, chunk.version]
        citations.append(
            Citation(
                key=one.key,
                passage_id=chunk.id,
                document_id=chunk.document_id,
                uri=passage.uri,
                title=passage.title,
                doc_type=passage.doc_type,
                version=chunk.version,
                approved_by=record.approved_by,
                approved_at=record.approved_at,
                heading_path=chunk.locator.heading_path,
                page=chunk.locator.page,
                start=one.document_start,
                end=one.document_end,
                quote=one.quote,
                flags=flags_of(one.quote),
            )
        )
    return tuple(citations)
