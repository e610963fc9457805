"""A small house around the pipeline, for tests here and for the processes they start and kill."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from foundation.blobs import BlobStore
from foundation.clock import Clock, system_clock
from foundation.database import open_database
from governance.catalog import Catalog
from governance.document import ApprovalState
from governance.principal import Principal, Role
from governance.visibility import Filters
from governance.visible_catalog import VisibleCatalog
from ingest.manifest import IngestOptions
from ingest.pipeline import IngestReport, IngestRun, Pipeline, Prune
from ingest.source import discover
from ingest.ticket_redaction import TicketRedaction
from retrieval.edge_index import EdgeIndex
from retrieval.passage import Passage
from retrieval.query import Query
from retrieval.retriever import Retriever
from retrieval.sync import IndexSync
from tests.fakes.hash_embedder import HashEmbedder
from tests.fakes.ticket_redaction import tickets_as_they_are

PARTNER = Principal(subject="p", tenant="acme", roles=frozenset({Role.PARTNER_CONSULTANT}))


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The parts a test looks at."""

    catalog: Catalog
    index: EdgeIndex
    pipeline: Pipeline
    retriever: Retriever

    def ingest(
        self, *paths: Path, prune: Prune = Prune.NO, approval: str = "approved", **how: object
    ) -> IngestReport:
        options = IngestOptions(
            tenant="northstar", audience=("partners",), approval=ApprovalState(approval)
        )
        run = IngestRun(prune=prune, workers=1, **how)  # type: ignore[arg-type]
        return self.pipeline.run(discover(paths, options), run)

    def search(
        self, text: str, who: Principal = PARTNER, filters: Filters | None = None, limit: int = 10
    ) -> tuple[Passage, ...]:
        query = Query(text=text, principal=who, filters=filters or Filters(), limit=limit)
        return self.retriever.search(query).passages


@contextmanager
def house(
    folder: Path,
    clock: Clock = system_clock,
    tickets: Callable[[], TicketRedaction] = tickets_as_they_are,
) -> Iterator[House]:
    """Open everything over one folder, and close it again."""
    database = open_database(f"sqlite:///{folder / 'copilot.db'}")
    embedder = HashEmbedder()
    index = EdgeIndex(folder / "index", embedder.dimensions)
    try:
        catalog = Catalog(database, clock)
        yield House(
            catalog=catalog,
            index=index,
            pipeline=Pipeline(
                catalog=catalog,
                index=index,
                embedder=embedder,
                blobs=BlobStore(str(folder / "blobs")),
                tickets=tickets,
            ),
            retriever=Retriever(
                visible_catalog=VisibleCatalog(catalog, clock),
                index=index,
                embedder=embedder,
                sync=IndexSync(catalog, index),
            ),
        )
    finally:
        index.close()
        database.close()


if __name__ == "__main__":
    # Started by tests that kill it: data folder, corpus folder, "careful" to prune.
    with house(Path(sys.argv[1])) as opened:
        print("open", flush=True)
        done = opened.ingest(Path(sys.argv[2]), prune=Prune(sys.argv[3]))
        print(f"done {done.added} {done.updated} {done.unchanged} {done.removed}", flush=True)
