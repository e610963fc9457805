"""How an index is laid out: which vectors its points have, and the sizes of its graph."""

from collections.abc import Iterable
from dataclasses import dataclass

from foundation.errors import StorageError
from retrieval.index import DenseField, SparseField

EXACT_BELOW = 20_000
"""A leg that may see fewer points than this is answered by comparing with every one of them.

That is no slower than the graph under a filter (measured at 384 dimensions), and means that
points which the asker may not see cannot move what comes back, as they could by shaping the
graph. Above it the graph is used.
"""

LINKS = 16
"""Neighbours that a point of the graph is linked to."""

BUILD_BREADTH = 128
"""Candidates looked at when a point's links are chosen."""

SEARCH_BREADTH = 256
"""Candidates that a search of the graph keeps; bench/index_scale.py shows the recall."""

REBUILD = "run `partner-copilot reindex` to rebuild it from the documents"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The vectors that an index was made for. Another layout needs another index."""

    dimensions: int
    dense: tuple[str, ...]
    sparse: tuple[str, ...]

    def require_same(self, found: "Layout", *, where: str) -> None:
        """Raise `StorageError` where an existing index was made for other vectors."""
        if found != self:
            raise StorageError(
                f"the index in {where} was made for {found}, this program uses {self}; {REBUILD}"
            )

    def __str__(self) -> str:
        names = ", ".join((*self.dense, *self.sparse))
        return f"{self.dimensions} dimensions ({names})"


def layout_of(
    dimensions: int,
    *,
    dense: Iterable[str] = tuple(DenseField),
    sparse: Iterable[str] = tuple(SparseField),
) -> Layout:
    """Describe a layout, field names in one order; today's fields unless told otherwise."""
    return Layout(
        dimensions=dimensions,
        dense=tuple(sorted(map(str, dense))),
        sparse=tuple(sorted(map(str, sparse))),
    )
