"""Where a question goes that the documents cannot answer: queue, priority, due time."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from copilot.answer import Handover, Reason
from foundation.ids import new_id
from governance.policy import EscalationPolicy
from governance.principal import Principal


def hand_over(
    policy: EscalationPolicy,
    principal: Principal,
    *,
    reason: Reason,
    doc_types: Iterable[str],
    now: datetime,
) -> Handover:
    """Decide who takes it. Only facts of the asker and of documents it may read decide."""
    destination = policy.destination(principal, reason=reason.value, doc_types=frozenset(doc_types))
    hours = policy.respond_within_hours[destination.priority]
    return Handover(
        id=new_id("esc"),
        queue=destination.queue,
        priority=destination.priority,
        due_at=now + timedelta(hours=hours),
    )


def announcement(handover: Handover, missing: str) -> str:
    """What the asker is told: what is missing, who has it, and until when."""
    due = f"{handover.due_at:%A %d %B %Y, %H:%M} UTC"
    return (
        "I could not find an approved answer that I would vouch for. "
        f"{missing} Your question is with {handover.queue} now (ticket {handover.id}); "
        f"you will hear from a person by {due}. The nearest passages are below."
    )
