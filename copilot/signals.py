"""What can be seen of an answer's chances: plain facts about question, passages and picked span.

Every signal is on a scale that means the same for every corpus; fused and rank scores, which are
relative to one result list, are not among them.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from copilot.candidates import exact_cover, heading_match
from copilot.definition import codes_of, definition, heading_defines
from copilot.evidence import Draft
from copilot.form import has_form
from copilot.question import Question, telling
from copilot.sentences import sections_of
from copilot.terms import TermWeights, passage_tokens, weigh
from retrieval.keywords import TermStatistics, question_vector
from retrieval.keywords import terms as tokenize
from retrieval.passage import Passage

SIGNALS_VERSION = 2
"""Goes up whenever a signal is read differently: a calibration fitted on others is stale."""

_LOOKED_AT = 10
_NEARBY = 3
_FIGURE = re.compile(r"\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """What can be seen of an answer's chances. All from 0 to 1 unless said otherwise.

    A score says little by itself, because in a corpus about one product everything resembles
    every question. What tells, on any corpus, is how far the cited passage is ahead of the rest
    of what was found: a document that answers stands out, and near misses come in numbers.

    `cosine`: of the cited document's best passage. `spread`: the best cosine less the lowest of
    what was found. `keyword_lead`: the cited passage's keyword score less the mean of other
    documents' passages, in units of the question's total weight, so roughly from -1 to 2.
    `cover_lead`: the same for the share of the question's weight that a passage contains, from
    -1 to 1. `passage_cover`, `answer_cover`: that share for the cited passage, and for the picked
    spans with title and heading. `unseen`: the share in words that no readable chunk has.
    `heading`: how far heading and question say the same. `agreement`: share of the two legs in
    which the cited document leads. `exact`: share of identifiers and names in the cited passage.
    `form`: 1 unless a number, an amount or a time was asked for and the spans hold none.
    `defined`: share of the question's weight in codes that the picked spans define. `stray`: share
    of the question's figures, years and codes that the cited passage lacks.
    `length`: ln(1 + number of words): a long question matches every text less, the right one too.
    `pairs`: the share of the question's neighbouring telling words, by weight, that stand near one
    another in the cited passage too. `found`: how many passages were compared, of the ten that
    are looked at: with next to none, being ahead of them tells nothing.
    """

    cosine: float
    spread: float
    keyword_lead: float
    cover_lead: float
    passage_cover: float
    answer_cover: float
    unseen: float
    heading: float
    agreement: float
    exact: float
    form: float
    defined: float
    stray: float
    length: float
    pairs: float
    found: float


def signals_of(
    question: Question, passages: Sequence[Passage], draft: Draft, statistics: TermStatistics
) -> Signals | None:
    """Read the signals; None where the draft is empty or the question has no telling word."""
    weights = weigh(question, statistics)
    if not draft.evidence or not weights.weights:
        return None
    first = draft.evidence[0].passage
    near = sorted(passages, key=lambda passage: passage.rank)[:_LOOKED_AT]
    if all(passage.chunk.id != first.chunk.id for passage in near):
        near.append(first)
    tokens = {passage.chunk.id: passage_tokens(passage) for passage in near}
    cover = {key: weights.coverage(found) for key, found in tokens.items()}
    document = first.chunk.document_id
    others = [passage for passage in near if passage.chunk.document_id != document]
    keyword_total = sum(question_vector(question.text, statistics).values) or 1.0
    cosines = [passage.dense_score for passage in near]
    heading = _heading_over(draft)
    span = _span_tokens(draft, heading)
    return Signals(
        cosine=max(one.dense_score for one in near if one.chunk.document_id == document),
        spread=max(cosines) - min(cosines),
        keyword_lead=(first.keyword_score - _mean([one.keyword_score for one in others]))
        / keyword_total,
        cover_lead=cover[first.chunk.id] - _mean([cover[one.chunk.id] for one in others]),
        passage_cover=cover[first.chunk.id],
        answer_cover=weights.coverage(span),
        unseen=weights.coverage(weights.unseen),
        heading=heading_match(telling(tokenize(heading)), weights),
        agreement=_agreement(near, document),
        exact=exact_cover(question, tokens[first.chunk.id]),
        form=float(has_form(question.wants, " ".join(one.quote for one in draft.evidence))),
        defined=_defined(question, weights, draft, heading),
        stray=_stray(question, tokens[first.chunk.id]),
        length=math.log1p(len(question.text.split())),
        pairs=_pairs(question, weights, first),
        found=min(1.0, len(passages) / _LOOKED_AT),
    )


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else 0.0


def _heading_over(draft: Draft) -> str:
    """The heading under which the first quote stands."""
    first = draft.evidence[0]
    chunk = first.passage.chunk
    for section in sections_of(chunk.text, chunk.locator.heading_path):
        if section.start <= first.start < section.end:
            return section.heading
    return ""


def _span_tokens(draft: Draft, heading: str) -> frozenset[str]:
    texts = [heading]
    for one in draft.evidence:
        texts += [one.passage.title, one.passage.chunk.header, one.quote]
    return frozenset(tokenize(" ".join(texts)))


def _defined(question: Question, weights: TermWeights, draft: Draft, heading: str) -> float:
    """The share of the question's weight in codes that the picked spans define.

    A code list says what a code means, other texts only mention it.
    """
    codes = codes_of(question)
    parts = [
        one.quote[part.start - one.start : part.end - one.start]
        for one in draft.evidence
        for part in one.sentences
    ]
    defined = [
        code
        for code in codes
        if heading_defines(heading, (code,)) or any(definition(part, (code,)) for part in parts)
    ]
    return weights.coverage(defined)


def _stray(question: Question, tokens: frozenset[str]) -> float:
    """The share of the question's figures, years and codes that the cited passage lacks."""
    figures = [one for one in question.identifiers if _FIGURE.search(one)]
    return sum(one not in tokens for one in figures) / len(figures) if figures else 0.0


def _pairs(question: Question, weights: TermWeights, passage: Passage) -> float:
    """The share of pairs of neighbouring telling words that the passage has as neighbours."""
    chunk = passage.chunk
    places: dict[str, list[int]] = {}
    for place, token in enumerate(tokenize(f"{passage.title} {chunk.header} {chunk.text}")):
        if token in weights.weights:
            places.setdefault(token, []).append(place)
    asked = [token for token in tokenize(question.text) if token in weights.weights]
    neighbours = {(one, other) for one, other in pairwise(asked) if one != other}
    if not neighbours:
        return weights.coverage(places)
    worth = {pair: weights.weights[pair[0]] + weights.weights[pair[1]] for pair in neighbours}
    total = math.fsum(worth.values())
    kept = math.fsum(
        weight
        for (one, other), weight in worth.items()
        if _stand_near(places.get(one, ()), places.get(other, ()))
    )
    return kept / total if total else 0.0


def _stand_near(ones: Sequence[int], others: Sequence[int]) -> bool:
    """Whether two ascending lists of places come within reach of one another; linear."""
    at = 0
    for one in ones:
        while at < len(others) and others[at] < one - _NEARBY:
            at += 1
        if at < len(others) and others[at] <= one + _NEARBY:
            return True
    return False


def _agreement(near: Sequence[Passage], document: str) -> float:
    dense = max(near, key=lambda passage: passage.dense_score).chunk.document_id
    keyword = max(near, key=lambda passage: passage.keyword_score).chunk.document_id
    return ((dense == document) + (keyword == document)) / 2
