"""Where a question goes that the documents cannot answer: queue, priority, due time."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from copilot.answer import Handover, Reason
from foundation.ids import new_id
from governance.policy import EscalationPolicy
from governance.principal import Principal

# The end of an identifier is what tells it from others; its start is the time.
_REFERENCE = 8


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


def announcement(handover: Handover, missing: str, *, nearest: int) -> str:
    """What the asker is told: what is missing, where it is recorded, what is aimed at.

    `nearest` is how many passages go along. It promises nothing that is not so already.
    """
    text = f"I could not find an approved answer that I would vouch for. {missing} "
    text += f"I have recorded it for {_where(handover)}"
    return text + (" The nearest passages are below." if nearest else "")


def person_announcement(handover: Handover) -> str:
    """What an asker is told who wants a person."""
    return f"You would like to talk to a person: I have recorded that for {_where(handover)}"


def _where(handover: Handover) -> str:
    due = f"{handover.due_at:%A %d %B %Y, %H:%M} UTC"
    reference = handover.id[-_REFERENCE:]
    return f"{handover.queue} (reference {reference}); the target for an answer is {due}."
