"""Adds a judge model's scores to cases that were asked, several at once, as often as wanted."""

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import fmean

from eval.case import Expected
from eval.metrics import plain_text
from eval.ragas_judge import RagasJudge, Sample, Verdict
from eval.score import Judged, Metric, Score

CONTEXTS = 5
"""How many passages a judge reads of what search found."""
_AT_ONCE = 4
_OF_ANSWERS = (Metric.FAITHFULNESS, Metric.ANSWER_RELEVANCY)
_OF_CONTEXTS = (Metric.JUDGED_CONTEXT_PRECISION, Metric.JUDGED_CONTEXT_RECALL)


def with_judgements(
    judged: Sequence[Judged],
    judge: RagasJudge,
    *,
    runs: int = 1,
    on_progress: Callable[[Judged], None] = lambda _: None,
) -> tuple[Judged, ...]:
    """The same cases with a judge's scores added, in order. Never raises for what a judge does.

    A case that was not answered is not judged as an answer: that is the business of
    `right_kind`. Causes stay as they are, because a judge errs more often than a gold quote.
    """

    async def everything() -> list[Judged]:
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one_case(one: Judged) -> Judged:
            async with gate:
                scores = [await _score(metric, one, judge, runs) for metric in applicable(one)]
            done = replace(one, scores=(*one.scores, *scores))
            on_progress(done)
            return done

        return list(await asyncio.gather(*(one_case(one) for one in judged)))

    return tuple(asyncio.run(everything()))


def applicable(one: Judged) -> tuple[Metric, ...]:
    """The judged metrics that make sense for a case: ragas raises on empty contexts and texts."""
    case, seen = one.case, one.seen
    if seen.error or case.expected is not Expected.ANSWER:
        return ()
    answered = seen.kind == Expected.ANSWER.kind and bool(plain_text(seen.text))
    reference = bool(case.reference.strip())
    metrics: list[Metric] = []
    if answered:
        metrics += _OF_ANSWERS
    if reference:
        metrics += _OF_CONTEXTS
    if answered and reference:
        metrics.append(Metric.FACTUAL_CORRECTNESS)
    return tuple(metrics)


async def _score(metric: Metric, one: Judged, judge: RagasJudge, runs: int) -> Score:
    sample = _sample(one)
    if metric in _OF_CONTEXTS and not sample.contexts:
        return Score(metric=metric, value=0.0, reason="search found nothing to judge")
    if metric is Metric.FAITHFULNESS and not (sample.contexts or sample.quotes):
        return Score(metric=metric, value=0.0, reason="answered from nothing")
    verdicts = [await judge.verdict(metric, sample, run) for run in range(runs)]
    return _joined(metric, verdicts)


def _joined(metric: Metric, verdicts: Sequence[Verdict]) -> Score:
    values = tuple(one.value for one in verdicts)
    if all(math.isnan(value) for value in values):
        return Score(metric=metric, value=math.nan, reason=verdicts[0].reason, runs=_many(values))
    failed = [one.reason for one in verdicts if math.isnan(one.value)]
    reason = next(one.reason for one in verdicts if not math.isnan(one.value))
    if failed:
        reason += f"; {len(failed)} of {len(values)} runs failed: {failed[0]}"
    value = fmean(0.0 if math.isnan(one) else one for one in values)
    return Score(metric=metric, value=value, reason=reason, runs=_many(values))


def _many(values: tuple[float, ...]) -> tuple[float, ...]:
    return values if len(values) > 1 else ()


def _sample(one: Judged) -> Sample:
    seen = one.seen
    return Sample(
        question=seen.standalone or one.case.question,
        answer=plain_text(seen.text),
        reference=one.case.reference,
        contexts=tuple(passage.text for passage in seen.passages[:CONTEXTS]),
        quotes=tuple(citation.quote for citation in seen.citations),
    )
