"""The index is built again: whatever goes wrong on the way, one whole index is there."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from assembly import Assembly
from foundation.errors import ConfigurationError, DataFolderBusyError
from foundation.settings import Settings
from governance.document import ApprovalState, document_id
from ingest.pipeline import Progress
from tests.fakes.small_house import NewModel, OldModel, SmallHouse, uri, write

NAMES = ("apples", "beans", "carrots", "dates")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder whose documents are approved, and a draft."""
    for name in NAMES:
        write(tmp_path / "corpus", name)
    write(tmp_path / "drafts", "elder")
    with closing(SmallHouse(tmp_path)) as house:
        assert house.ingest(tmp_path / "corpus") == len(NAMES)
        house.ingest(tmp_path / "drafts", ApprovalState.DRAFT)
    return tmp_path


def assert_all_found(folder: Path, model: OldModel | None = None) -> None:
    with closing(SmallHouse(folder, model)) as house:
        assert house.found("price of carrots") == {uri(name) for name in NAMES}
        chunks = sum(one.chunk_count for one in house.catalog.newest())
        assert house.index.count() == chunks


def stop_at_carrots(text: str) -> None:
    if "carrots" in text:
        raise RuntimeError("the power is gone")


def test_a_reindex_while_the_folder_is_in_use_touches_nothing(folder: Path):
    with closing(SmallHouse(folder)) as serving, closing(SmallHouse(folder)) as other:
        assert serving.found("price of beans")
        with pytest.raises(DataFolderBusyError, match="in use"):
            other.rebuild()
    assert_all_found(folder)


def test_another_model_means_other_chunks_and_everything_is_found(folder: Path):
    with closing(SmallHouse(folder, NewModel())) as house:
        before = {one.uri: one.chunk_count for one in house.catalog.newest()}
        done = house.rebuild()
        after = {one.uri: one.chunk_count for one in house.catalog.newest()}
    assert done.chunks == sum(after.values()) > sum(before.values())
    assert_all_found(folder, NewModel())
    with closing(SmallHouse(folder)) as house, pytest.raises(ConfigurationError, match="'new'"):
        house.found("price of beans")


def test_a_model_that_does_not_exist_leaves_index_and_memory_alone(folder: Path):
    settings = Settings(data_dir=folder / "data", embedder=str(folder / "no-such-model"))
    with closing(Assembly(settings)) as house, pytest.raises(ConfigurationError):
        house.reindex(lambda _: None)
    assert_all_found(folder)


def test_a_model_that_does_not_exist_is_not_remembered_by_the_first_ingest(tmp_path: Path):
    write(tmp_path / "corpus", "apples")
    settings = Settings(data_dir=tmp_path / "data", embedder=str(tmp_path / "no-such-model"))
    with closing(Assembly(settings)) as house, pytest.raises(ConfigurationError):
        house.index  # noqa: B018
    with closing(SmallHouse(tmp_path)) as house:
        assert house.ingest(tmp_path / "corpus") == 1


@pytest.mark.parametrize("model", [OldModel, NewModel])
def test_a_failure_half_way_leaves_the_old_index_working(folder: Path, model: type[OldModel]):
    failing = SmallHouse(folder, model(stop_at_carrots))
    with closing(failing), pytest.raises(RuntimeError, match="the power is gone"):
        failing.rebuild()
    assert_all_found(folder)
    with closing(SmallHouse(folder, model())) as house:
        house.rebuild()
    assert_all_found(folder, model())


def test_killed_half_way_the_old_index_works_with_the_old_model(folder: Path):
    process = subprocess.Popen(
        [sys.executable, __file__, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "half-way\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert_all_found(folder)
    assert len(list((folder / "data" / "index").glob("generation-*"))) == 1


def test_stopped_while_it_switches_nobody_searches_a_mixture(folder: Path):
    class StopsWhileSwitching(NewModel):
        switching = False

        def count_tokens(self, texts: Sequence[str]) -> list[int]:
            if self.switching:
                raise RuntimeError("the power is gone")
            return super().count_tokens(texts)

    model = StopsWhileSwitching()

    def on_progress(progress: Progress) -> None:
        model.switching = progress.done == progress.total

    stopped = SmallHouse(folder, model)
    with closing(stopped), pytest.raises(RuntimeError, match="the power is gone"):
        stopped.reindex(on_progress)
    for house in (SmallHouse(folder), SmallHouse(folder, NewModel())):
        with closing(house), pytest.raises(ConfigurationError, match="half rebuilt"):
            house.found("price of beans")
    with closing(SmallHouse(folder, NewModel())) as house:
        house.rebuild()
    assert_all_found(folder, NewModel())


@pytest.fixture
def owner(folder: Path) -> Iterator[SmallHouse]:
    """Somebody at another console, where no index is opened."""
    with closing(SmallHouse(folder)) as house:
        yield house


@pytest.mark.parametrize("moment", ["apples", "elder"])
def test_what_is_approved_during_the_run_is_found_afterwards(
    folder: Path, owner: SmallHouse, moment: str
):
    elder = document_id("northstar", uri("elder"))

    def approve(text: str) -> None:
        if moment in text:
            owner.catalog.set_approval(elder, 1, state=ApprovalState.IN_REVIEW, by="owner")
            owner.catalog.set_approval(elder, 1, state=ApprovalState.APPROVED, by="owner")

    with closing(SmallHouse(folder, OldModel(approve))) as house:
        house.rebuild()
    with closing(SmallHouse(folder)) as house:
        assert uri("elder") in house.found("price of elder")
        assert house.catalog.index_changes() == ()


@pytest.mark.parametrize("moment", ["apples", "carrots", "dates"])
@pytest.mark.parametrize("model", [OldModel, NewModel])
def test_what_is_deleted_during_the_run_is_gone_and_stops_nothing(
    folder: Path, owner: SmallHouse, moment: str, model: type[OldModel]
):
    def delete(text: str) -> None:
        if moment in text:
            owner.catalog.erase(document_id("northstar", uri("carrots")))

    with closing(SmallHouse(folder, model(delete))) as house:
        house.rebuild()
    with closing(SmallHouse(folder, model())) as house:
        assert house.found("price of carrots") == {uri(name) for name in NAMES if name != "carrots"}
        left = {document for document, _ in house.index.versions()}
    assert document_id("northstar", uri("carrots")) not in left


if __name__ == "__main__":
    # Started by the test that kills it: a reindex that waits half-way for its end.
    def wait(text: str) -> None:
        if "carrots" in text:
            print("half-way", flush=True)
            signal.pause()

    with closing(SmallHouse(Path(sys.argv[1]), NewModel(wait))) as small:
        small.rebuild()
