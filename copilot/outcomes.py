"""From a verdict to an outcome: an answer with its citations, a hand-over, a question back."""

from collections.abc import Callable

from copilot import desk
from copilot.answer import (
    Answer,
    Band,
    Clarification,
    Escalation,
    Outcome,
    Reason,
    SourceRecord,
    cite,
)
from copilot.evidence import Draft, Evidence, Span
from copilot.instructions import as_stored
from copilot.missing import NOTHING_FOUND
from copilot.verdict import Kind
from copilot.wording import Judged
from foundation.clock import Clock
from governance.policy import Policy
from governance.principal import Principal
from retrieval.passage import Passage
from retrieval.retriever import Found

_NEAREST = 3


class Outcomes:
    """Makes outcomes. `writer` is who words answers without a model."""

    def __init__(self, policy: Callable[[], Policy], clock: Clock, writer: str) -> None:
        self._policy = policy
        self._clock = clock
        self._writer = writer

    def weighed(
        self, principal: Principal, found: Found, draft: Draft, judged: Judged, notice: str = ""
    ) -> Outcome:
        """What the verdict on a draft comes to; `notice` is for its reader."""
        verdict, confidence = judged.verdict, judged.confidence
        match verdict.kind:
            case Kind.ANSWER:
                return Answer(
                    text=draft.text,
                    confidence=confidence,
                    band=verdict.band,
                    review_required=verdict.review_required,
                    citations=cite(as_stored(draft.evidence, found.passages), sources_of(found)),
                    writer=draft.writer,
                    notice=notice,
                    prompt_version=draft.prompt_version,
                )
            case Kind.CLARIFICATION:
                return Clarification(
                    text=verdict.asked,
                    confidence=confidence,
                    options=verdict.options,
                    citations=cite(as_stored(verdict.evidence, found.passages), sources_of(found)),
                )
            case Kind.ESCALATION:
                nearest = as_stored(verdict.evidence, found.passages) or _nearest(found.passages)
                handover = desk.hand_over(
                    self._policy().escalations,
                    principal,
                    reason=verdict.reason or Reason.LOW_CONFIDENCE,
                    doc_types={one.passage.doc_type for one in nearest},
                    now=self._clock(),
                )
                return Escalation(
                    text=desk.announcement(handover, verdict.missing, nearest=len(nearest)),
                    confidence=confidence,
                    band=verdict.band,
                    citations=cite(nearest, sources_of(found)),
                    reason=verdict.reason or Reason.LOW_CONFIDENCE,
                    missing=verdict.missing,
                    writer=draft.writer,
                    handover=handover,
                    notice=notice,
                )

    def unsearched(self, principal: Principal, reason: Reason) -> Escalation:
        """To a person without a search: because the asker wants it, or attacks the assistant.

        An attack gets an escalation like any that found nothing.
        """
        handover = desk.hand_over(
            self._policy().escalations,
            principal,
            reason=reason,
            doc_types=(),
            now=self._clock(),
        )
        wished = reason is Reason.USER_REQUEST
        return Escalation(
            text=desk.person_announcement(handover)
            if wished
            else desk.announcement(handover, NOTHING_FOUND, nearest=0),
            confidence=0.0,
            band=Band.LOW,
            citations=(),
            reason=reason,
            missing="" if wished else NOTHING_FOUND,
            writer="" if wished else self._writer,
            handover=handover,
        )


def sources_of(found: Found) -> dict[tuple[str, int], SourceRecord]:
    """What the catalog knows of the versions that were found."""
    return {
        (version.document_id, version.version): SourceRecord(
            document_id=version.document_id,
            version=version.version,
            approved_by=version.metadata.approved_by,
            approved_at=version.approved_at,
        )
        for version in found.versions.values()
    }


def _nearest(passages: tuple[Passage, ...]) -> tuple[Evidence, ...]:
    """The passages that come nearest, whole, for the person who takes over."""
    return tuple(
        Evidence(
            key=key,
            passage=passage,
            start=0,
            end=len(passage.chunk.text),
            sentences=(Span(start=0, end=len(passage.chunk.text)),),
        )
        for key, passage in enumerate(passages[:_NEAREST], start=1)
    )
