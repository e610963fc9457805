"""What is kept of an outcome, and of what comes after it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedVersion:
    """Which version of which document an outcome rests on."""

    key: int
    document_id: str
    version: int
    passage_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationRecord:
    """A question that waits for a person."""

    id: str
    outcome_id: str
    reason: str
    missing: str
    queue: str
    priority: str
    due_at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeRecord:
    """One outcome as it is kept: `question` and `body` are the asker's without personal data.

    `words` are what the audit holds besides: words of question and answer as policy allows, and
    how a suspicious question tried to command the assistant. `prompt_version` is which prompt a
    model was given; empty without one.
    """

    id: str
    conversation_id: str
    kind: str
    question: str
    confidence: float
    band: str
    review_required: bool
    writer: str
    elapsed_ms: int
    body: Mapping[str, Any]
    signals: Mapping[str, float]
    citations: tuple[CitedVersion, ...]
    escalation: EscalationRecord | None
    created_at: datetime
    words: Mapping[str, str] = field(default_factory=dict)
    prompt_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptOutcome:
    """What is read back of an outcome: the JSON its asker got, and its escalation if any."""

    id: str
    escalation_id: str | None
    body: Mapping[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What an asker thought of an outcome; `rating` is `up` or `down`."""

    outcome_id: str
    rating: str
    reason: str
    comment: str
    created_at: datetime
