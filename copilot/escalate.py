"""An asker wants a person: the outcome they got goes to the desk, or their note joins it there."""

from collections.abc import Callable

from copilot import desk
from copilot.answer import Reason
from copilot.record import EscalationRecord, KeptOutcome
from copilot.records import Records
from copilot.schemas import EscalationJson, OutcomeJson
from foundation.clock import Clock
from foundation.errors import ConflictError
from governance.policy import Policy
from governance.principal import Principal


class PersonRequest:
    """Hands outcomes over to people because their asker says so."""

    def __init__(self, *, records: Records, policy: Callable[[], Policy], clock: Clock) -> None:
        self._records = records
        self._policy = policy
        self._clock = clock

    def hand_over(self, principal: Principal, outcome_id: str, note: str) -> OutcomeJson:
        """The outcome with its escalation. Asking twice makes one escalation with both notes."""
        kept = self._records.outcome(principal, outcome_id)
        if kept.escalation_id is None:
            try:
                return self._escalated(principal, kept, note)
            except ConflictError:
                # The same asker was quicker in another window.
                kept = self._records.outcome(principal, outcome_id)
        if note and kept.escalation_id is not None:
            self._records.annotate(principal, kept.escalation_id, note, self._clock())
        return OutcomeJson.model_validate(kept.body)

    def _escalated(self, principal: Principal, kept: KeptOutcome, note: str) -> OutcomeJson:
        body = OutcomeJson.model_validate(kept.body)
        now = self._clock()
        handover = desk.hand_over(
            self._policy().escalations,
            principal,
            reason=Reason.USER_REQUEST,
            doc_types={one.doc_type for one in body.citations},
            now=now,
        )
        body = body.model_copy(
            update={
                "escalation": EscalationJson(
                    id=handover.id,
                    reason=Reason.USER_REQUEST.value,
                    missing="",
                    queue=handover.queue,
                    priority=handover.priority,
                    due_at=handover.due_at,
                )
            }
        )
        record = EscalationRecord(
            id=handover.id,
            outcome_id=kept.id,
            reason=Reason.USER_REQUEST.value,
            missing="",
            queue=handover.queue,
            priority=handover.priority,
            due_at=handover.due_at,
            note=note,
        )
        self._records.escalate(principal, record, body.model_dump(mode="json"), now)
        return body
