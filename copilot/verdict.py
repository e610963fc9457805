"""What happens with a draft: it is sent, it goes to a person, or one thing is asked back."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from copilot.answer import Band, Reason
from copilot.evidence import Draft
from copilot.question import Question
from copilot.terms import weigh
from governance.policy import AnswerPolicy
from retrieval.keywords import TermStatistics
from retrieval.keywords import terms as tokenize
from retrieval.passage import Passage

_NAMED = 3
_NEAREST_OPTIONS = 4
_NOTHING_NEAR = 0.25
# A missing word this rare, against the question's rarest, is worth naming.
_TELLS = 0.6


class Kind(StrEnum):
    """Which outcome follows."""

    ANSWER = "answer"
    ESCALATION = "escalation"
    CLARIFICATION = "clarification"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The decision.

    `reason` is None unless it is an escalation; `missing` and `options` are empty unless the kind
    has them.
    """

    kind: Kind
    band: Band
    review_required: bool
    reason: Reason | None = None
    missing: str = ""
    options: tuple[str, ...] = ()


def decide(  # noqa: PLR0913 (all of it bears on the decision)
    *,
    question: Question,
    passages: Sequence[Passage],
    draft: Draft,
    confidence: float,
    policy: AnswerPolicy,
    statistics: TermStatistics,
) -> Verdict:
    """Weigh a draft's confidence against the policy's bar for the kinds of document it cites."""
    if not question.terms and passages:
        titles = dict.fromkeys(passage.title for passage in passages)
        return Verdict(
            kind=Kind.CLARIFICATION,
            band=Band.LOW,
            review_required=False,
            options=tuple(titles)[:_NEAREST_OPTIONS],
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
        missing=missing(question, passages, statistics),
    )


def _band(confidence: float, policy: AnswerPolicy) -> Band:
    if confidence >= policy.bands.high:
        return Band.HIGH
    return Band.MEDIUM if confidence >= policy.bands.medium else Band.LOW


def missing(question: Question, passages: Sequence[Passage], statistics: TermStatistics) -> str:
    """One sentence on what the readable documents do not say, in the question's own words."""
    if not passages:
        return "No document you can read deals with this question."
    weights = weigh(question, statistics)
    words = {part: part for term in question.terms for part in term.parts}
    words |= {term.token: term.word for term in question.terms}
    together = frozenset().union(*(_tokens(passage) for passage in passages))
    ranked = weights.rarest(len(words))
    unseen = _distinct([words[token] for token in ranked if token in weights.unseen])
    if unseen:
        return f"No document you can read mentions {_listed(unseen[:_NAMED], 'or')}."
    absent = [token for token in ranked if token not in together]
    telling = [token for token in absent if weights.weights[token] >= _TELLS * weights.heaviest]
    if telling:
        named = _distinct([words[token] for token in telling])[:_NAMED]
        return f"The nearest passages say nothing about {_listed(named, 'or')}."
    nearest = min(passages, key=lambda passage: passage.rank)
    lacking = _distinct([words[token] for token in ranked if token not in _tokens(nearest)])
    if lacking:
        return (
            f"The nearest passage, from “{nearest.title}”, says nothing about "
            f"{_listed(lacking[:_NAMED], 'or')}."
        )
    present = _distinct([words[token] for token in ranked])[:_NAMED]
    return (
        f"The documents you can read mention {_listed(present, 'and')}, "
        "but no passage clearly answers the question."
    )


def _reason(
    question: Question, passages: Sequence[Passage], draft: Draft, statistics: TermStatistics
) -> Reason:
    if not passages or not draft.claims:
        return Reason.NO_EVIDENCE
    weights = weigh(question, statistics)
    best = max(weights.coverage(_tokens(passage)) for passage in passages)
    return Reason.NO_EVIDENCE if best < _NOTHING_NEAR else Reason.LOW_CONFIDENCE


def _tokens(passage: Passage) -> frozenset[str]:
    chunk = passage.chunk
    return frozenset(tokenize(f"{passage.title} {chunk.header} {chunk.text}"))


def _distinct(words: Sequence[str]) -> list[str]:
    """Words once each, without those that are a part of a longer one (`4012` in `ERR-4012`)."""
    unique = list(dict.fromkeys(words))
    return [
        word
        for word in unique
        if not any(word != other and word.casefold() in other.casefold() for other in unique)
    ]


def _listed(words: Sequence[str], joiner: str) -> str:
    quoted = [f"“{word}”" for word in words]
    if len(quoted) < 2:  # noqa: PLR2004 (one word needs no joiner)
        return "".join(quoted)
    return ", ".join(quoted[:-1]) + f" {joiner} {quoted[-1]}"
