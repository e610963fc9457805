import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from foundation.errors import DataFolderBusyError, StorageError
from retrieval import edge_index
from retrieval.edge_index import EdgeIndex
from tests.fakes.index_points import DIMENSIONS, PARTNER, access, found, legs, point
from tests.fakes.memory_index import MemoryIndex

WRITER = """
import sys
from pathlib import Path
from retrieval.edge_index import EdgeIndex
from tests.fakes.index_points import DIMENSIONS, point
index = EdgeIndex(Path(sys.argv[1]), DIMENSIONS)
for batch in range(1_000_000):
    index.upsert([point(batch * 5 + each, f"document-{batch}") for each in range(1, 6)])
    print(batch, flush=True)
"""


def start_writer(folder: Path) -> subprocess.Popen[str]:
    """Another process that writes documents of five points and says when each is written."""
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def index(folder: Path) -> Iterator[EdgeIndex]:
    index = EdgeIndex(folder, DIMENSIONS)
    yield index
    index.close()


def test_reopening_keeps_everything(folder: Path, index: EdgeIndex) -> None:
    index.upsert([point(number, f"document-{number % 3}") for number in range(1, 40)])
    index.delete("document-0")
    index.set_access("document-1", 1, access(approved=False))
    before = index.search(legs(50), PARTNER)
    index.close()
    index.close()
    reopened = EdgeIndex(folder, DIMENSIONS)
    assert reopened.search(legs(50), PARTNER) == before
    assert reopened.count() == 26
    assert set(reopened.versions()) == {("document-1", 1), ("document-2", 1)}
    reopened.close()


def test_a_closed_index_says_so(index: EdgeIndex) -> None:
    index.close()
    with pytest.raises(StorageError, match="is closed"):
        index.search(legs(1), PARTNER)
    with pytest.raises(StorageError, match="is closed"):
        index.upsert([point(1)])


def test_vectors_of_another_length_need_a_reindex_and_release_the_folder(
    folder: Path, index: EdgeIndex
) -> None:
    index.close()
    with pytest.raises(StorageError, match="partner-copilot reindex"):
        EdgeIndex(folder, DIMENSIONS + 1)
    rebuilt = EdgeIndex(folder, DIMENSIONS + 1, rebuild=True)
    rebuilt.take_over()
    rebuilt.close()
    EdgeIndex(folder, DIMENSIONS + 1).close()


def test_a_field_that_the_folder_does_not_know_needs_a_reindex(
    folder: Path, index: EdgeIndex
) -> None:
    index.close()
    pointer = folder / "index.json"
    layout = json.loads(pointer.read_text())
    pointer.write_text(json.dumps({**layout, "sparse": ["something-older"]}))
    with pytest.raises(StorageError, match="partner-copilot reindex"):
        EdgeIndex(folder, DIMENSIONS)


def test_a_damaged_folder_needs_a_reindex(folder: Path, index: EdgeIndex) -> None:
    index.close()
    [generation] = folder.glob("generation-*")
    (generation / "edge_config.json").write_text("{")
    with pytest.raises(StorageError, match="partner-copilot reindex"):
        EdgeIndex(folder, DIMENSIONS)


@pytest.mark.parametrize("optimised", [False, True])
def test_a_rebuild_counts_only_when_it_takes_over(
    folder: Path, index: EdgeIndex, monkeypatch: pytest.MonkeyPatch, *, optimised: bool
) -> None:
    monkeypatch.setattr(edge_index, "UNINDEXED_BELOW", 2)
    index.upsert([point(1)])
    index.close()
    for finished in (False, True):
        rebuilt = EdgeIndex(folder, DIMENSIONS, rebuild=True)
        assert rebuilt.count() == 0
        rebuilt.upsert([point(2), point(3)])
        if optimised:
            rebuilt.optimize()
        if finished:
            rebuilt.take_over()
        rebuilt.close()
        reopened = EdgeIndex(folder, DIMENSIONS)
        assert found(reopened) == ({point(2).id, point(3).id} if finished else {point(1).id})
        reopened.close()
        assert len(list(folder.glob("generation-*"))) == 1


def test_a_damaged_folder_can_be_rebuilt(folder: Path, index: EdgeIndex) -> None:
    index.close()
    (folder / "index.json").write_text("{")
    rebuilt = EdgeIndex(folder, DIMENSIONS, rebuild=True)
    rebuilt.upsert([point(1)])
    rebuilt.take_over()
    rebuilt.close()
    reopened = EdgeIndex(folder, DIMENSIONS)
    assert found(reopened) == {point(1).id}
    reopened.close()


def test_a_damaged_segment_needs_a_reindex_and_is_no_panic(folder: Path, index: EdgeIndex) -> None:
    index.upsert([point(number) for number in range(1, 50)])
    index.close()
    for status in folder.rglob("status.dat"):
        os.truncate(status, status.stat().st_size // 2)
    with pytest.raises(StorageError, match=r"damaged; run .partner-copilot reindex") as caught:
        EdgeIndex(folder, DIMENSIONS)
    assert "\n" not in str(caught.value)


def test_what_an_unfinished_optimisation_left_is_removed(folder: Path, index: EdgeIndex) -> None:
    index.upsert([point(1)])
    index.close()
    (folder / "generation-left-over").mkdir()
    reopened = EdgeIndex(folder, DIMENSIONS)
    assert found(reopened) == {point(1).id}
    assert len(list(folder.glob("generation-*"))) == 1
    reopened.close()


def test_a_second_process_is_told_who_holds_the_index_until_it_is_killed(folder: Path) -> None:
    writer = start_writer(folder)
    assert writer.stdout is not None
    writer.stdout.readline()
    with pytest.raises(DataFolderBusyError) as caught:
        EdgeIndex(folder, DIMENSIONS)
    assert f"process {writer.pid}" in str(caught.value)
    assert "COPILOT_QDRANT_URL" in str(caught.value)
    writer.send_signal(signal.SIGKILL)
    writer.communicate()
    EdgeIndex(folder, DIMENSIONS).close()


@pytest.mark.parametrize("moment", [0.0, 0.05, 0.3])
def test_every_acknowledged_write_survives_sigkill(folder: Path, moment: float) -> None:
    writer = start_writer(folder)
    assert writer.stdout is not None
    writer.stdout.readline()
    time.sleep(moment)
    writer.send_signal(signal.SIGKILL)
    rest, _ = writer.communicate()
    last = int(rest.split()[-1]) if rest.split() else 0
    with_points = EdgeIndex(folder, DIMENSIONS)
    try:
        for batch in range(last + 1):
            wanted = [point(batch * 5 + each).id for each in range(1, 6)]
            dense, *_ = legs(1)
            assert len(with_points.score(dense.field, dense.vector, wanted)) == 5  # type: ignore[arg-type]
        assert {f"document-{batch}" for batch in range(last + 1)} <= {
            document for document, _ in with_points.versions()
        }
    finally:
        with_points.close()


def test_optimising_waits_until_enough_has_gathered(folder: Path, index: EdgeIndex) -> None:
    before = list(folder.glob("generation-*"))
    index.upsert([point(number) for number in range(1, 100)])
    index.optimize()
    assert list(folder.glob("generation-*")) == before


def test_searches_and_writes_go_on_while_it_optimises_and_none_is_lost(
    folder: Path, index: EdgeIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge_index, "UNINDEXED_BELOW", 500)
    expected = MemoryIndex()
    points = [point(number, f"document-{number % 7}") for number in range(1, 1_001)]
    index.upsert(points)
    expected.upsert(points)
    before = list(folder.glob("generation-*"))
    optimizing = threading.Thread(target=index.optimize)
    optimizing.start()
    draw = random.Random(5)
    searches = writes = 0
    while optimizing.is_alive():
        assert len(found(index, limit=10_000)) == expected.count()
        searches += 1
        number = draw.randrange(1, 2_000)
        for each in (index, expected):
            if number % 3:
                each.upsert([point(number, f"document-{number % 7}", shift=number)])
            else:
                each.delete(f"document-{number % 7}")
        writes += 1
    optimizing.join()
    assert searches > 1
    assert writes > 1
    assert list(folder.glob("generation-*")) != before
    assert index.count() == expected.count()
    assert set(index.versions()) == set(expected.versions())
    for got, wanted in zip(
        index.search(legs(20), PARTNER), expected.search(legs(20), PARTNER), strict=True
    ):
        assert [hit.chunk_id for hit in got] == [hit.chunk_id for hit in wanted]


def test_closing_gives_up_an_optimisation_and_loses_nothing(
    folder: Path, index: EdgeIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge_index, "UNINDEXED_BELOW", 500)
    index.upsert([point(number) for number in range(1, 1_001)])
    complaints: list[StorageError] = []

    def optimize() -> None:
        try:
            index.optimize()
        except StorageError as error:
            complaints.append(error)

    optimizing = threading.Thread(target=optimize)
    optimizing.start()
    while len(list(folder.glob("generation-*"))) == 1 and optimizing.is_alive():
        time.sleep(0.001)
    index.close()
    optimizing.join()
    assert complaints
    reopened = EdgeIndex(folder, DIMENSIONS)
    assert reopened.count() == 1_000
    reopened.close()


def test_many_threads_search_while_one_writes(index: EdgeIndex) -> None:
    index.upsert([point(number, "kept") for number in range(1, 101)])
    complaints: list[BaseException] = []
    done = threading.Event()

    def search() -> None:
        try:
            while not done.is_set():
                assert len(found(index, limit=1_000)) >= 100
        except BaseException as error:  # noqa: BLE001 (handed to the test's own thread)
            complaints.append(error)

    threads = [threading.Thread(target=search) for _ in range(6)]
    for thread in threads:
        thread.start()
    for round_ in range(20):
        index.upsert([point(1_000 + number, "passing", round_ + 1) for number in range(10)])
        index.delete("passing", round_ + 1)
    done.set()
    for thread in threads:
        thread.join()
    assert complaints == []
    assert index.count() == 100
