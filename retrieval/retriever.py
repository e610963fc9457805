"""The way out of the index: embed, search, check against the catalog, fuse, re-rank."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from foundation.errors import InvalidRequestError
from governance.document import DocType, DocumentVersion
from governance.visibility import Visibility
from governance.visible_catalog import ReadableChunk, VisibleCatalog
from retrieval.chunk import Chunk, Locator
from retrieval.foremost import foremost
from retrieval.fusion import (
    SHIPPED_WEIGHTS,
    TICKET_HANDICAP,
    FusedHit,
    Leg,
    LegResult,
    favour_agreement,
    favour_nearness,
    fuse,
    give_way,
    spread,
)
from retrieval.index import DenseField, KnowledgeIndex, LegQuery, SparseField
from retrieval.keywords import (
    TermStatistics,
    heading_agreement,
    heading_terms,
    question_terms,
    question_vector,
)
from retrieval.passage import Passage
from retrieval.query import LARGEST_LIMIT, Query
from retrieval.ranker import SENTENCES_COMPARED
from retrieval.sync import IndexSync

if TYPE_CHECKING:
    import numpy as np

    from retrieval.ranker import Ranker
    from retrieval.reranker import Reranker

LEG_DEPTH = 100
"""How many chunks each leg brings before fusion."""

HEADINGS_COMPARED = 60


class QuestionEmbedder(Protocol):
    """Turns a question into a unit vector."""

    def embed_question(self, text: str) -> "np.ndarray":
        """A unit vector, float32."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search found: passages in order, and what scoring a reply to them needs.

    `versions` holds the version behind every passage, by chunk id; `statistics` how common the
    question's terms are among the chunks this asker may read.
    """

    passages: tuple[Passage, ...]
    versions: Mapping[str, DocumentVersion]
    statistics: TermStatistics


class Retriever:
    """Finds passages that a principal may read."""

    def __init__(  # noqa: PLR0913 - one keyword a part
        self,
        *,
        visible_catalog: VisibleCatalog,
        index: KnowledgeIndex,
        embedder: QuestionEmbedder,
        sync: IndexSync,
        reranker: "Reranker | None" = None,
        ranker: "Ranker | None" = None,
    ) -> None:
        self._catalog = visible_catalog
        self._index = index
        self._embedder = embedder
        self._sync = sync
        self._reranker = reranker
        self._ranker = ranker

    def search(self, query: Query) -> Found:
        """Passages for a question, best first, every one of them readable at this moment."""
        if not query.text.strip():
            raise InvalidRequestError("the question is empty; write what you are looking for")
        if not 1 <= query.limit <= LARGEST_LIMIT:
            raise InvalidRequestError(f"k is {query.limit}; ask for 1 to {LARGEST_LIMIT} passages")
        self._sync.keep_up()
        visibility = self._catalog.visibility(query.principal, query.filters)
        statistics = self._statistics(visibility, question_terms(query.text))
        vector = self._embedder.embed_question(query.text)
        legs = self._legs(query.text, vector, visibility, statistics)
        readable = self._catalog.chunks(
            visibility, list(dict.fromkeys(hit for leg in legs for hit in leg.scores))
        )
        # What the index brought and the catalog no longer lets out must not even shift a scale.
        legs = tuple(_only(leg, readable) for leg in legs)
        ranking = self._ranked(query.text, vector, legs, readable, visibility)[: query.limit]
        passages = self._passages(ranking, readable, legs, vector)
        if self._reranker is not None:
            passages = self._reranker.rerank(query.text, passages)
        return Found(
            passages=passages,
            versions={one.chunk.id: readable[one.chunk.id].version for one in passages},
            statistics=statistics,
        )

    def _statistics(self, visibility: Visibility, terms: Iterable[int]) -> TermStatistics:
        counts = self._catalog.term_counts(visibility, terms)
        return TermStatistics(chunks=counts.chunks, chunks_with_term=counts.chunks_with_term)

    def _ranked(
        self,
        text: str,
        vector: "np.ndarray",
        legs: Sequence[LegResult],
        readable: Mapping[str, ReadableChunk],
        visibility: Visibility,
    ) -> tuple[FusedHit, ...]:
        weights = SHIPPED_WEIGHTS if self._ranker is None else self._ranker.weights
        hits = fuse(legs, weights)
        headings = {
            hit.chunk_id: _heading(readable[hit.chunk_id]) for hit in hits[:HEADINGS_COMPARED]
        }
        distinct = set(headings.values())
        statistics = self._statistics(visibility, question_terms(text) | heading_terms(distinct))
        agreed = heading_agreement(text, distinct, statistics)
        agreement = {chunk_id: agreed[heading] for chunk_id, heading in headings.items()}
        tickets = {
            hit.chunk_id: TICKET_HANDICAP
            for hit in hits
            if readable[hit.chunk_id].version.metadata.doc_type is DocType.TICKET
        }
        hits = favour_agreement(hits, agreement, weights.agreement)
        if self._ranker is not None:
            # Of these hits every one may be read by the asker, so nothing else moves the scale.
            near = self._ranker.nearness(
                vector, [hit.chunk_id for hit in hits[:SENTENCES_COMPARED]]
            )
            hits = favour_nearness(hits, near, weights.sentence)
        return spread(
            give_way(hits, tickets),
            lambda hit: readable[hit.chunk_id].chunk.document_id,
        )

    def _legs(
        self,
        text: str,
        vector: "np.ndarray",
        visibility: Visibility,
        statistics: TermStatistics,
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
        hits = foremost(self._index, queries, visibility)
        return tuple(
            LegResult(leg=leg, scores={hit.chunk_id: hit.score for hit in found})
            for leg, found in zip((Leg.TEXT, Leg.CONTEXT, Leg.KEYWORDS), hits, strict=True)
        )

    def _passages(
        self,
        ranking: Sequence[FusedHit],
        readable: Mapping[str, ReadableChunk],
        legs: Sequence[LegResult],
        vector: "np.ndarray",
    ) -> tuple[Passage, ...]:
        scores = {leg.leg: leg.scores for leg in legs}
        dense = dict(scores[Leg.TEXT])
        # A hit of another leg has a cosine too: confidence reads it.
        unknown = [one.chunk_id for one in ranking if one.chunk_id not in dense]
        dense.update(self._index.score(DenseField.TEXT, vector.tolist(), unknown))
        return tuple(
            replace(
                _passage(readable[one.chunk_id]),
                dense_score=dense.get(one.chunk_id, 0.0),
                keyword_score=scores[Leg.KEYWORDS].get(one.chunk_id, 0.0),
                fused_score=one.score,
                rank=rank,
            )
            for rank, one in enumerate(ranking, start=1)
        )


def _only(result: LegResult, readable: Mapping[str, ReadableChunk]) -> LegResult:
    return LegResult(
        leg=result.leg,
        scores={one: score for one, score in result.scores.items() if one in readable},
    )


def _heading(found: ReadableChunk) -> str:
    path = found.chunk.heading_path
    return path[-1] if path else found.version.metadata.title


def _passage(found: ReadableChunk) -> Passage:
    row, version = found.chunk, found.version
    return Passage(
        chunk=Chunk(
            id=row.id,
            document_id=row.document_id,
            version=row.version,
            ordinal=row.ordinal,
            header=row.header,
            text=row.text,
            locator=Locator(
                heading_path=row.heading_path, page=row.page, start=row.start, end=row.end
            ),
        ),
        uri=version.uri,
        title=version.metadata.title,
        doc_type=version.metadata.doc_type.value,
        dense_score=0.0,
        keyword_score=0.0,
        fused_score=0.0,
        rank=0,
    )
