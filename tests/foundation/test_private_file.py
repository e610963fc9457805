"""What is written for its owner is nobody else's, and there whole or not at all."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from foundation.private_file import write_private


@pytest.fixture(autouse=True)
def _open_to_all() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_its_owners_only_whatever_was_there_before(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("an older, longer report")
    assert mode(path) == 0o666
    write_private(path, "naïve\n")
    assert path.read_bytes() == "naïve\n".encode()
    assert mode(path) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    write_private(path, "first")
    with pytest.raises(UnicodeEncodeError):
        write_private(path, "second \ud800")
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_missing_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_private(tmp_path / "none" / "report.json", "text")
