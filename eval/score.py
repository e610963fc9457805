"""The nouns of judging: what is measured, one figure with its reason, and a judged case."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from eval.case import Case
from eval.observation import Observation


class Metric(StrEnum):
    """What a case is scored by; a case gets only those that apply to it. docs/evaluation.md."""

    HIT_1 = "hit@1"
    HIT_5 = "hit@5"
    HIT_10 = "hit@10"
    MRR = "mrr"
    NDCG_10 = "ndcg@10"
    CONTEXT_PRECISION = "context_precision"
    CONTEXT_RECALL = "context_recall"
    RIGHT_KIND = "right_kind"
    CRAG = "crag"
    FIRST_CITATION = "first_citation"
    ANY_CITATION = "any_citation"
    RIGHT_CITATION = "right_citation"
    CITATION_PRECISION = "citation_precision"
    CITATION_RECALL = "citation_recall"
    QUOTE_HIT = "quote_hit"
    EXACT_QUOTES = "exact_quotes"
    WORD_RECALL = "word_recall"
    HALF_THE_WORDS = "half_the_words"
    EXACT_FACTS = "exact_facts"
    CONTRADICTED_FACTS = "contradicted_facts"
    SEMANTIC_SIMILARITY = "semantic_similarity"
    STRING_SIMILARITY = "string_similarity"
    ROUGE_L_RECALL = "rouge_l_recall"
    BLEU = "bleu"
    CHRF = "chrf"
    STRING_PRESENCE = "string_presence"
    QUOTED_SPANS = "quoted_spans"
    LEAK = "leak"
    UNAPPROVED_CITATION = "unapproved_citation"
    SUPERSEDED_CITATION = "superseded_citation"
    FORBIDDEN_CLAIM = "forbidden_claim"
    FAITHFULNESS = "faithfulness"
    ANSWER_RELEVANCY = "answer_relevancy"
    JUDGED_CONTEXT_PRECISION = "judged_context_precision"
    JUDGED_CONTEXT_RECALL = "judged_context_recall"
    FACTUAL_CORRECTNESS = "factual_correctness"

    @property
    def zero_tolerance(self) -> bool:
        """Whether a single case with it is one too many, whatever a baseline says."""
        return self in _ZERO_TOLERANCE

    @property
    def lower_is_better(self) -> bool:
        """Whether 0 is the best value; everything else is best at 1."""
        return self in _ZERO_TOLERANCE or self is Metric.CONTRADICTED_FACTS

    @property
    def judged(self) -> bool:
        """Whether a model judges it, so that it varies from run to run and may fail."""
        return self in _JUDGED


_ZERO_TOLERANCE = frozenset(
    {
        Metric.LEAK,
        Metric.UNAPPROVED_CITATION,
        Metric.SUPERSEDED_CITATION,
        Metric.FORBIDDEN_CLAIM,
    }
)
_JUDGED = frozenset(
    {
        Metric.FAITHFULNESS,
        Metric.ANSWER_RELEVANCY,
        Metric.JUDGED_CONTEXT_PRECISION,
        Metric.JUDGED_CONTEXT_RECALL,
        Metric.FACTUAL_CORRECTNESS,
    }
)


class Cause(StrEnum):
    """Why a case was probably missed."""

    CRASHED = "crashed"
    LEAKED = "leaked"
    NOT_IN_FORCE = "not in force"
    NOT_RETRIEVED = "not retrieved"
    RANKED_LOW = "ranked low"
    WRONG_SPAN = "wrong span"
    WRONG_VERDICT = "wrong verdict"


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One figure about one case, and why it is what it is.

    `value` is NaN where the metric applies and could not be had: a failure, which counts as the
    worst value wherever scores are added up, and is told apart (`Mean.failed`). `runs` has the
    value of each run where a model judged more than once, NaN for one that failed; `value` is
    then their mean, failures at 0.
    """

    metric: Metric
    value: float
    reason: str
    runs: tuple[float, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether the metric, or one of its runs, could not be had."""
        return math.isnan(self.value) or any(math.isnan(one) for one in self.runs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A case, what was observed, its scores, and a likely cause where it is a miss."""

    case: Case
    seen: Observation
    scores: tuple[Score, ...]
    cause: Cause | None

    def value(self, metric: Metric) -> float | None:
        """The score by one metric; None where it does not apply, NaN where it failed."""
        found = self.score(metric)
        return None if found is None else found.value

    def score(self, metric: Metric) -> Score | None:
        """The score by one metric with its reason; None where it does not apply."""
        return next((one for one in self.scores if one.metric is metric), None)


class Scorer(Protocol):
    """Something that adds scores to a case by what was observed; it must not raise."""

    def scores(self, case: Case, seen: Observation) -> Sequence[Score]:
        """The scores that apply."""
