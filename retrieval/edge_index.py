"""The default index: Qdrant's own engine inside this process, over a folder.

What was measured of the engine (0.9.0) and shaped this module: `EdgeShard.optimize` holds the
interpreter's lock for as long as it runs, ten seconds for 20,000 points, in which no other
thread of the process gets a turn. So a copy of the shard is optimised in a child process, and
this one goes on searching and writing and then switches over.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import qdrant_edge as edge

from foundation.errors import StorageError
from foundation.folder_lock import FolderLock
from governance.visibility import Access, Visibility
from retrieval.index import DenseField, IndexPoint, LegHit, LegQuery, SparseField
from retrieval.keywords import SparseVector
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
    parse_edition,
    point_payload,
    visibility_conditions,
)

EXACT_BELOW = 20_000
"""A leg that may see fewer points than this is answered by comparing with every one of them.

It costs 1.3 ms at this size, and means that points which the asker may not see cannot move what
comes back, as they could by shaping the graph. Above it, the graph is searched.
"""

UNINDEXED_BELOW = 5_000
"""So many points may wait outside the graph, scanned by every search, before optimize() works."""

_SEARCH_BREADTH = 160
_UPSERT_BATCH = 1_000
_BUSY = "stop it, wait for it, or set COPILOT_QDRANT_URL to share an index"
_REBUILD = "run `partner-copilot reindex` to rebuild it from the documents"

# Only on Linux can a child ask to go when its parent is killed; elsewhere it ends when it is done,
# in a folder that the next start throws away.
_OPTIMIZE_PROGRAM = """
import ctypes, sys
from qdrant_edge import EdgeShard
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, 9)
shard = EdgeShard.load(sys.argv[1])
shard.optimize()
shard.flush()
shard.close()
"""


class EdgeIndex:
    """A `KnowledgeIndex` in `folder`, owned by one process at a time.

    `dimensions` is the length of every dense vector. Many threads may search while others write;
    writes happen one after another. A write that returned survives the process being killed
    (it is in the engine's log; surviving a power cut takes `optimize` or `close` as well).

    The folder holds `index.json` (what the index is made for, and which generation is current),
    a lock file, and one sub-folder per generation. A generation only becomes current by the
    replacement of `index.json`, so a crash at any point leaves a whole one.

    Raises `DataFolderBusyError` when another process has the folder open, and `StorageError`
    when what is in it was made for other vectors or cannot be read.
    """

    def __init__(self, folder: Path, dimensions: int) -> None:
        self._folder = folder
        self._dimensions = dimensions
        self._lock = FolderLock(folder / "lock", remedy=_BUSY)
        self._writing = threading.RLock()
        self._optimizing = threading.Lock()
        self._journal: list[edge.UpdateOperation] | None = None
        self._optimizer: subprocess.Popen[bytes] | None = None
        self._generation = ""
        self._shard: edge.EdgeShard | None = None
        try:
            with _translated(f"open the index in {folder}", remedy=_REBUILD):
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
        asked = [leg for leg in legs if _has_hits(leg)]
        if not asked:
            return tuple(() for _ in legs)
        shard = self._opened()
        with _translated("search the index"):
            rule = _engine_filter(visibility_conditions(visibility))
            batch = edge.QueryBatchRequest([_engine_query(leg, rule) for leg in asked])
            answers = iter(shard.query_batch(batch))
        return tuple(_hits(next(answers)) if _has_hits(leg) else () for leg in legs)

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
        """Build the graph over new points, when at least `UNINDEXED_BELOW` of them have gathered.

        Takes minutes for a hundred thousand points. Searches and writes go on meanwhile; what is
        written is noted and written again into the optimised copy before it takes over.
        """
        with self._optimizing:
            with self._writing, _translated("prepare the index for optimising"):
                shard = self._opened()
                if self._unindexed(shard) < UNINDEXED_BELOW:
                    return
                shard.flush()
                copy = _new_generation()
                shutil.copytree(self._folder / self._generation, self._folder / copy)
                self._journal = []
            try:
                self._optimize_in_child(self._folder / copy)
                with self._writing, _translated("switch to the optimised index"):
                    self._opened()
                    optimised = edge.EdgeShard.load(str(self._folder / copy))
                    for operation in self._journal:
                        optimised.update(operation)
                    optimised.flush()
                    self._switch(copy, optimised)
            finally:
                self._journal = None
                self._remove_old_generations()

    def clear(self) -> None:
        """Remove every point, for a rebuild."""
        with self._optimizing, self._writing, _translated("clear the index"):
            self._opened()
            name = _new_generation()
            self._switch(name, self._create(name))
            self._remove_old_generations()

    def close(self) -> None:
        """Release files and locks; optimising that is under way is given up."""
        with self._writing:
            shard, self._shard = self._shard, None
            if self._optimizer is not None:
                self._optimizer.kill()
            try:
                if shard is not None:
                    with _translated("close the index"):
                        shard.flush()
                        shard.close()
            finally:
                self._lock.release()

    @staticmethod
    def discard(folder: Path) -> None:
        """Throw away what is in the folder, for a rebuild with vectors of another kind."""
        lock = FolderLock(folder / "lock", remedy=_BUSY)
        try:
            with _translated(f"empty {folder}"):
                (folder / "index.json").unlink(missing_ok=True)
                _remove_generations(folder, keep="")
        finally:
            lock.release()

    def _open(self) -> None:
        layout_file = self._folder / "index.json"
        if layout_file.exists():
            found = json.loads(layout_file.read_text(encoding="utf-8"))
            self._generation = str(found.pop("generation"))
            if found != self._layout():
                raise StorageError(
                    f"the index in {self._folder} holds vectors of another kind"
                    f" ({_describe_layout(found)}) than this program uses"
                    f" ({_describe_layout(self._layout())}); {_REBUILD}"
                )
            self._shard = edge.EdgeShard.load(
                str(self._folder / self._generation), self._engine_config()
            )
        else:
            name = _new_generation()
            self._switch(name, self._create(name))
        self._remove_old_generations()

    def _create(self, name: str) -> edge.EdgeShard:
        path = self._folder / name
        path.mkdir()
        shard = edge.EdgeShard.create(str(path), self._engine_config())
        for key, kind in KEY_INDEXES:
            shard.update(edge.UpdateOperation.create_field_index(key.value, _KEY_INDEX[kind]()))
        shard.flush()
        return shard

    def _switch(self, name: str, shard: edge.EdgeShard) -> None:
        """Make a generation the current one. Searches under way end on the one they began on."""
        draft = self._folder / "index.json.new"
        with draft.open("w", encoding="utf-8") as file:
            json.dump({"generation": name, **self._layout()}, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._folder / "index.json")
        self._generation, self._shard = name, shard

    def _remove_old_generations(self) -> None:
        _remove_generations(self._folder, keep=self._generation)

    def _optimize_in_child(self, path: Path) -> None:
        with self._writing:
            self._opened()
            self._optimizer = subprocess.Popen(  # noqa: S603 - our own interpreter and program
                [sys.executable, "-c", _OPTIMIZE_PROGRAM, str(path)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
        try:
            _, complaint = self._optimizer.communicate()
            code = self._optimizer.returncode
        finally:
            self._optimizer.kill()
            self._optimizer = None
        self._opened()
        if code:
            reason = complaint.decode(errors="replace").strip().rpartition("\n")[2]
            raise StorageError(
                f"the index in {self._folder} could not be optimised"
                f" ({reason or f'exit status {code}'}); it still answers, more slowly:"
                " see that memory and disk space are free, and ingest again"
            )

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

    def _layout(self) -> dict[str, int | list[str]]:
        return {
            "dimensions": self._dimensions,
            "dense": sorted(field.value for field in DenseField),
            "sparse": sorted(field.value for field in SparseField),
        }

    def _engine_config(self) -> edge.EdgeConfig:
        return edge.EdgeConfig(
            vectors={
                field.value: edge.EdgeVectorParams(
                    size=self._dimensions, distance=edge.Distance.Cosine
                )
                for field in DenseField
            },
            sparse_vectors={field.value: edge.EdgeSparseVectorParams() for field in SparseField},
            hnsw_config=edge.HnswIndexConfig(
                m=16, ef_construct=128, full_scan_threshold=self._kilobytes(EXACT_BELOW)
            ),
            optimizers=edge.EdgeOptimizersConfig(
                indexing_threshold=self._kilobytes(UNINDEXED_BELOW) - 1, default_segment_number=4
            ),
        )

    def _kilobytes(self, points: int) -> int:
        return max(2, points * self._dimensions * 4 // 1024)


def _new_generation() -> str:
    return f"generation-{uuid4().hex}"


def _remove_generations(folder: Path, *, keep: str) -> None:
    for path in folder.glob("generation-*"):
        if path.name != keep:
            # A child that outlived its parent may still be writing here; the next start retries.
            shutil.rmtree(path, ignore_errors=True)


def _describe_layout(layout: Mapping[str, object]) -> str:
    return ", ".join(f"{key}: {value}" for key, value in sorted(layout.items()))


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


def _has_hits(leg: LegQuery) -> bool:
    return leg.limit > 0 and not (isinstance(leg.vector, SparseVector) and not leg.vector.indices)


def _engine_query(leg: LegQuery, rule: edge.Filter) -> edge.QueryRequest:
    if isinstance(leg.vector, SparseVector):
        vector: edge.NamedVector = edge.SparseVector(
            list(leg.vector.indices), list(leg.vector.values)
        )
        params = None
    else:
        vector = list(leg.vector)
        params = edge.SearchParams(hnsw_ef=max(_SEARCH_BREADTH, leg.limit))
    return edge.QueryRequest(
        limit=leg.limit,
        query=edge.Query.Nearest(vector, leg.field.value),
        filter=rule,
        params=params,
    )


def _hits(points: Iterable[edge.ScoredPoint]) -> tuple[LegHit, ...]:
    return tuple(LegHit(chunk_id=UUID(str(point.id)).hex, score=point.score) for point in points)


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
    """Turn whatever the engine raises into a `StorageError`: it raises bare `Exception`s."""
    try:
        yield
    except StorageError:
        raise
    except Exception as error:
        advice = remedy or "see that disk space is free; if it happens again, " + _REBUILD
        raise StorageError(f"could not {deed}: {error}; {advice}") from error
