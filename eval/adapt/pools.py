"""What a search had to choose from: the signals of its best hits, and which of them are right.

The same legs, filter and statistics as a search has. Where a question was taken out of a chunk,
that chunk counts as it is without it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from eval.adapt.pairs import Pair
from eval.case import Case
from governance.document import DocType
from governance.principal import EVERY_PARTNER
from governance.visibility import Visibility
from governance.visible_catalog import ReadableChunk, VisibleCatalog
from retrieval.foremost import foremost
from retrieval.fusion import (
    TICKET_HANDICAP,
    FusedHit,
    Leg,
    LegResult,
    favour_agreement,
    fuse,
    scaled_nearness,
    standardised,
)
from retrieval.index import DenseField, KnowledgeIndex, LegQuery, SparseField
from retrieval.keywords import (
    SparseVector,
    TermStatistics,
    chunk_vector,
    heading_agreement,
    heading_terms,
    question_terms,
    question_vector,
)
from retrieval.ranker import SENTENCES_COMPARED
from retrieval.retriever import HEADINGS_COMPARED, LEG_DEPTH
from retrieval.sentence_vectors import SentenceVectors, nearest_sentence

if TYPE_CHECKING:
    import numpy as np

    from retrieval.embedding import SentenceTransformerEmbedder

SIGNALS = ("keywords", "text", "context", "agreement", "sentence")
# A context vector is a chunk's with half of each neighbour's; this is about its length.
_CONTEXT_LENGTH = 1.65


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """The best hits for one question, in the order of the ranking that ships.

    `signals` has a row a hit and a column for each of `SIGNALS`; `handicap` is taken off.
    """

    signals: "np.ndarray"
    handicap: "np.ndarray"
    documents: tuple[str, ...]
    right: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A pool before its sentences are known."""

    hits: tuple[FusedHit, ...]
    legs: Mapping[Leg, tuple[Mapping[str, float], float]]
    agreement: Mapping[str, float]
    readable: Mapping[str, ReadableChunk]
    vector: "np.ndarray"
    right: frozenset[str]
    pair: Pair | None


class Pools:
    """Searches for many questions at once, so that sentences are read in few batches."""

    def __init__(
        self,
        *,
        visible_catalog: VisibleCatalog,
        index: KnowledgeIndex,
        embedder: "SentenceTransformerEmbedder",
        sentences: SentenceVectors,
    ) -> None:
        self._catalog = visible_catalog
        self._index = index
        self._embedder = embedder
        self._sentences = sentences

    def of_pairs(self, pairs: Sequence[Pair]) -> tuple[Pool, ...]:
        """A pool for each pair, asked by whoever reads what all partners read."""
        if not pairs:
            return ()
        visibility = self._catalog.visibility(EVERY_PARTNER)
        masked = self._embedder.embed_documents([_indexed(pair) for pair in pairs])
        drafts = [
            self._draft(
                pair.question, visibility, frozenset({pair.chunk.document_id}), (pair, vector)
            )
            for pair, vector in zip(pairs, masked, strict=True)
        ]
        packed = self._sentences.packed([pair.text for pair in pairs])
        return self._finished(drafts, packed)

    def of_cases(self, cases: Iterable[Case]) -> tuple[Pool, ...]:
        """A pool for each labelled case, asked by whom it says.

        To measure with. What is fitted for everybody is given `open_cases` only.
        """
        drafts = []
        for case in cases:
            visibility = self._catalog.visibility(case.principal, case.filters)
            right = frozenset(
                one.document_id
                for one in self._catalog.documents(visibility)
                if one.uri in case.gold_uris
            )
            if right:
                drafts.append(self._draft(case.question, visibility, right, None))
        return self._finished(drafts, [b""] * len(drafts))

    def _draft(
        self,
        text: str,
        visibility: Visibility,
        right: frozenset[str],
        masked: "tuple[Pair, np.ndarray] | None",
    ) -> _Draft:
        vector = self._embedder.embed_questions([text])[0]
        statistics = self._statistics(visibility, question_terms(text))
        legs = self._legs(text, vector, visibility, statistics)
        if masked is not None:
            taken_from, without = masked
            asked = question_vector(text, statistics)
            legs = _without_question(legs, asked, float(without @ vector), taken_from)
        found = dict.fromkeys(hit for leg in legs for hit in leg.scores)
        readable = self._catalog.chunks(visibility, list(found))
        legs = tuple(
            replace(leg, scores={at: one for at, one in leg.scores.items() if at in readable})
            for leg in legs
        )
        hits = fuse(legs)[:HEADINGS_COMPARED]
        pair = None if masked is None else masked[0]
        agreement = self._agreement(text, hits, readable, visibility, pair)
        return _Draft(
            hits=favour_agreement(hits, agreement)[:SENTENCES_COMPARED],
            legs=standardised(legs),
            agreement=agreement,
            readable=readable,
            vector=vector,
            right=right,
            pair=pair,
        )

    def _legs(
        self, text: str, vector: "np.ndarray", visibility: Visibility, statistics: TermStatistics
    ) -> tuple[LegResult, ...]:
        dense = vector.tolist()
        queries = [
            LegQuery(field=DenseField.TEXT, vector=dense, limit=LEG_DEPTH),
            LegQuery(field=DenseField.CONTEXT, vector=dense, limit=LEG_DEPTH),
            LegQuery(
                field=SparseField.KEYWORDS,
                vector=question_vector(text, statistics),
                limit=LEG_DEPTH,
            ),
        ]
        return tuple(
            LegResult(leg=leg, scores={hit.chunk_id: hit.score for hit in hits})
            for leg, hits in zip(
                (Leg.TEXT, Leg.CONTEXT, Leg.KEYWORDS),
                foremost(self._index, queries, visibility),
                strict=True,
            )
        )

    def _statistics(self, visibility: Visibility, terms: Iterable[int]) -> TermStatistics:
        counts = self._catalog.term_counts(visibility, terms)
        return TermStatistics(chunks=counts.chunks, chunks_with_term=counts.chunks_with_term)

    def _agreement(
        self,
        text: str,
        hits: Sequence[FusedHit],
        readable: Mapping[str, ReadableChunk],
        visibility: Visibility,
        pair: Pair | None,
    ) -> Mapping[str, float]:
        headings = {}
        for hit in hits:
            found = readable[hit.chunk_id]
            path = found.chunk.heading_path
            if pair is not None and hit.chunk_id == pair.chunk.id:
                path = pair.heading_path
            headings[hit.chunk_id] = path[-1] if path else found.version.metadata.title
        distinct = set(headings.values())
        statistics = self._statistics(visibility, question_terms(text) | heading_terms(distinct))
        agreed = heading_agreement(text, distinct, statistics)
        return {chunk_id: agreed[heading] for chunk_id, heading in headings.items()}

    def _finished(self, drafts: Sequence[_Draft], packed: Sequence[bytes]) -> tuple[Pool, ...]:
        wanted = dict.fromkeys(hit.chunk_id for draft in drafts for hit in draft.hits)
        for _ in self._sentences.fill(list(wanted)):
            pass
        return tuple(
            self._pool(draft, masked) for draft, masked in zip(drafts, packed, strict=True)
        )

    def _pool(self, draft: _Draft, masked: bytes) -> Pool:
        import numpy as np

        ids = [hit.chunk_id for hit in draft.hits]
        near = dict(self._sentences.nearest(draft.vector, ids))
        if draft.pair is not None and draft.pair.chunk.id in near:
            near[draft.pair.chunk.id] = nearest_sentence(draft.vector, masked)
        scaled = scaled_nearness(near)
        by_leg = {leg: draft.legs.get(leg, ({}, 0.0)) for leg in Leg}
        signals = [
            [
                *(
                    by_leg[leg][0].get(one, by_leg[leg][1])
                    for leg in (Leg.KEYWORDS, Leg.TEXT, Leg.CONTEXT)
                ),
                draft.agreement.get(one, 0.0),
                scaled.get(one, 0.0),
            ]
            for one in ids
        ]
        versions = [draft.readable[one].version for one in ids]
        return Pool(
            signals=np.array(signals, dtype=np.float64).reshape(len(ids), len(SIGNALS)),
            handicap=np.array(
                [
                    TICKET_HANDICAP if one.metadata.doc_type is DocType.TICKET else 0.0
                    for one in versions
                ]
            ),
            documents=tuple(one.document_id for one in versions),
            right=draft.right,
        )


def _indexed(pair: Pair) -> str:
    return f"{pair.chunk.header}\n{pair.text}" if pair.chunk.header else pair.text


def _without_question(
    legs: Sequence[LegResult],
    asked: SparseVector,
    cosine: float,
    pair: Pair,
) -> tuple[LegResult, ...]:
    """The legs as if the pair's chunk, now at this cosine, did not hold what is asked."""
    weights = dict(zip(asked.indices, asked.values, strict=True))
    held = chunk_vector(
        title=pair.title,
        heading_path=pair.heading_path,
        header=pair.chunk.header,
        text=pair.text,
    )
    keywords = sum(
        weights.get(term, 0.0) * value
        for term, value in zip(held.indices, held.values, strict=True)
    )
    one = pair.chunk.id
    out = []
    for leg in legs:
        scores = dict(leg.scores)
        if one in scores:
            moved = {
                Leg.TEXT: cosine,
                Leg.KEYWORDS: keywords,
                Leg.CONTEXT: scores[one]
                + (cosine - _text_cosine(legs, one, cosine)) / _CONTEXT_LENGTH,
            }[leg.leg]
            # Below the last that came back it would not have come back.
            del scores[one]
            if moved >= min(scores.values(), default=moved) and moved > 0.0:
                scores[one] = moved
        out.append(LegResult(leg=leg.leg, scores=scores))
    return tuple(out)


def _text_cosine(legs: Sequence[LegResult], one: str, otherwise: float) -> float:
    return next(
        (leg.scores[one] for leg in legs if leg.leg is Leg.TEXT and one in leg.scores), otherwise
    )
