"""Texts that were made of documents at some cost, kept by content, and emptied by any deletion.

Nobody can tell which of them quote which document, so a deletion takes all. They are in the
database, so that it takes them in its own transaction, whichever process deletes.
"""

from datetime import datetime, timedelta

from sqlalchemy import Column, Connection, DateTime, String, Table, Text, delete, select

from foundation.clock import Clock
from foundation.database import Database, metadata, put
from foundation.errors import StorageError
from foundation.ids import new_id

KEPT_FOR = timedelta(days=30)
"""How long a text is kept at most."""

derived_texts = Table(
    "derived_texts",
    metadata,
    # A hash of what it was made of, which may quote as well.
    Column("key", String(64), primary_key=True),
    Column("text", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)

# Whoever made a text before a deletion may come with it afterwards. This row names the time
# between two deletions; without the one that was there at the beginning nothing is kept.
_MARK = ""


class DerivedTexts:
    """The texts. Make it before the documents are read that texts will be made of."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        now = clock()
        forget_old(database, now)
        mark = {"key": _MARK, "text": new_id("mark"), "at": now}
        with database.write() as connection:
            put(connection, derived_texts, mark, replace=False)
            self._mark = _text(connection, _MARK)

    def get(self, key: str) -> str | None:
        """A kept text; None where there is none."""
        with self._database.read() as connection:
            return _text(connection, key)

    def put(self, key: str, text: str) -> None:
        """Keep a text, unless a document was deleted meanwhile.

        One that cannot be kept is made again, and that is all.
        """
        values = {"key": key, "text": text, "at": self._clock()}
        try:
            with self._database.write() as connection:
                # Locked, so that a deletion waits for this row or is over.
                if self._mark and _text(connection, _MARK, lock=True) == self._mark:
                    put(connection, derived_texts, values, replace=True)
        except (StorageError, UnicodeEncodeError):
            return


def forget_derived(connection: Connection) -> None:
    """Take all of them out, inside the transaction of a deletion."""
    # By itself and first: it waits for who keeps a text now, which the next statement then sees.
    connection.execute(delete(derived_texts).where(derived_texts.c.key == _MARK))
    connection.execute(delete(derived_texts))


def forget_old(database: Database, now: datetime) -> int:
    """Take out what was kept for long enough; returns how many that were."""
    old = (derived_texts.c.at < now - KEPT_FOR) & (derived_texts.c.key != _MARK)
    with database.write() as connection:
        return connection.execute(delete(derived_texts).where(old)).rowcount


def _text(connection: Connection, key: str, *, lock: bool = False) -> str | None:
    query = select(derived_texts.c.text).where(derived_texts.c.key == key)
    found = connection.execute(query.with_for_update() if lock else query).scalar()
    return None if found is None else str(found)
