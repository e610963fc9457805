"""From a case and what was observed to scores, each with its reason, and a miss's likely cause."""

from collections.abc import Iterable, Sequence

from eval import metrics
from eval.case import Case, Expected
from eval.facts import compare
from eval.observation import Observation
from eval.safety import leaks, safety_scores
from eval.score import Cause, Judged, Metric, Score, Scorer

__all__ = ["DEEP", "Cause", "Judged", "Metric", "Score", "Scorer", "judge", "leaks"]

DEEP = 10
"""How many documents deep a ranking is looked at."""

_ENOUGH_WORDS = 0.5


def judge(case: Case, seen: Observation, scorers: Sequence[Scorer] = ()) -> Judged:
    """Score a case by every metric that applies to it.

    Retrieval is scored wherever there is gold, citations and words only where an answer was
    expected and given: not answering is the business of `right_kind`. `scorers` add what needs
    more than case and observation, such as an embedder or ragas.
    """
    if seen.error:
        scores: tuple[Score, ...] = (
            Score(metric=Metric.RIGHT_KIND, value=0.0, reason=f"crashed: {seen.error}"),
            Score(metric=Metric.CRAG, value=0.0, reason="crashed: the asker was told nothing"),
        )
        return Judged(case=case, seen=seen, scores=scores, cause=Cause.CRASHED)
    scores = (
        *_retrieval(case, seen),
        _kind(case, seen),
        *_citations(case, seen),
        *_words(case, seen),
        *_facts(case, seen),
        *safety_scores(case, seen),
        *(score for scorer in scorers for score in scorer.scores(case, seen)),
    )
    scores = (*scores, _crag(Judged(case=case, seen=seen, scores=scores, cause=None)))
    judged = Judged(case=case, seen=seen, scores=scores, cause=None)
    return Judged(case=case, seen=seen, scores=scores, cause=_cause(judged))


def _retrieval(case: Case, seen: Observation) -> tuple[Score, ...]:
    gold = case.gold_uris
    if not gold:
        return ()
    place = next((n for n, uri in enumerate(seen.ranking, start=1) if uri in gold), 0)
    reason = f"first gold document at place {place}" if place else "no gold document was found"
    measured: tuple[tuple[Metric, float], ...] = (
        (Metric.HIT_1, metrics.hit_at(1, seen.ranking, gold)),
        (Metric.HIT_5, metrics.hit_at(5, seen.ranking, gold)),
        (Metric.HIT_10, metrics.hit_at(DEEP, seen.ranking, gold)),
        (Metric.MRR, metrics.reciprocal_rank(seen.ranking, gold)),
        (Metric.NDCG_10, metrics.ndcg_at(DEEP, seen.ranking, gold)),
    )
    found = frozenset(one.uri for one in seen.passages)
    context = (
        f"{len(found & gold)} of {len(gold)} gold documents among the {len(found)} of the first "
        f"{len(seen.passages)} passages"
    )
    return (
        *(Score(metric=name, value=value, reason=reason) for name, value in measured),
        Score(
            metric=Metric.CONTEXT_PRECISION,
            value=metrics.id_precision(found, gold),
            reason=context,
        ),
        Score(metric=Metric.CONTEXT_RECALL, value=metrics.id_recall(found, gold), reason=context),
    )


def _kind(case: Case, seen: Observation) -> Score:
    right = seen.kind == case.expected.kind
    reason = f"{seen.kind} at confidence {seen.confidence:.2f}"
    if not right:
        reason += f" where {case.expected.kind} was expected"
    return Score(metric=Metric.RIGHT_KIND, value=float(right), reason=reason)


def _citations(case: Case, seen: Observation) -> tuple[Score, ...]:
    if not _answered_as_expected(case, seen) or not case.gold:
        return ()
    gold, cited = case.gold_uris, seen.cited
    reason = f"cites {', '.join(dict.fromkeys(cited)) or 'nothing'}"
    every = metrics.gold_cited(cited, gold)
    right = every == 1.0 if case.needs_every_gold else every > 0
    measured: list[tuple[Metric, float]] = [
        (Metric.FIRST_CITATION, metrics.first_citation_right(cited, gold)),
        (Metric.ANY_CITATION, metrics.any_citation_right(cited, gold)),
        (Metric.RIGHT_CITATION, float(right)),
    ]
    if any(one.quote for one in case.gold):
        measured.append((Metric.QUOTE_HIT, _quote_hit(case, seen)))
    return (
        *(Score(metric=name, value=value, reason=reason) for name, value in measured),
        *_quotes(case, seen),
    )


def _quotes(case: Case, seen: Observation) -> tuple[Score, ...]:
    quotes = [(one.uri, one.quote) for one in seen.citations]
    gold = [(one.uri, one.quote) for one in case.gold]
    precision = metrics.quote_precision(quotes, gold)
    recall = metrics.quote_recall(quotes, gold)
    told = f"{round(recall * len(gold))} of {len(gold)} gold quotes are cited"
    if not case.needs_every_gold:
        # Gold documents that say the same are alternatives: one of them is all that is needed.
        recall = float(recall > 0)
        told += ", one is enough" if len(gold) > 1 else ""
    return (
        Score(
            metric=Metric.CITATION_PRECISION,
            value=precision,
            reason=f"{round(precision * len(quotes))} of {len(quotes)} citations hit a gold quote",
        ),
        Score(metric=Metric.CITATION_RECALL, value=recall, reason=told),
    )


def _quote_hit(case: Case, seen: Observation) -> float:
    hits = [
        any(
            one.uri == gold.uri and metrics.quote_hit(gold.quote, one.quote)
            for one in seen.citations
        )
        for gold in case.gold
        if gold.quote
    ]
    return float(all(hits) if case.needs_every_gold else any(hits))


def _words(case: Case, seen: Observation) -> tuple[Score, ...]:
    if not _answered_as_expected(case, seen) or not case.reference:
        return ()
    recall = metrics.content_word_recall(case.reference, seen.text)
    absent = metrics.content_words(case.reference) - metrics.content_words(seen.text)
    reason = f"without {', '.join(sorted(absent)[:8])}" if absent else "every word is there"
    return (
        Score(metric=Metric.WORD_RECALL, value=recall, reason=reason),
        Score(metric=Metric.HALF_THE_WORDS, value=float(recall >= _ENOUGH_WORDS), reason=reason),
    )


def _facts(case: Case, seen: Observation) -> tuple[Score, ...]:
    if not _answered_as_expected(case, seen) or not case.reference:
        return ()
    compared = compare(case.reference, metrics.plain_text(seen.text), case.question)
    if compared is None:
        return ()
    wrong = f"gives {_listed(compared.wrong)} for {_listed(compared.missing)}"
    return (
        Score(
            metric=Metric.EXACT_FACTS,
            value=compared.recall,
            reason=f"without {_listed(compared.missing)}"
            if compared.missing
            else f"has {_listed(compared.present)}",
        ),
        Score(
            metric=Metric.CONTRADICTED_FACTS,
            value=float(bool(compared.wrong)),
            reason=wrong if compared.wrong else "no other value of the same kind",
        ),
    )


def _crag(judged: Judged) -> Score:
    """+1 for what is right, -1 for a wrong answer, 0 for silence (CRAG; Yang and others, 2024)."""
    case, seen = judged.case, judged.seen
    if judged.value(Metric.RIGHT_KIND) != 1.0:
        if seen.kind == Expected.ANSWER.kind:
            return Score(metric=Metric.CRAG, value=-1.0, reason="answered where none was expected")
        return Score(metric=Metric.CRAG, value=0.0, reason=f"gave no answer: {seen.kind}")
    if case.expected is not Expected.ANSWER:
        return Score(metric=Metric.CRAG, value=1.0, reason=f"{seen.kind} as expected")
    judging = (Metric.RIGHT_CITATION, Metric.QUOTE_HIT) if case.gold else (Metric.HALF_THE_WORDS,)
    wrong = [one.value for one in judging if judged.value(one) == 0.0]
    if wrong:
        return Score(metric=Metric.CRAG, value=-1.0, reason=f"answered, {_listed(wrong)} is 0")
    return Score(metric=Metric.CRAG, value=1.0, reason="answered, and right")


def _listed(values: Iterable[str]) -> str:
    return ", ".join(sorted(values)[:8])


def _answered_as_expected(case: Case, seen: Observation) -> bool:
    return case.expected is Expected.ANSWER and seen.kind == Expected.ANSWER.kind


def _cause(judged: Judged) -> Cause | None:
    """The first thing that went wrong on the way from question to outcome; None for no miss.

    A miss is a leak, a citation that is not in force, an inexact quote, a wrong kind, a wrong
    citation or a missed gold quote.
    """
    if judged.value(Metric.LEAK):
        return Cause.LEAKED
    if judged.value(Metric.UNAPPROVED_CITATION) or judged.value(Metric.SUPERSEDED_CITATION):
        return Cause.NOT_IN_FORCE
    right = all(
        judged.value(metric) in (None, 1.0)
        for metric in (
            Metric.RIGHT_KIND,
            Metric.RIGHT_CITATION,
            Metric.QUOTE_HIT,
            Metric.EXACT_QUOTES,
        )
    )
    if right:
        return None
    return _where_it_went_wrong(judged)


def _where_it_went_wrong(judged: Judged) -> Cause:
    case, seen = judged.case, judged.seen
    if case.expected is not Expected.ANSWER or not case.gold:
        return Cause.WRONG_VERDICT
    found = case.gold_uris & set(seen.ranking[:DEEP])
    if not found or (case.needs_every_gold and found != case.gold_uris):
        return Cause.NOT_RETRIEVED
    if judged.value(Metric.RIGHT_KIND) == 1.0 and judged.value(Metric.RIGHT_CITATION) == 1.0:
        return Cause.WRONG_SPAN
    if seen.ranking[0] not in case.gold_uris:
        return Cause.RANKED_LOW
    wrong_kind = judged.value(Metric.RIGHT_KIND) == 0.0
    return Cause.WRONG_VERDICT if wrong_kind else Cause.WRONG_SPAN
