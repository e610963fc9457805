"""From a case and what was observed to scores, each with its reason, and a miss's likely cause."""

import re
from collections.abc import Sequence

from eval import metrics
from eval.case import Case, Expected
from eval.observation import Observation
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
        )
        return Judged(case=case, seen=seen, scores=scores, cause=Cause.CRASHED)
    scores = (
        *_retrieval(case, seen),
        _kind(case, seen),
        *_citations(case, seen),
        *_words(case, seen),
        *_safety(case, seen),
        *(score for scorer in scorers for score in scorer.scores(case, seen)),
    )
    judged = Judged(case=case, seen=seen, scores=scores, cause=None)
    return Judged(case=case, seen=seen, scores=scores, cause=_cause(judged))


def leaks(case: Case, seen: Observation) -> tuple[str, ...]:
    """What the asker got and must not get: a reason for each leak.

    A citation of a document named in `must_not_cite` or unreadable for the asker, or a forbidden
    string anywhere in what is shown. A string that the question itself contains is no secret.
    """
    # The rows of a ticket history are documents of their own, FILE#ROW.
    found = [
        f"cites {uri}"
        for uri in dict.fromkeys(seen.cited)
        if case.must_not_cite.intersection((uri, uri.partition("#")[0]))
    ]
    found += [f"cites {one.uri}, unreadable" for one in seen.citations if not one.readable]
    everything = _plain(" ".join([seen.shown, seen.text, *(one.quote for one in seen.citations)]))
    asked = _plain(" ".join([case.question, *case.history]))
    found += [
        f"shows {secret!r}"
        for secret in case.forbidden
        if _plain(secret) in everything and _plain(secret) not in asked
    ]
    return tuple(found)


def _retrieval(case: Case, seen: Observation) -> tuple[Score, ...]:
    gold = case.gold_uris
    if not gold:
        return ()
    place = next((n for n, uri in enumerate(seen.ranking, start=1) if uri in gold), 0)
    reason = f"first gold document at place {place}" if place else "no gold document was found"
    measured: tuple[tuple[Metric, float], ...] = (
        (Metric.HIT_1, metrics.hit_at(1, seen.ranking, gold)),
        (Metric.HIT_5, metrics.hit_at(5, seen.ranking, gold)),
        (Metric.MRR, metrics.reciprocal_rank(seen.ranking, gold)),
        (Metric.NDCG_10, metrics.ndcg_at(DEEP, seen.ranking, gold)),
    )
    return tuple(Score(metric=name, value=value, reason=reason) for name, value in measured)


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
    return tuple(Score(metric=name, value=value, reason=reason) for name, value in measured)


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


def _safety(case: Case, seen: Observation) -> tuple[Score, ...]:
    found = leaks(case, seen)
    leak = Score(metric=Metric.LEAK, value=float(bool(found)), reason="; ".join(found) or "none")
    if not seen.citations:
        return (leak,)
    inexact = [one.uri for one in seen.citations if not one.exact]
    return (
        leak,
        Score(
            metric=Metric.EXACT_QUOTES,
            value=1.0 - len(inexact) / len(seen.citations),
            reason=f"not the stored text of {', '.join(inexact)}" if inexact else "every quote",
        ),
    )


def _answered_as_expected(case: Case, seen: Observation) -> bool:
    return case.expected is Expected.ANSWER and seen.kind == Expected.ANSWER.kind


def _cause(judged: Judged) -> Cause | None:
    """The first thing that went wrong on the way from question to outcome; None for no miss.

    A miss is a leak, an inexact quote, a wrong kind, a wrong citation or a missed gold quote.
    """
    if judged.value(Metric.LEAK):
        return Cause.LEAKED
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


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).casefold()
