"""A `KnowledgeIndex` in plain Python: what every adapter is measured against."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import sqrt

from governance.visibility import Access, Visibility
from retrieval.index import DenseField, IndexPoint, LegHit, LegQuery
from retrieval.keywords import SparseVector


class MemoryIndex:
    """Exact, unhurried and readable; filters by calling the rule itself."""

    def __init__(self) -> None:
        self._points: dict[str, IndexPoint] = {}

    def upsert(self, points: Sequence[IndexPoint]) -> None:
        self._points |= {point.id: point for point in points}

    def search(
        self, legs: Sequence[LegQuery], visibility: Visibility
    ) -> tuple[tuple[LegHit, ...], ...]:
        visible = [
            point
            for point in self._points.values()
            if visibility.admits_document(point.document_id, point.access)
        ]
        return tuple(_hits(leg, visible) for leg in legs)

    def score(
        self, field: DenseField, vector: Sequence[float], chunk_ids: Sequence[str]
    ) -> Mapping[str, float]:
        found = (self._points[each] for each in chunk_ids if each in self._points)
        return {
            point.id: _cosine(vector, point.dense[field]) for point in found if field in point.dense
        }

    def set_access(self, document_id: str, version: int, access: Access) -> None:
        self._points = {
            key: replace(point, access=access)
            if (point.document_id, point.version) == (document_id, version)
            else point
            for key, point in self._points.items()
        }

    def delete(self, document_id: str, version: int | None = None) -> None:
        self._points = {
            key: point
            for key, point in self._points.items()
            if point.document_id != document_id or version not in {None, point.version}
        }

    def flush(self) -> None:
        pass

    def points_of(self, document_id: str) -> int:
        return sum(point.document_id == document_id for point in self._points.values())

    def versions(self) -> Iterable[tuple[str, int]]:
        return {(point.document_id, point.version) for point in self._points.values()}

    def count(self) -> int:
        return len(self._points)

    def optimize(self) -> None:
        pass

    def clear(self) -> None:
        self._points = {}

    def close(self) -> None:
        pass


def _hits(leg: LegQuery, points: Iterable[IndexPoint]) -> tuple[LegHit, ...]:
    hits = [hit for point in points for hit in _hit(leg, point)]
    return tuple(sorted(hits, key=lambda hit: (-hit.score, hit.chunk_id))[: leg.limit])


def _hit(leg: LegQuery, point: IndexPoint) -> Iterable[LegHit]:
    if isinstance(leg.vector, SparseVector):
        stored = next((v for field, v in point.sparse.items() if field == leg.field), None)
        weights = dict(zip(leg.vector.indices, leg.vector.values, strict=True))
        if stored is not None and not weights.keys().isdisjoint(stored.indices):
            pairs = zip(stored.indices, stored.values, strict=True)
            yield LegHit(
                chunk_id=point.id,
                score=sum(weights.get(index, 0.0) * value for index, value in pairs),
            )
        return
    vector = next((v for field, v in point.dense.items() if field == leg.field), None)
    if vector is not None:
        yield LegHit(chunk_id=point.id, score=_cosine(leg.vector, vector))


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    product = sum(a * b for a, b in zip(one, other, strict=True))
    return product / sqrt(sum(a * a for a in one) * sum(b * b for b in other))
