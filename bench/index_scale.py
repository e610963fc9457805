"""How the embedded index grows: speed and recall from 10,000 to 100,000 chunks.

    python bench/index_scale.py [--sizes 10000,20000,100000] [--local-mode 20000] [--json]

Made-up vectors: clusters, as topics make them, 384 dimensions, one vector per dense field and
term weights per keyword field. 50 tenants own 2% of the points each; one point in ten is for all
partners. "own" searches see the tenant's own points only, "open" ones the shared points as well,
"wide" ones everything. A search is one call with every leg, 100 hits each.
"""

import argparse
import json
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from uuid import UUID

import numpy as np
from qdrant_client import QdrantClient

from governance.visibility import ALWAYS_FROM, ALWAYS_TO, Access, Visibility, owner_audience
from retrieval.edge_index import EdgeIndex
from retrieval.index import DenseField, IndexPoint, KnowledgeIndex, LegQuery, SparseField
from retrieval.keywords import SparseVector
from retrieval.server_index import ServerIndex

DIMENSIONS = 384
TENANTS = 50
TOPICS = 400
TERMS = 30_000
LIMIT = 100
SEARCHES = 200
CHUNKS_OF_A_DOCUMENT = 20
MOST_GROWTH = 2.5
LEAST_GAIN = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Milliseconds of one kind of search, and the share of the exact answer it found.

    `cpu_p50` and `cpu_p95` are processor time over all threads: what to compare on a machine
    that does other things as well.
    """

    p50: float
    p95: float
    cpu_p50: float
    cpu_p95: float
    recall: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What was seen at one size."""

    points: int
    upserts_per_second: float
    optimize_seconds: float
    own: Latency
    open: Latency
    wide: Latency
    add_document_seconds: float
    optimize_after_adding_seconds: float
    open_after_adding: Latency


class World:
    """Points and questions that follow from a seed; vectors are float32, unit length."""

    def __init__(self, size: int, seed: int = 7) -> None:
        draw = np.random.default_rng(seed)
        topics = draw.normal(size=(TOPICS, DIMENSIONS)).astype(np.float32)
        self.topic = draw.integers(0, TOPICS, size + CHUNKS_OF_A_DOCUMENT)
        self.dense = {
            field: _unit(
                topics[self.topic]
                + draw.normal(scale=0.9, size=(len(self.topic), DIMENSIONS)).astype(np.float32)
            )
            for field in DenseField
        }
        self.size = size
        self._draw = draw

    def points(self, start: int, stop: int) -> list[IndexPoint]:
        """The points numbered from start to stop, end exclusive."""
        return [
            IndexPoint(
                id=UUID(int=number + 1).hex,
                document_id=f"document-{number // CHUNKS_OF_A_DOCUMENT}",
                version=1,
                access=access_of(number),
                dense={field: self.dense[field][number].tolist() for field in DenseField},
                sparse={field: self._terms(60) for field in SparseField},
            )
            for number in range(start, stop)
        ]

    def question(self) -> list[LegQuery]:
        """One leg per field, near a random point."""
        near = int(self._draw.integers(0, self.size))
        noise = self._draw.normal(scale=0.03, size=DIMENSIONS)
        dense = [
            LegQuery(
                field=field,
                vector=(self.dense[field][near] + noise).astype(np.float32).tolist(),
                limit=LIMIT,
            )
            for field in DenseField
        ]
        return [
            *dense,
            *(LegQuery(field=field, vector=self._terms(8), limit=LIMIT) for field in SparseField),
        ]

    def exact(self, leg: LegQuery, visible: np.ndarray) -> set[str]:
        """The nearest points to a dense leg among those at the given numbers."""
        field = DenseField(leg.field)
        scores = self.dense[field][visible] @ np.asarray(leg.vector, dtype=np.float32)
        best = visible[np.argsort(-scores)[:LIMIT]]
        return {UUID(int=int(number) + 1).hex for number in best}

    def _terms(self, count: int) -> SparseVector:
        terms = np.unique(np.minimum(self._draw.zipf(1.25, count), TERMS))
        weights = self._draw.uniform(0.2, 2.2, len(terms))
        return SparseVector(indices=tuple(terms.tolist()), values=tuple(weights.tolist()))


def access_of(number: int) -> Access:
    """Spread documents over the tenants; every tenth is for all partners."""
    document = number // CHUNKS_OF_A_DOCUMENT
    audience = frozenset({"partners"} if document % 10 == 0 else {"everyone-else"})
    return Access(
        tenant=f"tenant-{document % TENANTS}",
        audience=audience,
        document_audience=audience,
        approved=True,
        valid_from=ALWAYS_FROM,
        valid_to=ALWAYS_TO,
        doc_type="faq",
        product="",
        releases=frozenset(),
    )


def asker(kind: str, number: int) -> Visibility:
    """A reader of their own points, of the shared ones too, or of everything."""
    readers = {owner_audience(f"tenant-{(number * 7 + 1) % TENANTS}")}
    readers |= {"partners"} if kind == "open" else set()
    readers |= {"partners", "everyone-else"} if kind == "wide" else set()
    return Visibility(readers=frozenset(readers), day=date(2026, 1, 1).toordinal())


def measure_searches(
    index: KnowledgeIndex, world: World, kind: str, *, searches: int, stored: int
) -> Latency:
    """Time searches of one kind and compare some of them with the exact answer."""
    accesses = [access_of(number) for number in range(stored)]
    milliseconds: list[float] = []
    cpu_milliseconds: list[float] = []
    recalls: list[float] = []
    for number in range(searches + 10):
        rule = asker(kind, number)
        legs = world.question()
        begun, begun_cpu = time.perf_counter(), time.process_time()
        answers = index.search(legs, rule)
        milliseconds.append((time.perf_counter() - begun) * 1e3)
        cpu_milliseconds.append((time.process_time() - begun_cpu) * 1e3)
        if number % 4 == 0:
            visible = np.array([at for at, each in enumerate(accesses) if rule.admits(each)])
            for leg, hits in islice(zip(legs, answers, strict=True), len(DenseField)):
                wanted = world.exact(leg, visible)
                recalls.append(len(wanted & {hit.chunk_id for hit in hits}) / len(wanted))
    p50, p95 = np.percentile(milliseconds[10:], [50, 95])
    cpu_p50, cpu_p95 = np.percentile(cpu_milliseconds[10:], [50, 95])
    return Latency(
        p50=round(float(p50), 2),
        p95=round(float(p95), 2),
        cpu_p50=round(float(cpu_p50), 2),
        cpu_p95=round(float(cpu_p95), 2),
        recall=round(float(np.mean(recalls)), 4),
    )


def fill(index: KnowledgeIndex, world: World) -> float:
    """Write all points but the last document's; returns points per second of the index's time."""
    spent = 0.0
    for start in range(0, world.size, 2_000):
        points = world.points(start, min(start + 2_000, world.size))
        spent += timed(lambda points=points: index.upsert(points))  # type: ignore[misc]
    return world.size / spent


def timed(action: Callable[[], None]) -> float:
    """Seconds that an action takes."""
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def measure(size: int) -> Measurement:
    """Fill an embedded index of one size and see how it does."""
    world = World(size)
    folder = Path(tempfile.mkdtemp(prefix="index-scale-"))
    index = EdgeIndex(folder, DIMENSIONS)
    try:
        rate = fill(index, world)
        optimizing = timed(index.optimize)
        before = {
            kind: measure_searches(index, world, kind, searches=SEARCHES, stored=size)
            for kind in ("own", "open", "wide")
        }
        document = world.points(size, size + CHUNKS_OF_A_DOCUMENT)
        adding = timed(lambda: index.upsert(document))
        optimizing_again = timed(index.optimize)
        return Measurement(
            points=size,
            upserts_per_second=round(rate),
            optimize_seconds=round(optimizing, 1),
            own=before["own"],
            open=before["open"],
            wide=before["wide"],
            add_document_seconds=round(adding, 4),
            optimize_after_adding_seconds=round(optimizing_again, 4),
            open_after_adding=measure_searches(
                index, world, "open", searches=SEARCHES, stored=size + CHUNKS_OF_A_DOCUMENT
            ),
        )
    finally:
        index.close()
        shutil.rmtree(folder)


def measure_local_mode(size: int) -> Latency:
    """The same searches in qdrant-client's local mode, what tutorials use."""
    warnings.simplefilter("ignore")
    world = World(size)
    index = ServerIndex(QdrantClient(":memory:"), "bench", DIMENSIONS)
    fill(index, world)
    return measure_searches(index, world, "own", searches=12, stored=size)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print; a figure beyond its bound is marked."""
    parser = argparse.ArgumentParser(description="How the embedded index grows.")
    parser.add_argument("--sizes", default="10000,20000,100000")
    parser.add_argument("--local-mode", type=int, default=20_000, help="its size; 0 leaves it out")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    seen = []
    for size in map(int, options.sizes.split(",")):
        seen.append(measure(size))
        if not options.json:
            print(describe(seen[-1]), flush=True)
    local = measure_local_mode(options.local_mode) if options.local_mode else None
    if options.json:
        print(
            json.dumps(
                {
                    "edge": [asdict(each) for each in seen],
                    "local_mode": asdict(local) if local else None,
                }
            )
        )
        return
    first, last = seen[0], seen[-1]
    for kind in ("own", "open", "wide"):
        small, large = getattr(first, kind), getattr(last, kind)
        growth = large.p95 / small.p95
        print(
            f"p95 of {kind} searches, {last.points:,} to {first.points:,} points:"
            f" {growth:.2f} times ({_verdict(holds=growth <= MOST_GROWTH)} {MOST_GROWTH});"
            f" processor time {large.cpu_p95 / small.cpu_p95:.2f} times"
        )
    if local:
        like = min(seen, key=lambda each: abs(each.points - options.local_mode))
        gain = local.p50 / like.own.p50
        print(
            f"local mode, {options.local_mode:,} points: p50 {local.p50} ms, p95 {local.p95} ms;"
            f" Edge is {gain:.0f} times faster ({_verdict(holds=gain >= LEAST_GAIN)} {LEAST_GAIN})"
        )


def describe(seen: Measurement) -> str:
    """Put one measurement into lines."""
    kinds = {"own": seen.own, "open": seen.open, "wide": seen.wide}
    kinds["open, a document later"] = seen.open_after_adding
    searches = "\n".join(
        f"  {kind}: p50 {each.p50} ms, p95 {each.p95} ms;"
        f" processor p50 {each.cpu_p50} ms, p95 {each.cpu_p95} ms; recall@{LIMIT} {each.recall}"
        for kind, each in kinds.items()
    )
    return (
        f"{seen.points:,} points: {seen.upserts_per_second:,.0f} upserts/s,"
        f" optimize {seen.optimize_seconds} s\n{searches}\n"
        f"  adding a document of {CHUNKS_OF_A_DOCUMENT}: {seen.add_document_seconds} s,"
        f" optimize after it {seen.optimize_after_adding_seconds} s"
    )


def _verdict(*, holds: bool) -> str:
    return "within" if holds else "BEYOND"


def _unit(vectors: np.ndarray) -> np.ndarray:
    unit: np.ndarray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


if __name__ == "__main__":
    main()
