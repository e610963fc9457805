"""One process owns a data folder at a time, and a second one is told who and what to do."""

import fcntl
import json
import os
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from foundation.errors import DataFolderBusyError, StorageError
from foundation.folders import private_folder


class FolderLock:
    """A lock file that the operating system frees when its holder dies, however it dies.

    The file says who holds the lock: process id, command name and start time, never the command
    line, whose arguments may be secret. What it says counts only while the lock is held, so a
    file left over from a killed process blocks nobody. `remedy` ends the message that the second
    process gets. Raises `DataFolderBusyError` when the lock is held, by this process too.
    """

    def __init__(self, path: Path, *, remedy: str) -> None:
        try:
            private_folder(path.parent)
            # Not truncated by opening: until we hold the lock, the words in it are the holder's.
            self._file: IO[str] = path.open("a+", encoding="utf-8")
        except OSError as error:
            raise StorageError(
                f"cannot open the lock file {path}: {error.strerror}; check that the folder exists"
                " and may be written"
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = _describe_holder(self._file)
            self._file.close()
            raise DataFolderBusyError(f"{path.parent} is in use by {holder}; {remedy}") from error
        self._write(
            {
                "pid": os.getpid(),
                "command": Path(sys.argv[0]).name or "python",
                "started": datetime.now(UTC).isoformat(timespec="seconds"),
            }
        )

    def release(self) -> None:
        """Let the next process in. Calling it twice is no error.

        The file stays: removing it would let two processes lock two files of the same name.
        """
        if not self._file.closed:
            with suppress(OSError):
                self._file.truncate(0)
            self._file.close()

    def _write(self, holder: dict[str, int | str]) -> None:
        self._file.truncate(0)
        self._file.write(json.dumps(holder))
        self._file.flush()


def _describe_holder(file: IO[str]) -> str:
    # Whoever just took the lock may not have signed yet.
    with suppress(OSError, ValueError, KeyError, TypeError):
        file.seek(0)
        holder = json.loads(file.read())
        return f"process {holder['pid']} ({holder['command']}, since {holder['started']})"
    return "another process"
