"""What is counted, each figure with its definition. Pure functions over plain values.

Rankings are document URIs, best first, each once. Shares and scores run from 0 to 1.
"""

import math
import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import groupby

ECE_BINS = 10

# A list of its own, so that tuning the search cannot move the measure.
_FUNCTION_WORDS = """
    a about after all also am an and any are as at be because been before being both but by can
    could did do does doing done down each either for from further had has have having he her here
    hers him his how however i if in into is it its itself just let may me might more most must my
    no nor not now of off on once only or other our ours out over own per please same she should
    so some such than that the their theirs them then there these they this those through to too
    under until up upon us very was we were what when where whether which while who whom whose why
    will with within without would you your yours
"""

_WORD = re.compile(r"\w+(?:['\u2019]\w+)?")
_LINK = re.compile(r"\]\([^)\s]*\)|https?://\S+")
_MARKER = re.compile(r"\[\d+\]")


# -- retrieval ---------------------------------------------------------------------------------


def hit_at(k: int, ranking: Sequence[str], gold: AbstractSet[str]) -> float:
    """1 where one of the first `k` documents is gold (success at k; TREC)."""
    return float(any(uri in gold for uri in ranking[:k]))


def reciprocal_rank(ranking: Sequence[str], gold: AbstractSet[str]) -> float:
    """One over the place of the first gold document, 0 where there is none.

    Its mean over questions is MRR (Voorhees, TREC-8 question answering track, 1999).
    """
    return next((1.0 / place for place, uri in enumerate(ranking, start=1) if uri in gold), 0.0)


def ndcg_at(k: int, ranking: Sequence[str], gold: AbstractSet[str]) -> float:
    """Normalised discounted cumulative gain, binary relevance (Järvelin and Kekäläinen, 2002).

    The gain of a gold document at place i is 1 / log2(i + 1), over the best sum possible; 0
    without gold.
    """
    gain = sum(
        1.0 / math.log2(place + 1) for place, uri in enumerate(ranking[:k], start=1) if uri in gold
    )
    best = sum(1.0 / math.log2(place + 1) for place in range(1, min(k, len(gold)) + 1))
    return gain / best if best else 0.0


def id_precision(found: AbstractSet[str], gold: AbstractSet[str]) -> float:
    """Share of what was found that is gold; 0 where nothing was found.

    Ragas's IDBasedContextPrecision, which is NaN where nothing was found: here finding nothing
    is a result.
    """
    return len(found & gold) / len(found) if found else 0.0


def id_recall(found: AbstractSet[str], gold: AbstractSet[str]) -> float:
    """Share of gold that was found (ragas's IDBasedContextRecall); 0 without gold."""
    return len(found & gold) / len(gold) if gold else 0.0


# -- citations ---------------------------------------------------------------------------------


def first_citation_right(cited: Sequence[str], gold: AbstractSet[str]) -> float:
    """1 where the first citation's document is gold; 0 without citations."""
    return float(bool(cited) and cited[0] in gold)


def any_citation_right(cited: Sequence[str], gold: AbstractSet[str]) -> float:
    """1 where any citation's document is gold."""
    return float(any(uri in gold for uri in cited))


def gold_cited(cited: Sequence[str], gold: AbstractSet[str]) -> float:
    """Share of the gold documents that are cited; 0 without gold."""
    return len(gold & set(cited)) / len(gold) if gold else 0.0


def quote_hit(gold_quote: str, cited_quote: str) -> float:
    """1 where the two overlap: a common run of words covers half of the shorter one.

    Words are compared without regard to case, white space and punctuation, so that a quote
    typed from a table or across a line break is still found.
    """
    wanted, found = _words(gold_quote), _words(cited_quote)
    shorter = min(len(wanted), len(found))
    if not shorter:
        return 0.0
    match = SequenceMatcher(a=wanted, b=found, autojunk=False).find_longest_match()
    return float(2 * match.size >= shorter)


def is_exact(quote: str, text: str, start: int, end: int) -> float:
    """1 where the quote is the stored text at that place, character for character."""
    return float(bool(quote) and text[start:end] == quote)


def quote_precision(cited: Sequence[tuple[str, str]], gold: Sequence[tuple[str, str]]) -> float:
    """Share of the cited (URI, quote) pairs that hit a gold pair; 0 without citations.

    A pair hits gold of the same document where the quotes overlap (`quote_hit`), or where the gold
    has no quote: then the document is all that is known to be right.
    """
    hits = sum(any(_hits(one, wanted) for wanted in gold) for one in cited)
    return hits / len(cited) if cited else 0.0


def quote_recall(cited: Sequence[tuple[str, str]], gold: Sequence[tuple[str, str]]) -> float:
    """Share of the gold (URI, quote) pairs that a cited pair hits; 0 without gold."""
    hits = sum(any(_hits(one, wanted) for one in cited) for wanted in gold)
    return hits / len(gold) if gold else 0.0


def _hits(cited: tuple[str, str], gold: tuple[str, str]) -> bool:
    return cited[0] == gold[0] and (not gold[1] or quote_hit(gold[1], cited[1]) == 1.0)


# -- answers -----------------------------------------------------------------------------------


def content_words(text: str) -> frozenset[str]:
    """The words that carry meaning: case folded, without function words, links and markers."""
    function = _function_words()
    bare = _MARKER.sub(" ", _LINK.sub(" ", text))
    return frozenset(word for word in _words(bare) if word not in function)


def content_word_recall(reference: str, answer: str) -> float:
    """Share of the reference's content words that the answer has (ROUGE-1 recall over word types).

    1 where the reference has no content word: there is nothing to miss.
    """
    wanted = content_words(reference)
    return len(wanted & content_words(answer)) / len(wanted) if wanted else 1.0


def plain_text(answer: str) -> str:
    """An answer without its citation markers, in single spaces: what is compared by texts."""
    return " ".join(_MARKER.sub(" ", answer).split())


# -- confidence --------------------------------------------------------------------------------


def auroc(positives: Sequence[float], negatives: Sequence[float]) -> float:
    """Chance that a random positive scores above a random negative; a tie counts half.

    Hanley and McNeil (1982), computed from rank sums (Mann and Whitney). NaN where one side is
    empty.
    """
    if not positives or not negatives:
        return math.nan
    scored = sorted([(score, True) for score in positives] + [(s, False) for s in negatives])
    rank_sum, seen = 0.0, 0
    for _, tied in groupby(scored, key=lambda pair: pair[0]):
        group = [positive for _, positive in tied]
        middle = seen + (len(group) + 1) / 2
        rank_sum += middle * sum(group)
        seen += len(group)
    count = len(positives)
    return (rank_sum - count * (count + 1) / 2) / (count * len(negatives))


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskPoint:
    """Answering only what reaches `threshold` answers `coverage` of all, `risk` of them wrong."""

    threshold: float
    coverage: float
    risk: float


def risk_coverage(confidence: Sequence[float], right: Sequence[bool]) -> tuple[RiskPoint, ...]:
    """The risk-coverage curve (El-Yaniv and Wiener, 2010), one point a distinct confidence."""
    pairs = sorted(zip(confidence, right, strict=True), key=lambda pair: -pair[0])
    points: list[RiskPoint] = []
    answered = wrong = 0
    for threshold, tied in groupby(pairs, key=lambda pair: pair[0]):
        group = [ok for _, ok in tied]
        answered += len(group)
        wrong += group.count(False)
        points.append(
            RiskPoint(threshold=threshold, coverage=answered / len(pairs), risk=wrong / answered)
        )
    return tuple(points)


def risk_at(coverage: float, curve: Sequence[RiskPoint]) -> float:
    """The risk at the first point of the curve that covers at least so much; NaN without one."""
    return next((point.risk for point in curve if point.coverage >= coverage - 1e-12), math.nan)


def area_under_risk(curve: Sequence[RiskPoint]) -> float:
    """Mean risk over coverage (AURC; Geifman, Uziel and El-Yaniv, 2019); NaN for no points."""
    if not curve:
        return math.nan
    area, before = 0.0, 0.0
    for point in curve:
        area += (point.coverage - before) * point.risk
        before = point.coverage
    return area


def brier(confidence: Sequence[float], right: Sequence[bool]) -> float:
    """Mean squared distance of confidence from what was right (Brier, 1950); NaN for no cases."""
    if not confidence:
        return math.nan
    squares = ((p - ok) ** 2 for p, ok in zip(confidence, right, strict=True))
    return sum(squares) / len(confidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityBin:
    """Cases whose confidence lies in [`low`, `high`): how many, their mean, their share right."""

    low: float
    high: float
    cases: int
    confidence: float
    right: float


def reliability(
    confidence: Sequence[float], right: Sequence[bool], bins: int = ECE_BINS
) -> tuple[ReliabilityBin, ...]:
    """The reliability diagram over equal-width bins, empty ones left out; 1 is in the last bin.

    Niculescu-Mizil and Caruana, Predicting Good Probabilities with Supervised Learning (2005).
    """
    binned: dict[int, list[tuple[float, bool]]] = {}
    for p, ok in zip(confidence, right, strict=True):
        binned.setdefault(min(int(p * bins), bins - 1), []).append((p, ok))
    return tuple(
        ReliabilityBin(
            low=number / bins,
            high=(number + 1) / bins,
            cases=len(group),
            confidence=sum(p for p, _ in group) / len(group),
            right=sum(ok for _, ok in group) / len(group),
        )
        for number, group in sorted(binned.items())
    )


def expected_calibration_error(
    confidence: Sequence[float], right: Sequence[bool], bins: int = ECE_BINS
) -> float:
    """Mean gap between confidence and share right, over equal-width bins weighted by size.

    Guo and others, On Calibration of Modern Neural Networks (2017). NaN for no cases.
    """
    if not confidence:
        return math.nan
    gaps = (
        one.cases * abs(one.confidence - one.right) for one in reliability(confidence, right, bins)
    )
    return sum(gaps) / len(confidence)


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]


@lru_cache(maxsize=1)
def _function_words() -> frozenset[str]:
    return frozenset(_FUNCTION_WORDS.split())
