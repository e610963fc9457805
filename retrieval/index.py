"""The port to the vector engine: what the house asks of an index, whoever provides it.

The index is derived. The catalog is the truth: whatever an index returns is checked against it
again, and an index can be thrown away and rebuilt.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from governance.visibility import Access, Visibility
from retrieval.keywords import SparseVector


class DenseField(StrEnum):
    """Named dense vectors of a point, unit length, compared by cosine.

    `CONTEXT` is a chunk's vector with a share of its neighbours' in the same document: what a
    passage is about shows in what stands around it, and costs no further embedding.
    """

    TEXT = "text"
    CONTEXT = "context"


class SparseField(StrEnum):
    """Named sparse vectors of a point, compared by dot product (weights make it BM25)."""

    KEYWORDS = "keywords"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexPoint:
    """One chunk as the index holds it. `id` is the chunk's (32 hexadecimal digits)."""

    id: str
    document_id: str
    version: int
    access: Access
    dense: Mapping[DenseField, Sequence[float]]
    sparse: Mapping[SparseField, SparseVector]


@dataclass(frozen=True, slots=True, kw_only=True)
class LegQuery:
    """One leg of a search: the nearest `limit` points by one named vector."""

    field: DenseField | SparseField
    vector: Sequence[float] | SparseVector
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LegHit:
    """A point and its raw score in one leg: cosine, or the sparse dot product."""

    chunk_id: str
    score: float


class KnowledgeIndex(Protocol):
    """A place that stores points and finds them under a visibility rule.

    Every adapter passes tests/conformance. Errors of the engine come out as `StorageError`.
    """

    def upsert(self, points: Sequence[IndexPoint]) -> None:
        """Write points durably; a point with a known id is replaced."""

    def search(
        self, legs: Sequence[LegQuery], visibility: Visibility
    ) -> tuple[tuple[LegHit, ...], ...]:
        """Hits per leg, best first, of points that the rule admits; filtered inside the engine.

        A sparse leg with an empty vector has no hits.
        """

    def score(
        self, field: DenseField, vector: Sequence[float], chunk_ids: Sequence[str]
    ) -> Mapping[str, float]:
        """Cosine of given points to a vector, for points found by another leg.

        Points that do not exist are left out. The caller has already checked visibility.
        """

    def set_access(self, document_id: str, version: int, access: Access) -> None:
        """Replace what decides who may read one version, on all its points."""

    def delete(self, document_id: str, version: int | None = None) -> None:
        """Remove one version's points, or all points of a document."""

    def flush(self) -> None:
        """Return when everything written so far survives a power cut."""

    def points_of(self, document_id: str) -> int:
        """Number of points of one document."""

    def versions(self) -> Iterable[tuple[str, int]]:
        """Every (document id, version) that has points, for repair after a crash."""

    def count(self) -> int:
        """Number of points."""

    def optimize(self) -> None:
        """Bring the index into its fast state after a batch of writes; may block for seconds."""

    def clear(self) -> None:
        """Remove every point, for a rebuild."""

    def close(self) -> None:
        """Release files and locks. Calling it twice is no error."""
