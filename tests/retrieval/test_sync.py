"""The index follows the catalog without ever standing in the way of a search."""

import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from foundation.blobs import BlobStore
from foundation.clock import system_clock
from foundation.database import open_database
from foundation.errors import StorageError
from governance.catalog import Catalog, PlannedVersion
from governance.document import ApprovalState
from governance.visibility import Access
from governance.visible_catalog import VisibleCatalog
from ingest.manifest import IngestOptions
from ingest.pipeline import IngestRun, Pipeline
from ingest.source import discover
from retrieval import sync
from retrieval.query import Query
from retrieval.retriever import Retriever
from retrieval.sync import IndexSync
from tests.fakes.hash_embedder import HashEmbedder
from tests.fakes.memory_index import MemoryIndex
from tests.fakes.ticket_redaction import tickets_as_they_are
from tests.ingest.ingesting import PARTNER

DOCUMENTS = 9


class WatchedIndex(MemoryIndex):
    """Counts changes of access, can refuse them, and can make them wait."""

    def __init__(self) -> None:
        super().__init__()
        self.changed = 0
        self.full = False
        self.going = threading.Event()
        self.going.set()
        self.began = threading.Event()

    def set_access(self, document_id: str, version: int, access: Access) -> None:
        self.began.set()
        assert self.going.wait(20)
        if self.full:
            raise StorageError("could not write to the index: the disk is full")
        self.changed += 1
        super().set_access(document_id, version, access)


class World:
    """Drafts in the index, and somebody who searches."""

    def __init__(self, folder: Path) -> None:
        self.database = open_database(f"sqlite:///{folder / 'copilot.db'}")
        self.catalog = Catalog(self.database, system_clock)
        self.index = WatchedIndex()
        self.sync = IndexSync(self.catalog, self.index)
        embedder = HashEmbedder()
        self.retriever = Retriever(
            visible_catalog=VisibleCatalog(self.catalog, system_clock),
            index=self.index,
            embedder=embedder,
            sync=self.sync,
        )
        corpus = folder / "corpus"
        corpus.mkdir()
        for number in range(DOCUMENTS):
            (corpus / f"note-{number}.md").write_text(f"# Note {number}\n\nThe tax of note.\n")
        options = IngestOptions(
            tenant="northstar", audience=("partners",), approval=ApprovalState.DRAFT
        )
        Pipeline(
            catalog=self.catalog,
            index=self.index,
            embedder=embedder,
            blobs=BlobStore(str(folder / "blobs")),
            tickets=tickets_as_they_are,
        ).run(discover([corpus], options), IngestRun(workers=1))
        self.index.changed = 0

    def approve_all(self) -> None:
        for one in self.catalog.newest():
            self.catalog.set_approval(one.document_id, 1, state=ApprovalState.IN_REVIEW, by="owner")
            self.catalog.set_approval(one.document_id, 1, state=ApprovalState.APPROVED, by="owner")

    def found(self) -> int:
        query = Query(text="tax of note", principal=PARTNER, limit=50)
        return len(self.retriever.search(query).passages)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.database.close()


def test_a_full_disk_fails_no_search_and_the_change_is_not_forgotten(
    world: World, caplog: pytest.LogCaptureFixture
):
    world.approve_all()
    world.index.full = True
    with caplog.at_level(logging.WARNING, logger="copilot.index"):
        assert world.found() == 0
    assert "the disk is full" in caplog.text
    world.index.full = False
    assert world.found() == DOCUMENTS


def test_a_writer_is_told_that_the_disk_is_full(world: World):
    world.approve_all()
    world.index.full = True
    with pytest.raises(StorageError, match="the disk is full"):
        world.sync.catch_up()


def test_a_mass_update_is_taken_in_a_step_a_search(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sync, "STEP", 4)
    world.approve_all()
    assert [world.found(), world.found(), world.found()] == [4, 8, DOCUMENTS]
    assert world.catalog.index_changes() == ()


def test_while_a_mass_update_is_taken_in_other_searches_do_not_wait(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sync, "STEP", 4)
    world.approve_all()
    world.index.began.clear()
    world.index.going.clear()
    at_it = threading.Thread(target=world.found)
    at_it.start()
    assert world.index.began.wait(20)
    assert world.found() == 0
    assert at_it.is_alive()
    world.index.going.set()
    at_it.join(20)
    assert world.index.changed == 4


def test_a_search_during_a_small_change_waits_and_finds_it(world: World):
    world.approve_all()
    world.index.began.clear()
    world.index.going.clear()
    results: list[int] = []
    searches = [threading.Thread(target=lambda: results.append(world.found())) for _ in range(3)]
    for one in searches:
        one.start()
    assert world.index.began.wait(20)
    world.index.going.set()
    for one in searches:
        one.join(20)
    assert results == [DOCUMENTS] * 3


def test_a_writer_catches_up_with_everything(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sync, "STEP", 4)
    world.approve_all()
    assert world.sync.catch_up() >= DOCUMENTS
    assert world.catalog.index_changes() == ()
    assert world.found() == DOCUMENTS


def test_a_deletion_takes_only_what_the_catalog_no_longer_has(world: World):
    world.approve_all()
    gone = world.catalog.newest()[0]
    world.catalog.erase(gone.document_id)
    assert world.found() == DOCUMENTS - 1
    assert gone.document_id not in {document for document, _ in world.index.versions()}


def test_where_others_write_too_only_what_was_announced_long_ago_is_removed(world: World):
    moment = 0.0
    shared = IndexSync(world.catalog, world.index, lambda: moment)
    left, written, other = (
        PlannedVersion(document_id=one.document_id, version=2, access=one.access)
        for one in world.catalog.newest()[:3]
    )
    world.catalog.announce([left, written])
    assert shared.repair_abandoned() == 0
    moment = sync.ABANDONED_SECONDS
    # Somebody has taken the second up again, and another has begun just now.
    world.catalog.announce([written, other])
    assert shared.repair_abandoned() == 1
    waiting = {(one.document_id, one.version) for one in world.catalog.index_changes()}
    assert waiting == {(written.document_id, 2), (other.document_id, 2)}
