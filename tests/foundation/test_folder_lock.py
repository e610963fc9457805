import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from foundation.errors import DataFolderBusyError, StorageError
from foundation.folder_lock import FolderLock

HOLDER = """
import sys
from pathlib import Path
from foundation.folder_lock import FolderLock
lock = FolderLock(Path(sys.argv[1]), remedy="stop it")
print("held", flush=True)
sys.stdin.read()
"""


def start_holder(path: Path) -> subprocess.Popen[str]:
    """Another process that holds the lock until its input ends; one argument is a secret."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path), "--api-key=hush"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def end(holder: subprocess.Popen[str]) -> None:
    holder.communicate()


def test_a_second_process_is_told_who_holds_the_folder_and_what_to_do(tmp_path: Path) -> None:
    holder = start_holder(tmp_path / "lock")
    try:
        with pytest.raises(DataFolderBusyError) as caught:
            FolderLock(tmp_path / "lock", remedy="stop it or wait")
    finally:
        end(holder)
    message = str(caught.value)
    assert f"process {holder.pid}" in message
    assert str(tmp_path) in message
    assert message.endswith("stop it or wait")
    assert "hush" not in message
    assert "\n" not in message


def test_the_folder_is_free_once_its_holder_lets_go(tmp_path: Path) -> None:
    first = FolderLock(tmp_path / "lock", remedy="stop it")
    with pytest.raises(DataFolderBusyError):
        FolderLock(tmp_path / "lock", remedy="stop it")
    first.release()
    first.release()
    FolderLock(tmp_path / "lock", remedy="stop it").release()


def test_the_words_of_a_killed_holder_block_nobody(tmp_path: Path) -> None:
    holder = start_holder(tmp_path / "lock")
    holder.send_signal(signal.SIGKILL)
    end(holder)
    assert str(holder.pid) in (tmp_path / "lock").read_text()
    FolderLock(tmp_path / "lock", remedy="stop it").release()


def test_a_holder_that_has_not_signed_yet_is_another_process(tmp_path: Path) -> None:
    first = FolderLock(tmp_path / "lock", remedy="stop it")
    (tmp_path / "lock").write_text("{")
    with pytest.raises(DataFolderBusyError, match="in use by another process; stop it"):
        FolderLock(tmp_path / "lock", remedy="stop it")
    first.release()


def test_a_folder_that_cannot_be_made_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot open the lock file"):
        FolderLock(tmp_path / "file" / "lock", remedy="stop it")
