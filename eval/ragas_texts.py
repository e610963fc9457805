"""Ragas's metrics that need no model: how far an answer's letters and words are its reference's.

An extractive answer quotes whole sentences around the few words that a reference has, so measures
that punish length (BLEU, string similarity) are low for right answers. They are for comparing one
release with the next, and writers with each other, not for telling right from wrong.
"""

import asyncio
import math
import warnings
from collections.abc import Coroutine, Mapping
from functools import cached_property
from typing import Any

from eval.case import Case, Expected
from eval.metrics import plain_text
from eval.observation import Observation
from eval.ragas_library import ragas_module
from eval.score import Metric, Score

_ONE_LINE = ".\n"


class RagasTexts:
    """Scores answers by ragas's own implementations. Constructing it imports ragas."""

    def __init__(self) -> None:
        self._ragas = ragas_module("ragas.metrics.collections")

    @cached_property
    def _against_reference(self) -> Mapping[Metric, Any]:
        ragas = self._ragas
        return {
            Metric.STRING_SIMILARITY: ragas.NonLLMStringSimilarity(),
            Metric.ROUGE_L_RECALL: ragas.RougeScore(rouge_type="rougeL", mode="recall"),
            Metric.BLEU: ragas.BleuScore(),
            Metric.CHRF: ragas.CHRFScore(),
            Metric.STRING_PRESENCE: ragas.StringPresence(),
        }

    def scores(self, case: Case, seen: Observation) -> tuple[Score, ...]:
        """The scores of a case where an answer was expected and given."""
        if case.expected is not Expected.ANSWER or seen.kind != Expected.ANSWER.kind:
            return ()
        answer = plain_text(seen.text)
        return (*self._compared(case, answer), *self._quoted(seen, answer))

    def _compared(self, case: Case, answer: str) -> tuple[Score, ...]:
        reference = plain_text(case.reference)
        if not reference:
            return ()
        told = f"{len(answer.split())} words beside {len(reference.split())} of the reference"
        scores = []
        for metric, ragas in self._against_reference.items():
            ours, theirs = answer, reference
            if metric is Metric.BLEU:
                # It cuts both at ". " and then compares as many sentences as the shorter has, so
                # that an answer with a right first sentence would get 1 whatever follows.
                ours, theirs = (one.replace(". ", _ONE_LINE) for one in (ours, theirs))
            elif metric is Metric.STRING_PRESENCE:
                ours, theirs = ours.casefold(), theirs.casefold().rstrip(" .")
            scores.append(_scored(metric, ragas.ascore(reference=theirs, response=ours), told))
        return tuple(scores)

    def _quoted(self, seen: Observation, answer: str) -> tuple[Score, ...]:
        ragas = self._ragas.QuotedSpansAlignment()
        sources = [one.quote for one in seen.citations]
        score = _scored(
            Metric.QUOTED_SPANS,
            ragas.ascore(response=answer, retrieved_contexts=sources),
            "of what stands in quotation marks, in the citations",
        )
        # Ragas gives 1 where nothing is quoted; that would be a mean of things that are not there.
        return () if "No quoted spans" in score.reason else (score,)


def _scored(metric: Metric, scoring: Coroutine[Any, Any, Any], told: str) -> Score:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = asyncio.run(scoring)
        value = float(result.value)
    except Exception as error:  # noqa: BLE001 - a metric that cannot be had is told, not raised
        first = (str(error).splitlines() or [""])[0]
        return Score(metric=metric, value=math.nan, reason=f"{type(error).__name__}: {first}")
    reason = f"{result.reason}, {told}" if result.reason else told
    return Score(metric=metric, value=min(1.0, max(0.0, value)), reason=reason)
