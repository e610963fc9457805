"""An outcome as it may be kept: without the personal data that its asker wrote."""

import re
from collections.abc import Mapping
from datetime import datetime

from copilot.record import CitedVersion, EscalationRecord, OutcomeRecord
from copilot.schemas import OutcomeJson
from governance.kept_words import KeptText

_QUOTED = re.compile("“([^”]*)”")
_WORD = re.compile(r"\w+")
GONE = "…"
"""What stands for a quoted word that was taken out of the question."""


def kept_outcome(
    outcome: OutcomeJson, question: KeptText, standalone: KeptText | None = None
) -> OutcomeJson:
    """The outcome with the question as it may be kept, wherever words of it are repeated.

    `standalone` is what a follow-up was searched for as; None where that was the question itself.
    """
    standalone = standalone or question
    kept = outcome.model_copy(
        update={"question": question.kept, "standalone_question": standalone.kept}
    )
    escalation = outcome.escalation
    if standalone.kept == standalone.said or escalation is None:
        return kept
    # What is missing quotes the question, and the text says what is missing.
    missing = without_gone_words(escalation.missing, standalone)
    return kept.model_copy(
        update={
            "text": outcome.text.replace(escalation.missing, missing)
            if escalation.missing
            else outcome.text,
            "escalation": escalation.model_copy(update={"missing": missing}),
        }
    )


def outcome_record(
    kept: OutcomeJson,
    *,
    signals: Mapping[str, float],
    at: datetime,
    words: Mapping[str, str],
    prompt_version: str = "",
) -> OutcomeRecord:
    """The row of an outcome. `kept` is how it may be kept, `words` are for the audit as well."""
    return OutcomeRecord(
        id=kept.id,
        conversation_id=kept.conversation_id,
        kind=kept.kind,
        question=kept.question,
        confidence=kept.confidence,
        band=kept.band,
        review_required=kept.review_required,
        writer=kept.writer,
        prompt_version=prompt_version,
        elapsed_ms=kept.elapsed_ms,
        body=kept.model_dump(mode="json"),
        signals=signals,
        citations=tuple(
            CitedVersion(
                key=one.key,
                document_id=one.document_id,
                version=one.version,
                passage_id=one.passage_id,
            )
            for one in kept.citations
        ),
        escalation=EscalationRecord(
            id=kept.escalation.id,
            outcome_id=kept.id,
            reason=kept.escalation.reason,
            missing=kept.escalation.missing,
            queue=kept.escalation.queue,
            priority=kept.escalation.priority,
            due_at=kept.escalation.due_at,
        )
        if kept.escalation
        else None,
        created_at=at,
        words=words,
    )


def without_gone_words(text: str, question: KeptText) -> str:
    """The text without quoted words of the question that were taken out of it."""
    gone = _words(question.said) - _words(question.kept)
    return _QUOTED.sub(
        lambda quoted: f"“{GONE}”" if gone & _words(quoted.group(1)) else quoted.group(), text
    )


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.casefold()))
