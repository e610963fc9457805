"""The default index: Qdrant's own engine inside this process, over a folder."""

import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import qdrant_edge as edge

from foundation.errors import StorageError
from foundation.folder_lock import FolderLock
from governance.visibility import Access, Visibility
from retrieval.generations import Generations
from retrieval.index import DenseField, IndexPoint, LegHit, LegQuery, SparseField
from retrieval.keywords import SparseVector
from retrieval.layout import (
    BUILD_BREADTH,
    EXACT_BELOW,
    LINKS,
    REBUILD,
    SEARCH_BREADTH,
    layout_of,
)
from retrieval.payload import (
    KEY_INDEXES,
    AnyOf,
    Condition,
    KeyIndex,
    NoneOf,
    PayloadKey,
    Since,
    access_payload,
    document_condition,
    may_hit,
    parse_edition,
    point_payload,
    visibility_conditions,
)
from retrieval.shard_optimizer import OptimizePlan, ShardOptimizer

UNINDEXED_BELOW = 2_000
"""So many new points may wait, scanned slowly by every search, before optimize() does anything."""

_UPSERT_BATCH = 1_000
_BUSY = "stop it, wait for it, or set COPILOT_QDRANT_URL to share an index"


class EdgeIndex:
    """A `KnowledgeIndex` in `folder`, owned by one process at a time.

    `dimensions` is the length of every dense vector. Many threads may search while others write;
    writes happen one after another. A write that returned survives the process being killed
    (it is in the engine's log; surviving a power cut takes `optimize` or `close` as well).

    With `rebuild` it starts empty, beside what the folder holds, whatever that was made for.
    That stays, and is what is opened next, unless `take_over` is called.

    Raises `DataFolderBusyError` when another process has the folder open, and `StorageError`
    when what is in it was made for other vectors or cannot be read.
    """

    def __init__(self, folder: Path, dimensions: int, *, rebuild: bool = False) -> None:
        self._folder = folder
        self._dimensions = dimensions
        self._lock = FolderLock(folder / "lock", remedy=_BUSY)
        self._writing = threading.RLock()
        self._optimizing = threading.Lock()
        self._journal: list[edge.UpdateOperation] | None = None
        self._optimizer = ShardOptimizer()
        self._path = folder
        self._aside = rebuild
        self._layout = layout_of(dimensions)
        self._generations = Generations(folder, self._layout)
        self._shard: edge.EdgeShard | None = None
        try:
            with _translated(f"open the index in {folder}", remedy=REBUILD):
                self._open()
        except BaseException:
            self._lock.release()
            raise

    def upsert(self, points: Sequence[IndexPoint]) -> None:
        """Write points durably; a point with a known id is replaced, vectors it lacks included."""
        for start in range(0, len(points), _UPSERT_BATCH):
            with _translated("write to the index"):
                batch = [_engine_point(point) for point in points[start : start + _UPSERT_BATCH]]
                self._write(edge.UpdateOperation.upsert_points(batch))

    def search(
        self, legs: Sequence[LegQuery], visibility: Visibility
    ) -> tuple[tuple[LegHit, ...], ...]:
        """Hits per leg, best first, in one engine call; every leg carries the whole filter."""
        asked = [leg for leg in legs if may_hit(leg)]
        if not asked:
            return tuple(() for _ in legs)
        shard = self._opened()
        with _translated("search the index"):
            rule = _engine_filter(visibility_conditions(visibility))
            batch = edge.QueryBatchRequest([_engine_query(leg, rule) for leg in asked])
            answers = iter(shard.query_batch(batch))
        return tuple(_hits(next(answers)) if may_hit(leg) else () for leg in legs)

    def score(
        self, field: DenseField, vector: Sequence[float], chunk_ids: Sequence[str]
    ) -> Mapping[str, float]:
        """Cosine of the given points to a vector; points that do not exist are left out."""
        if not chunk_ids:
            return {}
        shard = self._opened()
        with _translated("compare points of the index"):
            found = shard.query(
                edge.QueryRequest(
                    limit=len(chunk_ids),
                    query=edge.Query.Nearest(list(vector), field.value),
                    filter=edge.Filter(must=[edge.HasIdCondition(set(chunk_ids))]),
                    params=edge.SearchParams(exact=True),
                )
            )
        return {hit.chunk_id: hit.score for hit in _hits(found)}

    def set_access(self, document_id: str, version: int, access: Access) -> None:
        """Replace what decides who may read one version, on all its points."""
        picked = _engine_filter([document_condition(document_id, version)])
        payload = access_payload(access)
        self._write(edge.UpdateOperation.set_payload_by_filter(picked, payload))

    def delete(self, document_id: str, version: int | None = None) -> None:
        """Remove one version's points, or all points of a document."""
        picked = _engine_filter([document_condition(document_id, version)])
        self._write(edge.UpdateOperation.delete_points_by_filter(picked))

    def flush(self) -> None:
        """Return when everything written so far survives a power cut."""
        with self._writing, _translated("write the index to disk"):
            self._opened().flush()

    def points_of(self, document_id: str) -> int:
        """Number of points of one document."""
        picked = _engine_filter([document_condition(document_id, None)])
        shard = self._opened()
        with _translated("count a document's points"):
            return shard.count(edge.CountRequest(exact=True, filter=picked))

    def versions(self) -> Iterable[tuple[str, int]]:
        """Every (document id, version) that has points."""
        shard = self._opened()
        with _translated("list the index's documents"):
            request = edge.FacetRequest(
                PayloadKey.EDITION.value, limit=max(1, self._count(shard)), exact=True
            )
            hits = shard.facet(request).hits
        return [parse_edition(str(hit.value)) for hit in hits if hit.count]

    def count(self) -> int:
        """Number of points."""
        shard = self._opened()
        with _translated("count the index's points"):
            return self._count(shard)

    def optimize(self) -> None:
        """Index new points for speed, when at least `UNINDEXED_BELOW` of them have gathered.

        Takes a second for ten thousand points, minutes for a hundred thousand: building the
        graph is nearly all of it, so none is built where no search would use it. Searches and
        writes go on meanwhile, on the old state; what is written is noted, and written again
        into the optimised copy before that takes over.
        """
        with self._optimizing:
            with self._writing, _translated("prepare the index for optimising"):
                shard = self._opened()
                if self._unindexed(shard) < UNINDEXED_BELOW:
                    return
                links = LINKS if self._count(shard) > EXACT_BELOW else 0
                shard.flush()
                copy = self._generations.new()
                shutil.copytree(self._path, copy)
                self._journal = []
            try:
                self._optimizer.run(
                    OptimizePlan(
                        path=copy,
                        layout=self._layout,
                        links=links,
                        exact_kilobytes=self._kilobytes(EXACT_BELOW),
                    )
                )
                with self._writing, _translated("switch to the optimised index"):
                    self._opened()
                    optimised = edge.EdgeShard.load(str(copy))
                    for operation in self._journal:
                        optimised.update(operation)
                    optimised.flush()
                    self._switch(copy, optimised)
            finally:
                with self._writing:
                    self._journal = None
                if not self._aside:
                    self._generations.remove_others(keep=self._path)

    def clear(self) -> None:
        """Remove every point, for a rebuild."""
        self._write(edge.UpdateOperation.delete_points_by_filter(edge.Filter()))

    def take_over(self) -> None:
        """Let a rebuilt index replace what the folder held before."""
        with self._optimizing, self._writing, _translated("switch to the rebuilt index"):
            self._opened().flush()
            self._generations.make_current(self._path)
            self._aside = False
            self._generations.remove_others(keep=self._path)

    def close(self) -> None:
        """Release files and locks; optimising that is under way is given up."""
        with self._writing:
            shard, self._shard = self._shard, None
            self._optimizer.stop()
        # Whoever optimises cleans up the folder last thing, and must not when it is another's.
        with self._optimizing:
            try:
                if shard is not None:
                    with _translated("close the index"):
                        shard.flush()
                        shard.close()
            finally:
                self._lock.release()

    def _open(self) -> None:
        path = None if self._aside else self._generations.current()
        if path is None:
            path = self._generations.new()
            self._switch(path, self._create(path))
        else:
            self._path = path
            self._shard = edge.EdgeShard.load(str(path))
        if not self._aside:
            self._generations.remove_others(keep=self._path)

    def _create(self, path: Path) -> edge.EdgeShard:
        path.mkdir()
        shard = edge.EdgeShard.create(str(path), self._engine_config())
        for key, kind in KEY_INDEXES:
            shard.update(edge.UpdateOperation.create_field_index(key.value, _KEY_INDEX[kind]()))
        shard.flush()
        return shard

    def _switch(self, path: Path, shard: edge.EdgeShard) -> None:
        """Go on with another generation. Searches under way end on the one they began on."""
        if not self._aside:
            self._generations.make_current(path)
        self._path, self._shard = path, shard

    def _opened(self) -> edge.EdgeShard:
        shard = self._shard
        if shard is None:
            raise StorageError(f"the index in {self._folder} is closed; open it again to use it")
        return shard

    def _write(self, operation: edge.UpdateOperation) -> None:
        with self._writing, _translated("write to the index"):
            self._opened().update(operation)
            if self._journal is not None:
                self._journal.append(operation)

    def _count(self, shard: edge.EdgeShard) -> int:
        return shard.count(edge.CountRequest(exact=True))

    def _unindexed(self, shard: edge.EdgeShard) -> int:
        # The engine counts sparse vectors as indexed from the start, and dense ones once they are
        # in a graph; what is missing from its count are the dense ones that wait for it.
        stored = sum(
            shard.count(
                edge.CountRequest(filter=edge.Filter(must=[edge.HasVectorCondition(field)]))
            )
            for field in (*DenseField, *SparseField)
        )
        return stored - shard.info().indexed_vectors_count

    def _engine_config(self) -> edge.EdgeConfig:
        return edge.EdgeConfig(
            vectors={
                field.value: edge.EdgeVectorParams(
                    size=self._dimensions, distance=edge.Distance.Cosine
                )
                for field in DenseField
            },
            sparse_vectors={field.value: edge.EdgeSparseVectorParams() for field in SparseField},
            # No graph yet: `optimize` asks for one when searches would use it.
            hnsw_config=edge.HnswIndexConfig(
                m=0, ef_construct=BUILD_BREADTH, full_scan_threshold=self._kilobytes(EXACT_BELOW)
            ),
            optimizers=edge.EdgeOptimizersConfig(
                indexing_threshold=self._kilobytes(UNINDEXED_BELOW) - 1, default_segment_number=4
            ),
        )

    def _kilobytes(self, points: int) -> int:
        return max(2, points * self._dimensions * 4 // 1024)


def _engine_point(point: IndexPoint) -> edge.Point:
    vectors: dict[str, edge.NamedVector] = {
        **{field.value: list(vector) for field, vector in point.dense.items()},
        **{
            field.value: edge.SparseVector(list(vector.indices), list(vector.values))
            for field, vector in point.sparse.items()
            if vector.indices
        },
    }
    return edge.Point(
        point.id, vectors, point_payload(point.document_id, point.version, point.access)
    )


def _engine_query(leg: LegQuery, rule: edge.Filter) -> edge.QueryRequest:
    if isinstance(leg.vector, SparseVector):
        vector: edge.NamedVector = edge.SparseVector(
            list(leg.vector.indices), list(leg.vector.values)
        )
        params = None
    else:
        vector = list(leg.vector)
        params = edge.SearchParams(hnsw_ef=max(SEARCH_BREADTH, leg.limit))
    return edge.QueryRequest(
        limit=leg.limit,
        query=edge.Query.Nearest(vector, leg.field.value),
        filter=rule,
        params=params,
    )


def _hits(points: Iterable[edge.ScoredPoint]) -> tuple[LegHit, ...]:
    return tuple(
        LegHit(chunk_id=str(point.id).replace("-", ""), score=point.score) for point in points
    )


def _engine_filter(conditions: Sequence[Condition]) -> edge.Filter:
    return edge.Filter(
        must=[_engine_condition(each) for each in conditions if not isinstance(each, NoneOf)],
        must_not=[_engine_condition(each) for each in conditions if isinstance(each, NoneOf)],
    )


def _engine_condition(condition: Condition) -> edge.FieldCondition:
    key = condition.key.value
    if isinstance(condition, AnyOf | NoneOf):
        return edge.FieldCondition(key, match=edge.MatchAny(list(condition.values)))
    if isinstance(condition, Since):
        return edge.FieldCondition(key, range=edge.RangeFloat(gte=condition.day))
    return edge.FieldCondition(key, range=edge.RangeFloat(lte=condition.day))


_KEY_INDEX: Mapping[KeyIndex, Callable[[], edge.KeywordIndexParams | edge.IntegerIndexParams]] = {
    KeyIndex.READERS: lambda: edge.KeywordIndexParams(is_tenant=True),
    KeyIndex.KEYWORD: lambda: edge.KeywordIndexParams(enable_hnsw=False),
    KeyIndex.DAY: lambda: edge.IntegerIndexParams(lookup=False, range=True, enable_hnsw=False),
}


@contextmanager
def _translated(deed: str, *, remedy: str = "") -> Iterator[None]:
    """Turn whatever the engine raises into a `StorageError`.

    It raises bare `Exception`s, and over a damaged segment it panics, which is none.
    """
    try:
        yield
    except StorageError:
        raise
    except BaseException as error:
        advice = remedy or "see that disk space is free; if it happens again, " + REBUILD
        reason = str(error)
        if not isinstance(error, Exception):
            # The class has no public name to catch it by; Ctrl-C must pass.
            if type(error).__name__ != "PanicException":
                raise
            advice, reason = REBUILD, "a part of it is damaged"
        raise StorageError(f"could not {deed}: {reason}; {advice}") from error
