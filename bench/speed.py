"""How fast, side by side with the usual recipe, in one process on the same files.

    python -m bench.speed --work FOLDER [--files 300] [--chunks 20000] [--skip unchanged,serve]

Both have their model loaded before the clock starts. Passages are grown to the wanted number by
repeating the files for more tenants with their vectors a little perturbed, on both sides.
"""

import argparse
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import cached_property
from pathlib import Path

import numpy as np

from bench.figures import Board
from bench.recipe import Recipe, cpu_seconds
from bench.server import Client, command, served, token_for
from bench.worlds import (
    BenchAssembly,
    RealWorld,
    business_central,
    shared_data,
)
from copilot.ask import Asked
from eval.summary import percentiles
from governance.document import ApprovalState
from governance.principal import Principal, Role
from ingest.manifest import IngestOptions
from ingest.pipeline import IngestRun
from ingest.source import discover
from retrieval.embedding import PACKAGED_MODEL, SentenceTransformerEmbedder
from retrieval.query import Query
from retrieval.retriever import Retriever
from retrieval.sync import IndexSync

QUESTIONS = 60
TENANTS = 10
_NOISE = 0.02


class Remembering(SentenceTransformerEmbedder):
    """The shipped embedder, which also keeps the vectors it made of documents."""

    def __init__(self) -> None:
        super().__init__(PACKAGED_MODEL)
        self.vectors: dict[str, np.ndarray] = {}

    def embed_documents(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors, float32, one row a text."""
        rows = super().embed_documents(texts)
        self.vectors.update(zip(texts, rows, strict=True))
        return rows


class Repeating(Remembering):
    """Gives known texts their known vectors, a little perturbed, at no cost."""

    def __init__(self, known: Remembering) -> None:
        super().__init__()
        self.vectors = known.vectors
        self._draw = np.random.default_rng(11)

    def embed_documents(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors, float32, one row a text."""
        rows = np.array([self.vectors[text] for text in texts], dtype=np.float32)
        rows += self._draw.normal(scale=_NOISE, size=rows.shape).astype(np.float32)
        unit: np.ndarray = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit


class Known:
    """A question embedder that has every question's vector already."""

    def __init__(self, vectors: dict[str, np.ndarray]) -> None:
        self._vectors = vectors

    def embed_question(self, text: str) -> np.ndarray:
        """The vector, looked up."""
        return self._vectors[text]


class SpeedAssembly(BenchAssembly):
    """The running parts with an embedder of the bench's choosing."""

    def __init__(self, data_dir: Path, embedder: Remembering) -> None:
        super().__init__(data_dir)
        self._given = embedder

    @cached_property
    def embedder(self) -> Remembering:
        """The embedder that was handed in."""
        return self._given

    def ingest_for(self, tenant: str, folder: Path) -> tuple[int, float]:
        """Ingest a folder as one tenant's own; returns chunks and seconds, discovery included."""
        began = time.perf_counter()
        options = IngestOptions(
            tenant=tenant, audience=(f"tenant:{tenant}",), approval=ApprovalState.APPROVED
        )
        report = self.pipeline.run(discover([folder], options), IngestRun())
        return report.chunks, time.perf_counter() - began


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; returns 0 whether the targets hold or not."""
    parser = argparse.ArgumentParser(description="Speed, side by side with the usual recipe.")
    parser.add_argument("--work", type=Path, required=True, help="folder for indexes")
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--chunks", type=int, default=20_000)
    parser.add_argument("--skip", default="", help="unchanged, serve; by commas")
    options = parser.parse_args(arguments)
    options.work.mkdir(parents=True, exist_ok=True)
    skipped = set(options.skip.split(","))
    board = Board()
    measure_help(board)
    data = shared_data()
    if data is None:
        print("no real documents: set COPILOT_SHARED_DATA; nothing else can be measured")
        return 0
    folder = _same_files(data, options.work / "same-files", options.files)
    questions = [case.question for case in business_central(data).cases[:QUESTIONS]]
    recipe, embedder = Recipe(), Remembering()
    embedder.embed_question("warm")
    measure_ingest(folder, recipe, embedder, options, board)
    grown = SpeedAssembly(_empty(options.work / "speed-grown"), Repeating(embedder))
    try:
        _grow(grown, recipe, folder, options)
        measure_search(grown, recipe, questions, board)
        measure_ask(grown, questions, board)
    finally:
        grown.close()
    if "serve" not in skipped:
        measure_serve(options.work, questions[0], board)
    if "unchanged" not in skipped:
        measure_unchanged(data, options.work, board)
    board.close()
    return 0


def measure_help(board: Board) -> None:
    """How long `--help` takes, the best of five: what else runs must not count."""
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run(command("--help"), capture_output=True, check=True)
        seconds.append(time.perf_counter() - began)
    board.add("--help, best of five", min(seconds), "s", at_most=0.4)


def measure_ingest(
    folder: Path,
    recipe: Recipe,
    embedder: Remembering,
    options: argparse.Namespace,
    board: Board,
) -> None:
    """Item 6, ingest: the same files through both."""
    megabytes = sum(path.stat().st_size for path in folder.rglob("*.md")) / 1e6
    theirs = recipe.ingest(folder, TENANTS)
    with closing(SpeedAssembly(_empty(options.work / "speed-first"), embedder)) as assembly:
        cpu_began = cpu_seconds()
        chunks, seconds = assembly.ingest_for("tenant-0", folder)
        cpu = cpu_seconds() - cpu_began
    board.add("ingest, recipe: chunks", theirs.chunks, digits=0)
    board.add("ingest, recipe: seconds", theirs.seconds, "s", digits=1)
    board.add("ingest, recipe: rate", theirs.chunks / theirs.seconds, "chunks/s", digits=1)
    board.add("ingest, recipe: text", megabytes / theirs.seconds, "MB/s")
    board.add("ingest, ours: chunks", chunks, digits=0)
    board.add("ingest, ours: seconds", seconds, "s", digits=1)
    board.add("ingest, ours: rate", chunks / seconds, "chunks/s", digits=1)
    board.add("ingest, ours: text", megabytes / seconds, "MB/s")
    rate = (chunks / seconds) / (theirs.chunks / theirs.seconds)
    board.add("ingest, ours over recipe, chunks a second", rate, "times", at_least=2.5, digits=2)
    board.add("ingest, ours over recipe, text a second", theirs.seconds / seconds, "times")
    # What does not depend on who else uses the machine.
    work = (chunks / cpu) / (theirs.chunks / theirs.cpu_seconds)
    board.add("ingest, ours over recipe, chunks a CPU second", work, "times", digits=2)


def measure_search(
    assembly: SpeedAssembly, recipe: Recipe, questions: Sequence[str], board: Board
) -> None:
    """Item 6, filtered search: with the question's embedding, and with it known beforehand.

    Ours is the whole search: three legs under the rule, catalog check, fusion, passages.
    """
    principal = asker("tenant-3")
    known = {text: assembly.embedder.embed_question(text) for text in questions}
    vectors = {text: recipe.embeddings.embed_query(text) for text in questions}
    without_embedding = Retriever(
        visible_catalog=assembly.visible_catalog,
        index=assembly.index,
        embedder=Known(known),
        sync=IndexSync(assembly.catalog, assembly.index),
    )

    def ours(retriever: Retriever) -> Callable[[str], object]:
        return lambda text: retriever.search(Query(text=text, principal=principal))

    def theirs(text: str) -> object:
        return recipe.search(text, "tenant-3")

    def theirs_by_vector(text: str) -> object:
        return recipe.search_by_vector(vectors[text], "tenant-3")

    board.add("search: chunks in our index", assembly.index.count(), digits=0)
    board.add("search: chunks in the recipe's store", recipe.count(), digits=0)
    pairs = (
        ("without the embedding", ours(without_embedding), theirs_by_vector, 20.0),
        ("with the embedding", ours(assembly.retriever), theirs, 5.0),
    )
    for name, our_search, their_search, target in pairs:
        our_p50, our_p95 = _timed(our_search, questions)
        their_p50, their_p95 = _timed(their_search, questions)
        board.add(f"search {name}, ours: p50", our_p50, "ms", digits=2)
        board.add(f"search {name}, ours: p95", our_p95, "ms", digits=2)
        board.add(f"search {name}, recipe: p50", their_p50, "ms", digits=2)
        board.add(f"search {name}, recipe: p95", their_p95, "ms", digits=2)
        ratio = their_p50 / our_p50
        board.add(f"search {name}, ours is faster", ratio, "times", at_least=target, digits=1)


def measure_ask(assembly: SpeedAssembly, questions: Sequence[str], board: Board) -> None:
    """An extractive ask, records and all, against one query embedding; turn about."""
    principal = asker("tenant-3")
    embedding: list[float] = []
    asking: list[float] = []
    for text in (questions[0], *questions):
        began = time.perf_counter()
        assembly.embedder.embed_question(text)
        between = time.perf_counter()
        assembly.copilot.ask(Asked(text=text, principal=principal))
        embedding.append((between - began) * 1000)
        asking.append((time.perf_counter() - between) * 1000)
    one, ask = statistics.median(embedding[1:]), statistics.median(asking[1:])
    board.add("one query embedding: p50", one, "ms", digits=2)
    board.add("an extractive ask: p50", ask, "ms", digits=2)
    board.add("an extractive ask: p95", percentiles(asking[1:])[1], "ms", digits=2)
    board.add("an extractive ask over one query embedding", ask / one, "times", at_most=6.0)


def measure_serve(work: Path, question: str, board: Board) -> None:
    """Resident memory of the server over the grown index, after a few questions."""
    data_dir = work / "speed-grown"
    principal = asker("tenant-3")
    token = token_for(principal, data_dir)
    with served(data_dir, work / "speed-server.log") as server:
        board.add("serve: resident memory when ready", server.resident_megabytes(), "MB", digits=0)
        client = Client(server.port, token)
        for _ in range(5):
            client.post("/v1/ask", {"question": question})
        client.close()
        board.add("serve: resident memory in use", server.resident_megabytes(), "MB", digits=0)


def measure_unchanged(data: Path, work: Path, board: Board) -> None:
    """The second ingest of unchanged business_central against its first."""
    with closing(RealWorld(data, work)) as world:
        first = world.ingest_real()
        second = world.ingest_real()
    board.add("business_central: first ingest", first.first_seconds, "s", digits=1)
    board.add("business_central: ingest of the unchanged", second.seconds, "s", digits=2)
    board.add(
        "ingest of the unchanged over the first",
        second.seconds / first.first_seconds,
        at_most=0.03,
        digits=4,
    )


def asker(tenant: str) -> Principal:
    """A consultant of a tenant."""
    return Principal(subject="bench", tenant=tenant, roles=frozenset({Role.PARTNER_CONSULTANT}))


def _grow(
    assembly: SpeedAssembly, recipe: Recipe, folder: Path, options: argparse.Namespace
) -> None:
    """Fill both to the wanted number of chunks; on our side the last tenant gets all its files."""
    tenant = 0
    while assembly.index.count() < options.chunks:
        assembly.ingest_for(f"tenant-{tenant}", folder)
        tenant += 1
    recipe.grow(options.chunks, TENANTS)


def _timed(action: Callable[[str], object], questions: Sequence[str]) -> tuple[float, float]:
    milliseconds = []
    for text in (*questions[:3], *questions):
        began = time.perf_counter()
        action(text)
        milliseconds.append((time.perf_counter() - began) * 1000)
    return percentiles(milliseconds[3:])


def _same_files(data: Path, folder: Path, number: int) -> Path:
    """Copy the first so-many Markdown pages by sorted name; what they include stays behind."""
    shutil.rmtree(folder, ignore_errors=True)
    docs = data / "business_central" / "docs"
    for page in sorted(docs.rglob("*.md"))[:number]:
        target = folder / page.relative_to(docs)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(page, target)
    return folder


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


if __name__ == "__main__":
    raise SystemExit(main())
