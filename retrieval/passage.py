"""What a search returns: a chunk the asker may read, with the raw scores of every leg."""

from dataclasses import dataclass

from retrieval.chunk import Chunk


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One search hit. Scores are raw (cosine from -1 to 1, BM25 from 0), never normalised.

    `rank` counts from 1 in the fused ranking; `fused_score` orders a single result list and
    means nothing across questions, so confidence must not be read from it.
    """

    chunk: Chunk
    uri: str
    title: str
    doc_type: str
    dense_score: float
    keyword_score: float
    fused_score: float
    rank: int
