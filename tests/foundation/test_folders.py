import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from foundation.blobs import BlobStore
from foundation.database import open_database
from foundation.folder_lock import FolderLock
from foundation.folders import private_folder
from governance.house_secret import token_secret


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(
    "first",
    [
        lambda data: open_database(f"sqlite:///{data}/copilot.db").close(),
        lambda data: FolderLock(data / "index" / "lock", remedy="").release(),
        lambda data: BlobStore(str(data / "blobs")),
        token_secret,
    ],
    ids=["database", "index", "blobs", "token"],
)
def test_whatever_makes_the_data_folder_makes_it_for_its_owner_only(
    first: Callable[[Path], object], tmp_path: Path
) -> None:
    data = tmp_path / "deep" / "data"
    first(data)
    assert mode(data) == 0o700
    assert mode(data.parent) == 0o700


def test_a_folder_that_exists_stays_as_it_is(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o755)
    token_secret(shared)
    assert private_folder(shared) == shared
    assert mode(shared) == 0o755


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(FileExistsError):
        private_folder(tmp_path / "data")
