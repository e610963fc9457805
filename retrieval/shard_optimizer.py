"""Optimises a shard of Qdrant Edge in a process of its own.

`EdgeShard.optimize` (0.9.0) holds the interpreter's lock for as long as it runs, which is minutes
for 100,000 points; no other thread of the process would get a turn.
"""

import json
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

from foundation.errors import StorageError
from retrieval.layout import BUILD_BREADTH, Layout

# Only on Linux can a child ask to go when its parent is killed. Elsewhere it ends when it is
# done, in a folder that the next start throws away.
_PROGRAM = """
import ctypes, json, sys
import qdrant_edge as edge
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, 9)
plan = json.loads(sys.argv[1])
layout, cosine = plan["layout"], edge.Distance.Cosine
shard = edge.EdgeShard.load(plan["path"], edge.EdgeConfig(
    vectors={name: edge.EdgeVectorParams(layout["dimensions"], cosine) for name in layout["dense"]},
    sparse_vectors={name: edge.EdgeSparseVectorParams() for name in layout["sparse"]},
    hnsw_config=edge.HnswIndexConfig(**plan["graph"]),
))
shard.optimize()
shard.flush()
shard.close()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimizePlan:
    """What to optimise, and the graph to give it: `links` is 0 where none is to be built.

    `exact_kilobytes` is the size of vectors below which a search compares with all of them.
    """

    path: Path
    layout: Layout
    links: int
    exact_kilobytes: int


class ShardOptimizer:
    """Runs one plan at a time, and can be stopped from another thread."""

    def __init__(self) -> None:
        self._changing = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def run(self, plan: OptimizePlan) -> None:
        """Optimise the shard; it must not be open anywhere. Raises `StorageError`."""
        with self._changing:
            if self._stopped:
                raise StorageError("optimising was given up because the index was closed")
            process = self._process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-c", _PROGRAM, _argument(plan)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
        try:
            _, complaint = process.communicate()
        finally:
            process.kill()
            self._process = None
        if self._stopped:
            raise StorageError("optimising was given up because the index was closed")
        if process.returncode:
            reason = complaint.decode(errors="replace").strip().rpartition("\n")[2]
            raise StorageError(
                f"the index could not be optimised ({reason or f'status {process.returncode}'});"
                " it still answers, more slowly: see that memory and disk space are free, and"
                " ingest again"
            )

    def stop(self) -> None:
        """Give up what runs, and whatever would still be asked for."""
        with self._changing:
            self._stopped = True
            if self._process is not None:
                self._process.kill()


def _argument(plan: OptimizePlan) -> str:
    graph = {
        "m": plan.links,
        "ef_construct": BUILD_BREADTH,
        "full_scan_threshold": plan.exact_kilobytes,
    }
    return json.dumps({"path": str(plan.path), "layout": asdict(plan.layout), "graph": graph})
