"""What happens with a draft: it is sent, it goes to a person, or one thing is asked back."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from copilot.answer import Band, Reason
from copilot.clarify import Ambiguity
from copilot.conflict import Conflict
from copilot.evidence import Draft, Evidence
from copilot.missing import missing
from copilot.question import Question
from copilot.terms import passage_tokens, weigh
from governance.document import DocType
from governance.policy import AnswerPolicy
from retrieval.keywords import TermStatistics
from retrieval.passage import Passage

ASKED_BACK = "What would you like to know?"
_MOST_OPTIONS = 4
_NOTHING_NEAR = 0.25


class Kind(StrEnum):
    """Which outcome follows."""

    ANSWER = "answer"
    ESCALATION = "escalation"
    CLARIFICATION = "clarification"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The decision.

    `reason` is None unless it is an escalation; `missing`, `options` and what is `asked` back are
    empty unless the kind has them. `evidence` is what a question back or a conflict rests on; an
    answer's is its draft's.
    """

    kind: Kind
    band: Band
    review_required: bool
    reason: Reason | None = None
    missing: str = ""
    options: tuple[str, ...] = ()
    asked: str = ""
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """What keeps an answer from going out however sure it is.

    `asked_back`: the turn before was a question back already, and nobody is asked twice in a row.
    """

    ambiguity: Ambiguity | None = None
    conflict: Conflict | None = None
    asked_back: bool = False


NO_DOUBT = Doubt()


def decide(  # noqa: PLR0913 (all of it bears on the decision)
    *,
    question: Question,
    passages: Sequence[Passage],
    draft: Draft,
    confidence: float,
    policy: AnswerPolicy,
    statistics: TermStatistics,
    within: str = "",
    doubt: Doubt = NO_DOUBT,
) -> Verdict:
    """Weigh a draft's confidence against the policy's bar for the kinds of document it cites.

    `within` are the asker's filters in words.
    """
    if not question.terms and passages and not doubt.asked_back:
        kinds_found = dict.fromkeys(
            passage.doc_type.replace("_", " ")
            for passage in passages
            if passage.doc_type != DocType.TICKET.value
        )
        return Verdict(
            kind=Kind.CLARIFICATION,
            band=Band.LOW,
            review_required=False,
            options=tuple(kinds_found)[:_MOST_OPTIONS],
            asked=ASKED_BACK,
        )
    if draft.claims and doubt.ambiguity and not doubt.asked_back:
        return Verdict(
            kind=Kind.CLARIFICATION,
            band=Band.LOW,
            review_required=False,
            options=doubt.ambiguity.options,
            asked=doubt.ambiguity.text,
            evidence=doubt.ambiguity.evidence,
        )
    if draft.claims and doubt.conflict:
        return Verdict(
            kind=Kind.ESCALATION,
            band=_band(confidence, policy),
            review_required=False,
            reason=Reason.CONFLICTING_SOURCES,
            missing=doubt.conflict.missing,
            evidence=doubt.conflict.evidence,
        )
    kinds = frozenset(one.passage.doc_type for one in draft.evidence)
    if draft.claims and confidence >= policy.threshold_for(kinds):
        return Verdict(
            kind=Kind.ANSWER,
            band=_band(confidence, policy),
            review_required=not policy.review_required.isdisjoint(kinds),
        )
    return Verdict(
        kind=Kind.ESCALATION,
        band=_band(confidence, policy),
        review_required=False,
        reason=_reason(question, passages, draft, statistics),
        missing=missing(question, passages, statistics, within),
    )


def _band(confidence: float, policy: AnswerPolicy) -> Band:
    if confidence >= policy.bands.high:
        return Band.HIGH
    return Band.MEDIUM if confidence >= policy.bands.medium else Band.LOW


def _reason(
    question: Question, passages: Sequence[Passage], draft: Draft, statistics: TermStatistics
) -> Reason:
    if not passages or not draft.claims:
        return Reason.NO_EVIDENCE
    weights = weigh(question, statistics)
    best = max(weights.coverage(passage_tokens(passage)) for passage in passages)
    return Reason.NO_EVIDENCE if best < _NOTHING_NEAR else Reason.LOW_CONFIDENCE
