"""From the call to unretrievable: how long a deletion takes while others ask.

The sample corpus, with its model, in a folder of its own. Sixteen askers search on and on; one
document after another is deleted, and each time it is counted how often anybody saw it afterwards.
"""

import argparse
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from assembly import Assembly
from bench.figures import Board
from copilot.ask import Asked
from foundation.settings import Settings
from governance.author import Author
from governance.document import DocumentVersion
from governance.principal import Principal, Role
from ingest.manifest import IngestOptions
from ingest.pipeline import IngestRun
from ingest.source import discover
from retrieval.query import Query

_ASKERS = 16
_NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
_ACME = Principal(
    subject="bench", tenant="acme", roles=frozenset({Role.PARTNER_CONSULTANT}),
    attributes={"tier": "gold", "region": "emea"},
)  # fmt: skip


@dataclass(slots=True)
class _Watch:
    """Who sees what: `gone` are documents whose deletion had returned before a search began."""

    gone: set[str] = field(default_factory=set)
    searches: int = 0
    seen_again: int = 0
    stopping: bool = False


def main() -> int:
    """Run and print; returns 0 where nobody saw what had been deleted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deletions", type=int, default=40)
    options = parser.parse_args()
    board = Board()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        with closing(Assembly(settings, lambda: _NOW)) as house:
            house.pipeline.run(discover([Path("corpora/sample")], IngestOptions()), IngestRun())
            documents = _deletable(house)
            questions = [one.metadata.title for one in documents]
            _quote(house, questions)
            random.Random(7).shuffle(documents)
            _measure(board, house, documents[: options.deletions], questions)
    board.close()
    return 0 if all(one.holds for one in board.figures) else 1


def _deletable(house: Assembly) -> list[DocumentVersion]:
    visible = house.visible_catalog
    found = visible.documents(visible.visibility(_ACME))
    return [one for one in found if one.metadata.doc_type.value != "ticket"]


def _quote(house: Assembly, questions: Sequence[str]) -> None:
    # So that there is something to take out of what was answered.
    for question in questions:
        house.copilot.ask(Asked(text=f"What about {question}?", principal=_ACME))


def _measure(
    board: Board, house: Assembly, documents: Sequence[DocumentVersion], questions: Sequence[str]
) -> None:
    unretrievable: list[float] = []
    finished: list[float] = []
    quotes = unfinished = 0
    with _asked(house, questions) as watch:
        for version in documents:
            owner = Author(
                principal=Principal(
                    subject="bench", tenant=version.tenant, roles=frozenset({Role.CONTENT_OWNER})
                )
            )
            proof = house.documents.deletions.delete(owner, version.document_id)
            watch.gone.add(version.document_id)
            unretrievable.append(proof.unretrievable_after * 1000)
            finished.append(proof.finished_after * 1000)
            quotes += proof.removed.quotes
            unfinished += bool(proof.unfinished)
            time.sleep(0.05)
    board.add("documents deleted", len(documents), digits=0)
    board.add("outcomes whose quotes were emptied", quotes, digits=0)
    board.add("call to unretrievable, median", statistics.median(unretrievable), "ms", digits=1)
    board.add("call to unretrievable, slowest", max(unretrievable), "ms", digits=1)
    board.add("call to all gone, median", statistics.median(finished), "ms", digits=1)
    board.add("call to all gone, slowest", max(finished), "ms", digits=1)
    board.add("deletions that left something to do", unfinished, at_most=0, digits=0)
    board.add("searches meanwhile", watch.searches, digits=0)
    board.add("sightings after the call's return", watch.seen_again, at_most=0, digits=0)


@contextmanager
def _asked(house: Assembly, questions: Sequence[str]) -> Iterator[_Watch]:
    watch, lock = _Watch(), threading.Lock()

    def ask(number: int) -> None:
        chosen = random.Random(number)
        while not watch.stopping:
            gone = frozenset(watch.gone)
            query = Query(text=chosen.choice(questions), principal=_ACME, limit=10)
            found = house.retriever.search(query).passages
            with lock:
                watch.searches += 1
                watch.seen_again += any(one.chunk.document_id in gone for one in found)

    with ThreadPoolExecutor(_ASKERS) as pool:
        asking = [pool.submit(ask, number) for number in range(_ASKERS)]
        try:
            yield watch
        finally:
            watch.stopping = True
            for one in asking:
                one.result()


if __name__ == "__main__":
    raise SystemExit(main())
