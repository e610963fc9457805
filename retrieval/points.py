"""Chunks become index points: their vectors, and the counts that scope keyword rarity."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from governance.statistics import TermCounts
from governance.visibility import Access
from retrieval.chunk import Chunk
from retrieval.index import DenseField, IndexPoint, SparseField
from retrieval.instructions import without_instructions
from retrieval.keywords import SparseVector, chunk_vector

if TYPE_CHECKING:
    import numpy as np

_NEIGHBOUR_SHARE = 0.5


def index_points(
    chunks: Sequence[Chunk],
    keywords: Sequence[SparseVector],
    vectors: "np.ndarray",
    access: Access,
) -> tuple[IndexPoint, ...]:
    """Points of one document version. Row `i` of `vectors` belongs to `chunks[i]`, in order."""
    around = _with_neighbours(vectors)
    return tuple(
        IndexPoint(
            id=chunk.id,
            document_id=chunk.document_id,
            version=chunk.version,
            access=access,
            dense={DenseField.TEXT: text.tolist(), DenseField.CONTEXT: context.tolist()},
            sparse={SparseField.KEYWORDS: sparse},
        )
        for chunk, sparse, text, context in zip(chunks, keywords, vectors, around, strict=True)
    )


def keyword_vectors(chunks: Sequence[Chunk], title: str) -> tuple[SparseVector, ...]:
    """The keyword side of each chunk."""
    return tuple(
        chunk_vector(
            title=title,
            heading_path=chunk.locator.heading_path,
            header=chunk.header,
            text=without_instructions(chunk.text),
        )
        for chunk in chunks
    )


def term_counts(keywords: Sequence[SparseVector]) -> TermCounts:
    """In how many of the chunks each term occurs."""
    counted: Counter[int] = Counter()
    for vector in keywords:
        counted.update(vector.indices)
    return TermCounts(chunks=len(keywords), chunks_with_term=dict(counted))


def _with_neighbours(vectors: "np.ndarray") -> "np.ndarray":
    import numpy as np

    total = vectors.copy()
    total[1:] += _NEIGHBOUR_SHARE * vectors[:-1]
    total[:-1] += _NEIGHBOUR_SHARE * vectors[1:]
    norms = np.linalg.norm(total, axis=1, keepdims=True)
    unit: np.ndarray = total / np.maximum(norms, 1e-12)
    return unit
