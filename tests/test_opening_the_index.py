"""An index that is missing says so, and what a crash left in it takes nobody's place."""

import shutil
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from foundation.errors import ConfigurationError, StorageError
from governance.catalog import Catalog, NewVersion
from governance.document import DocumentVersion
from retrieval.edge_index import EdgeIndex
from tests.fakes.small_house import SmallHouse, write

MANY = 120


def crash(
    _catalog: Catalog, _batch: Sequence[NewVersion], _author: object
) -> tuple[DocumentVersion, ...]:
    raise RuntimeError("the power is gone")


def crash_while_ingesting(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many approved documents get into the index and none into the catalog."""
    for number in range(MANY):
        write(folder / "crashed", f"beans of sort {number}")
    house = SmallHouse(folder)
    with monkeypatch.context() as patched, closing(house):
        patched.setattr(Catalog, "record", crash)
        with pytest.raises(RuntimeError, match="the power is gone"):
            house.ingest(folder / "crashed")
        assert house.index.count() >= MANY


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with two documents."""
    for name in ("apples", "beans"):
        write(tmp_path / "corpus", name)
    with closing(SmallHouse(tmp_path)) as house:
        assert house.ingest(tmp_path / "corpus") == 2
    return tmp_path


def test_without_its_folder_the_index_is_said_to_be_missing_until_a_reindex(folder: Path):
    shutil.rmtree(folder / "data" / "index")
    for _ in range(2):
        house = SmallHouse(folder)
        with closing(house), pytest.raises(ConfigurationError, match="the catalog has 2 documents"):
            house.found("price of beans")
        house = SmallHouse(folder)
        with closing(house), pytest.raises(ConfigurationError, match="partner-copilot reindex"):
            house.ingest(folder / "corpus")
    with closing(SmallHouse(folder)) as house:
        house.rebuild()
    with closing(SmallHouse(folder)) as house:
        assert house.found("price of beans") == {"apples.md", "beans.md"}


def test_where_everything_was_deleted_an_empty_index_is_as_it_should_be(folder: Path):
    with closing(SmallHouse(folder)) as house:
        for one in house.catalog.newest():
            house.catalog.erase(one.document_id)
    with closing(SmallHouse(folder)) as house:
        assert house.found("price of beans") == set()
        assert house.index.count() == 0


def test_a_first_ingest_that_crashed_can_be_searched_and_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    crash_while_ingesting(tmp_path, monkeypatch)
    with closing(SmallHouse(tmp_path)) as house:
        assert house.found("price of beans") == set()
        assert house.ingest(tmp_path / "crashed") == MANY


def test_what_a_crashed_ingest_left_takes_no_places_in_a_search(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    crash_while_ingesting(folder, monkeypatch)
    with closing(SmallHouse(folder)) as house:
        assert house.found("price of apples") == {"apples.md", "beans.md"}
        assert house.index.count() == sum(one.chunk_count for one in house.catalog.newest())


def test_an_index_that_cannot_be_put_in_order_can_still_be_searched(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    crash_while_ingesting(folder, monkeypatch)

    def full(_index: EdgeIndex, _document: str, _version: int | None = None) -> None:
        raise StorageError("could not write to the index: the disk is full")

    monkeypatch.setattr(EdgeIndex, "delete", full)
    with closing(SmallHouse(folder)) as house:
        assert house.found("price of apples") <= {"apples.md", "beans.md"}
    assert "the disk is full" in caplog.text
