"""Keyword search: text to terms, terms to sparse vectors whose dot product is a BM25 score.

The document side holds what depends on the chunk alone (how often a term stands in which of its
fields), the query side what depends on the asker (how rare a term is among the chunks that this
person may read). Nothing a tenant may not see can therefore move its ranking.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from math import ceil, log, log2
from threading import local
from typing import Final, Protocol

from retrieval.stop_words import STOP_WORDS

# BM25 as Robertson and Zaragoza give it (The Probabilistic Relevance Framework, 2009, section
# 3.4), their usual k1 and b. The average length is a constant, not the collection's mean, so
# that a chunk's vector depends on the chunk alone; it is about what a chunk under a 256-token
# limit holds, and scores hardly move between 60 and 240.
_SATURATION: Final = 1.2
_LENGTH_SHARE: Final = 0.75
_USUAL_LENGTH: Final = 100.0
# Title and headings are short and say what a text is about: each counts once more as a field of
# its own, at these weights. Their lengths differ less for good reasons than a text's does.
_FIELD_LENGTH_SHARE: Final = 0.5
_USUAL_TITLE_LENGTH: Final = 6.0
_USUAL_PATH_LENGTH: Final = 10.0
_TITLE_WEIGHT: Final = 0.3
_PATH_WEIGHT: Final = 0.3
# The square root of the inverse document frequency: people who describe a problem use rare words
# that happen not to be in the document, and those must not drown the rest.
_RARITY_POWER: Final = 0.5
# Function words are counted for little rather than dropped: "how do I" tells one FAQ entry from
# another, and says nothing in a long message.
_STOP_WORD_SHARE: Final = 0.6
_LONGEST_STEMMED: Final = 40
# Weights are rounded to steps that make every sum of their products exact in 32-bit floats. An
# engine adds them up in an order that depends on all that it holds; what is exact is the same in
# every order, so that not even a last digit tells of what the asker may not see.
_CHUNK_STEP_BITS: Final = 8
_LARGEST_CHUNK_WEIGHT_BITS: Final = 2
_EXACT_BITS: Final = 24

# Letters and digits of any script, and the vowel signs of those that write them apart (Indic,
# Thai, Lao, Tibetan, Myanmar), which Python does not count as word characters.
_LETTER: Final = "(?:[^\\W_]|[\u0900-\u109f])"
_TOKEN = re.compile(f"{_LETTER}+(?:[-._/:@+#]{_LETTER}+)*")
_PART = re.compile(f"{_LETTER}+")
# Scripts written without spaces: kana, CJK ideographs, Thai, Lao, Khmer, Myanmar.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]"
)


class _Stemmer(Protocol):
    def stemWord(self, word: str) -> str: ...  # noqa: N802 (PyStemmer's name)


# PyStemmer's objects are not safe to share between threads.
_per_thread = local()


@dataclass(frozen=True, slots=True, kw_only=True)
class SparseVector:
    """A sparse vector: term ids (32 bits, ascending, each once) and their weights, in step."""

    indices: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TermStatistics:
    """How common terms are among the chunks that one asker may read.

    `chunks` is the number of those chunks; `chunks_with_term` says for each term id in how many
    of them it occurs. A term that is missing occurs in none.
    """

    chunks: int
    chunks_with_term: Mapping[int, int]

    def rarity(self, term: int) -> float:
        """Inverse document frequency in nats, never negative (Lucene's form of BM25's)."""
        found = min(self.chunks_with_term.get(term, 0), self.chunks)
        return log(1.0 + (self.chunks - found + 0.5) / (found + 0.5))


def terms(text: str) -> list[str]:
    """The terms of a text in reading order, case and accents folded, words stemmed.

    A token that is joined by marks (`ERR-4012`, `2.4.6-p3`, `order.created`) gives itself as it
    stands and then its parts, so that it matches exactly and in pieces. Scripts without spaces
    give pairs of neighbouring characters. Words of any language are kept; the English stemmer
    treats the same word the same way on both sides, which is all that matching needs.
    """
    found: list[str] = []
    for token in _TOKEN.findall(_fold(text)):
        found.extend(_terms_of_token(token))
    return found


@lru_cache(maxsize=200_000)
def term_id(term: str) -> int:
    """The number under which vectors and statistics know a term (32 bits)."""
    # Written into indexes that outlive this process: never Python's own salted hash.
    return int.from_bytes(blake2b(term.encode(), digest_size=4).digest(), "big")


def question_terms(question: str) -> frozenset[int]:
    """The ids of a question's terms: those whose statistics `question_vector` asks for."""
    return frozenset(term_id(term) for term in terms(question))


def chunk_vector(
    *, title: str, heading_path: Sequence[str], header: str, text: str
) -> SparseVector:
    """Weigh a chunk's terms: what the document side of the keyword score can know.

    Each term's weight is the sum of its saturated frequencies in the indexed text (header and
    text), in the title and in the headings.
    """
    # Where a document has no headings, its title is the only one.
    path = heading_path or (title,)
    weights: dict[str, float] = {}
    for field, share, length_share, usual in (
        (terms(f"{header}\n{text}"), 1.0, _LENGTH_SHARE, _USUAL_LENGTH),
        (terms(title), _TITLE_WEIGHT, _FIELD_LENGTH_SHARE, _USUAL_TITLE_LENGTH),
        (terms("\n".join(path)), _PATH_WEIGHT, _FIELD_LENGTH_SHARE, _USUAL_PATH_LENGTH),
    ):
        softener = _SATURATION * (1.0 - length_share + length_share * len(field) / usual)
        for term, times in Counter(field).items():
            saturated = times * (_SATURATION + 1.0) / (times + softener)
            weights[term] = weights.get(term, 0.0) + share * saturated
    return _vector(weights, 2.0**-_CHUNK_STEP_BITS)


def question_vector(question: str, statistics: TermStatistics) -> SparseVector:
    """Weigh a question's terms by their rarity among the chunks that the asker may read.

    The dot product with a chunk's vector is the keyword score. The sum of the values is the
    question's total weight: a score divided by it can be compared across questions.
    """
    weights = {term: _weight(term, statistics) for term in terms(question)}
    total_bits = ceil(log2(max(1.0, sum(weights[term] for term in sorted(weights)))))
    bits = _CHUNK_STEP_BITS + _LARGEST_CHUNK_WEIGHT_BITS + total_bits - _EXACT_BITS
    return _vector(weights, 2.0**bits)


def heading_agreement(
    question: str, headings: Iterable[str], statistics: TermStatistics
) -> Mapping[str, float]:
    """How far a question and each of some headings are the same words, from 0 to 1.

    The share of the terms' weight that they have in common (weighted Jaccard similarity). It is
    1 where somebody asks in a heading's own words, and small where a long question merely
    contains a short heading.
    """
    asked = frozenset(terms(question))
    said = {heading: _heading_terms(heading) for heading in headings}
    known = asked.union(*said.values())
    weights = {term: _weight(term, statistics) for term in known}
    return {heading: _shared_weight(asked, words, weights) for heading, words in said.items()}


def heading_terms(headings: Iterable[str]) -> frozenset[int]:
    """The ids of the headings' terms: `heading_agreement` asks for their statistics too."""
    return frozenset(term_id(term) for heading in headings for term in _heading_terms(heading))


@lru_cache(maxsize=20_000)
def _heading_terms(heading: str) -> frozenset[str]:
    return frozenset(terms(heading))


def _shared_weight(
    one: frozenset[str], other: frozenset[str], weights: Mapping[str, float]
) -> float:
    # Sorted, so that rounding does not depend on the order of a set.
    total = sum(weights[term] for term in sorted(one | other))
    shared = sum(weights[term] for term in sorted(one & other))
    return shared / total if total else 0.0


def _weight(term: str, statistics: TermStatistics) -> float:
    rarity: float = statistics.rarity(term_id(term)) ** _RARITY_POWER
    return rarity * (_STOP_WORD_SHARE if term in _stop_terms() else 1.0)


def _vector(weights: Mapping[str, float], step: float) -> SparseVector:
    by_id: dict[int, float] = {}
    for term in sorted(weights):
        # Two terms with one id (about one pair in four thousand million) share a place.
        by_id[term_id(term)] = by_id.get(term_id(term), 0.0) + weights[term]
    indices = tuple(sorted(by_id))
    # No term is rounded away: it would not be found at all.
    values = tuple(max(1, round(by_id[index] / step)) * step for index in indices)
    return SparseVector(indices=indices, values=values)


def _fold(text: str) -> str:
    folded = text.casefold()
    if folded.isascii():
        return folded
    decomposed = unicodedata.normalize("NFKD", folded)
    bare = "".join(mark for mark in decomposed if not unicodedata.combining(mark))
    return unicodedata.normalize("NFC", bare).casefold()


@lru_cache(maxsize=200_000)
def _terms_of_token(token: str) -> tuple[str, ...]:
    if token.isalnum():
        return _terms_of_part(token)
    parts = _PART.findall(token)
    pieces = tuple(term for part in parts for term in _terms_of_part(part))
    return pieces if parts == [token] else (token, *pieces)


def _terms_of_part(part: str) -> tuple[str, ...]:
    if part.isascii():
        return (_stem(part),)
    if _UNSPACED.search(part) is None:
        return (_stem(part),)
    if len(part) == 1:
        return (part,)
    return tuple(part[at : at + 2] for at in range(len(part) - 1))


def _stem(word: str) -> str:
    if not 2 < len(word) <= _LONGEST_STEMMED or not word.isalpha():  # noqa: PLR2004
        return word
    stemmer: _Stemmer | None = getattr(_per_thread, "stemmer", None)
    if stemmer is None:
        import Stemmer

        stemmer = Stemmer.Stemmer("english", 0)
        _per_thread.stemmer = stemmer
    return stemmer.stemWord(word)


@lru_cache(maxsize=1)
def _stop_terms() -> frozenset[str]:
    return frozenset(_stem(word) for word in STOP_WORDS)
