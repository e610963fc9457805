"""Candidate cases from what partners really asked: what they rated, what went to a person.

Questions are taken as they were kept, without personal data. Tenant and roles are the asker's;
tier and region are on no record and are for the person to add who approves the case.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, select

from copilot.answer import Reason
from copilot.record_tables import escalations, feedback, outcomes
from eval.case import CaseLine, Expected, GoldLine, PrincipalLine
from eval.proposals import Proposal
from foundation.database import Database
from foundation.ids import derived_id
from governance.audit.events import Action
from governance.audit.reading import AuditFilter, export_lines
from governance.principal import Role

FROM_FEEDBACK, FROM_ESCALATIONS = "from_feedback", "from_escalations"

_MARKER = re.compile(r"\s*\[\d+\]")
_PLACEHOLDER = re.compile(r"<[A-Z_]+>|\W|\d")
_UP = "up"
_WISHED = Reason.USER_REQUEST.value


def harvest(database: Database) -> tuple[Proposal, ...]:
    """A proposal for each question that was rated or escalated, the oldest first.

    The same question by the same kind of asker is one case, however often it was asked.
    """
    with database.read() as connection:
        rows = connection.execute(
            select(
                outcomes,
                feedback.c.rating,
                feedback.c.reason.label("why"),
                feedback.c.comment,
                escalations.c.reason.label("handed_over"),
                escalations.c.state,
                escalations.c.note,
            )
            .outerjoin(feedback, feedback.c.outcome_id == outcomes.c.id)
            .outerjoin(escalations, escalations.c.outcome_id == outcomes.c.id)
            .where(feedback.c.rating.is_not(None) | escalations.c.reason.is_not(None))
            .order_by(outcomes.c.created_at, outcomes.c.id)
        ).all()
    roles = _roles(database, {row.tenant for row in rows}, {row.id for row in rows})
    found: dict[str, Proposal] = {}
    for row in rows:
        proposal = _proposal(row, roles.get(row.id, ()), _earlier(database, row))
        if proposal is not None:
            found.setdefault(proposal.case.id, proposal)
    return tuple(found.values())


def _proposal(row: Row[Any], roles: Sequence[Role], history: Sequence[str]) -> Proposal | None:
    body: Mapping[str, Any] = row.body
    kept = body.get("citations", ())
    # A document that was deleted took its name and words with it.
    cited = [GoldLine(uri=one["uri"], quote=one["quote"].strip()) for one in kept if one["uri"]]
    liked = row.rating == _UP and body["kind"] == Expected.ANSWER.kind and bool(kept)
    if liked and len(cited) < len(kept):
        # What helped is not there any more, and nobody said what would be right instead.
        return None
    handed_over = body["kind"] == Expected.ESCALATION.kind
    # A wish for a person, or words that were all taken out, ask nothing that could be judged.
    asks = len(_PLACEHOLDER.sub("", row.question)) > 1 and (cited or row.handed_over != _WISHED)
    if not asks or body["kind"] not in {Expected.ANSWER.kind, Expected.ESCALATION.kind}:
        return None
    if handed_over and row.rating == _UP and not row.handed_over:
        return None
    known = tuple(roles) or (Role.PARTNER_CONSULTANT,)
    case = CaseLine(
        id=derived_id("harvest", row.tenant, *sorted(known), row.question.casefold(), *history),
        question=row.question,
        history=list(history),
        principal=PrincipalLine(tenant=row.tenant, roles=sorted(known)),
        expected=Expected.ANSWER if liked else Expected.ESCALATION,
        reference=_MARKER.sub("", body["text"]) if liked else "",
        gold=cited if liked else [],
        category=FROM_ESCALATIONS if row.handed_over and not liked else FROM_FEEDBACK,
    )
    return Proposal(
        source=f"outcome {row.id} of {row.created_at:%Y-%m-%d}",
        why=" ".join([*_told(row, liked=liked), *_unsure(roles)]),
        candidates=[] if liked else cited,
        case=case,
    )


def _told(row: Row[Any], *, liked: bool) -> list[str]:
    told = []
    if row.rating:
        said = "; ".join(one for one in (row.why, row.comment) if one)
        told.append(f"Rated {row.rating}{f': {said}' if said else ''}.")
    if row.handed_over:
        told.append(f"Handed over ({row.handed_over}), {row.state}.")
        if row.note:
            told.append(f"Note: {row.note}")
    if liked:
        told.append("Check that answer and quotes are right.")
    else:
        told.append(
            "Where the documents do answer it, expect an answer and move the right candidates to "
            "gold; where a new document answers it now, name that."
        )
    return told


def _unsure(roles: Sequence[Role]) -> list[str]:
    told = [] if roles else ["The asker's roles are no longer on record."]
    return [*told, "Add the asker's tier and region where the answer depends on them."]


def _earlier(database: Database, row: Row[Any]) -> list[str]:
    """The earlier questions of the same person in the same conversation, oldest first."""
    with database.read() as connection:
        found = connection.execute(
            select(outcomes.c.question)
            .where(
                outcomes.c.conversation_id == row.conversation_id,
                outcomes.c.tenant == row.tenant,
                outcomes.c.subject == row.subject,
                outcomes.c.created_at < row.created_at,
            )
            .order_by(outcomes.c.created_at, outcomes.c.id)
        )
        return [one.question for one in found if one.question.strip()]


def _roles(
    database: Database, tenants: Collection[str], wanted: Collection[str]
) -> dict[str, tuple[Role, ...]]:
    """The roles in which each outcome was asked for, from the audit, where it still says so."""
    found: dict[str, tuple[Role, ...]] = {}
    if not wanted:
        return found
    asked = AuditFilter(action=Action.QUESTION_ASKED)
    for line in export_lines(database, sorted(tenants), asked):
        sealed = line.get("sealed")
        told = json.loads(sealed) if isinstance(sealed, str) else {}
        if told.get("target") in wanted:
            found[told["target"]] = tuple(Role(one) for one in told["roles"])
    return found
