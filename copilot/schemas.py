"""The JSON of this floor, as CONTRACT and OpenAPI have it: what goes out and what comes in."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from copilot.answer import Answer, Citation, Clarification, Courtesy, Escalation, Outcome
from copilot.instructions import Flag
from copilot.question import MAX_CHARACTERS
from foundation.ids import ID_PATTERN
from governance.schemas import Body, FiltersBody, Line, NoNul, Stripped, example

_COMMENT = 4000

Comment = Annotated[str, StringConstraints(max_length=_COMMENT), Stripped, NoNul]


class AskBody(Body):
    """A question, perhaps in a conversation."""

    model_config = example(
        {"question": "How fast is a first response?", "filters": {"doc_types": ["policy"]}}
    )

    question: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_CHARACTERS),
        NoNul,
    ]
    conversation_id: Annotated[str, StringConstraints(pattern=ID_PATTERN)] | None = None
    filters: FiltersBody = Field(default_factory=FiltersBody)


class EscalateBody(Body):
    """What the asker wants the person to know."""

    model_config = example({"note": "We go live on Monday."})

    note: Comment = ""


class FeedbackBody(Body):
    """Whether an outcome helped."""

    model_config = example({"rating": "down", "reason": "outdated"})

    rating: Literal["up", "down"]
    reason: Line = ""
    comment: Comment = ""


class CitationJson(BaseModel):
    """A quote and where it stands; `quote` is the stored text from `start` to `end`."""

    key: int
    passage_id: str
    document_id: str
    uri: str
    title: str
    doc_type: str
    version: int
    approved_by: str
    approved_at: datetime | None
    heading_path: list[str]
    page: int | None
    start: int
    end: int
    quote: str
    flags: list[Flag] = Field(
        default_factory=list,
        description=(
            "`instruction`: the quote carries text that commands an assistant instead of telling "
            "its readers something. Nothing obeyed it; show the quote as suspect, and tell the "
            "document's owner."
        ),
    )


class EscalationJson(BaseModel):
    """Who takes the question, why, and until when they answer."""

    id: str
    reason: str
    missing: str
    queue: str
    priority: str
    due_at: datetime


class OutcomeJson(BaseModel):
    """What comes back to the person who asked."""

    id: str
    kind: Literal["answer", "escalation", "clarification", "courtesy"]
    question: str
    standalone_question: str
    text: str
    confidence: float = Field(ge=0, le=1)
    band: Literal["high", "medium", "low"]
    review_required: bool
    citations: list[CitationJson]
    escalation: EscalationJson | None
    options: list[str]
    writer: str
    notice: str = Field(
        default="",
        description=(
            "What the reader should know of how the answer came about: that a language model was "
            "not to be had, broke off, or wrote what the documents do not support. Mostly empty."
        ),
    )
    conversation_id: str
    elapsed_ms: int


class TurnJson(BaseModel):
    """One turn of a conversation."""

    created_at: datetime
    outcome: OutcomeJson


class ConversationJson(BaseModel):
    """A conversation, oldest turn first."""

    id: str
    turns: list[TurnJson]


class ReceiptJson(BaseModel):
    """Says that something was taken in."""

    id: str
    status: Literal["recorded"]


def citation_json(citation: Citation) -> CitationJson:
    """A citation as JSON."""
    return CitationJson(
        key=citation.key,
        passage_id=citation.passage_id,
        document_id=citation.document_id,
        uri=citation.uri,
        title=citation.title,
        doc_type=citation.doc_type,
        version=citation.version,
        approved_by=citation.approved_by,
        approved_at=citation.approved_at,
        heading_path=list(citation.heading_path),
        page=citation.page,
        start=citation.start,
        end=citation.end,
        quote=citation.quote,
        flags=list(citation.flags),
    )


def escalation_json(escalation: Escalation) -> EscalationJson:
    """Where an escalation is, as JSON."""
    return EscalationJson(
        id=escalation.handover.id,
        reason=escalation.reason.value,
        missing=escalation.missing,
        queue=escalation.handover.queue,
        priority=escalation.handover.priority,
        due_at=escalation.handover.due_at,
    )


def kind_of(outcome: Outcome) -> Literal["answer", "escalation", "clarification", "courtesy"]:
    """The word for an outcome."""
    match outcome:
        case Answer():
            return "answer"
        case Escalation():
            return "escalation"
        case Clarification():
            return "clarification"
        case Courtesy():
            return "courtesy"


def outcome_json(  # noqa: PLR0913 - an outcome has this many facts around it
    outcome: Outcome,
    *,
    outcome_id: str,
    question: str,
    standalone_question: str,
    conversation_id: str,
    elapsed_ms: int,
) -> OutcomeJson:
    """An outcome as JSON."""
    cited = outcome if isinstance(outcome, Answer | Escalation) else None
    return OutcomeJson(
        id=outcome_id,
        kind=kind_of(outcome),
        question=question,
        standalone_question=standalone_question,
        text=outcome.text,
        confidence=round(outcome.confidence, 4),
        band=_band(outcome),
        review_required=isinstance(outcome, Answer) and outcome.review_required,
        citations=[]
        if isinstance(outcome, Courtesy)
        else [citation_json(one) for one in outcome.citations],
        escalation=escalation_json(outcome) if isinstance(outcome, Escalation) else None,
        options=list(outcome.options) if isinstance(outcome, Clarification) else [],
        writer=cited.writer if cited else "",
        notice=cited.notice if cited else "",
        conversation_id=conversation_id,
        elapsed_ms=elapsed_ms,
    )


def _band(outcome: Outcome) -> Literal["high", "medium", "low"]:
    match outcome:
        case Answer() | Escalation():
            return outcome.band.value
        case Courtesy():
            return "high"
        case Clarification():
            return "low"
