"""What a judge model replied, kept by content, so that asking the same again costs nothing."""

import hashlib
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Self

from foundation.errors import StorageError

FILE_NAME = "judge-replies.db"
"""In the data folder. It quotes what was judged, and may be deleted at any time."""


def reply_key(model: str, schema: str, prompt: str, run: int, nth: int) -> str:
    """The name of a reply: all that it depends on.

    `run` tells repeated runs apart and `nth` the times that one prompt is asked within a run;
    without them, asking again would not be asking again.
    """
    told = "\x1f".join((model, schema, prompt, str(run), str(nth)))
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()


class JudgeReplies:
    """A file of replies. Several threads may use it; two processes may share it."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            self._connection = sqlite3.connect(path, timeout=30, check_same_thread=False)
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, text TEXT NOT NULL)"
            )
            self._connection.commit()
        except (OSError, sqlite3.Error) as error:
            raise StorageError(
                f"the judge's replies cannot be kept in {path}: {error}; "
                "if the file is damaged, delete it"
            ) from None

    def get(self, key: str) -> str | None:
        """A kept reply; None where there is none."""
        with (
            self._lock,
            closing(
                self._connection.execute("SELECT text FROM replies WHERE key = ?", (key,))
            ) as cursor,
        ):
            row = cursor.fetchone()
        return None if row is None else str(row[0])

    def put(self, key: str, text: str) -> None:
        """Keep a reply. One that cannot be kept is asked for again, and that is all."""
        with self._lock:
            try:
                self._connection.execute(
                    "INSERT OR REPLACE INTO replies VALUES (?, ?)", (key, text)
                )
                self._connection.commit()
            except (sqlite3.Error, UnicodeEncodeError):
                self._connection.rollback()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
