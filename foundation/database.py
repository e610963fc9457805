"""One SQLAlchemy engine for the house: SQLite in WAL mode by default, PostgreSQL at scale.

Each floor adds its tables to `metadata`; the composition root opens the database after they are
imported. Reads and writes are told apart, because SQLite must know at BEGIN that a transaction
will write, or two of them deadlock on the way up.
"""

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    create_engine,
    event,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from foundation.errors import ConfigurationError, StorageError
from foundation.folders import private_folder
from foundation.migrations import SCHEMA_VERSION, STEPS

metadata = MetaData()

_BUSY_TIMEOUT_MS = 30_000
_EMPTYING_TIMEOUT_MS = 3_000
_OUTSIDE_KEY = "copilot_outside_key"
_POOL_SIZE = 16
MOST_CONNECTIONS = 64
"""So many transactions may be open at once; more than threads that ask, or some would starve."""

_meta = Table(
    "meta",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("number", Integer, nullable=False, default=0),
    Column("text", String(255), nullable=False, default=""),
)

# A damaged file, a full disk, a lost connection, a pool that ran dry: each driver sorts them
# under other names, and to who asks they are all the same.
_FAILURES = (DBAPIError, PoolTimeoutError)

# Asked several times a question, so it is built once.
_READ_NUMBER = select(_meta.c.number).where(_meta.c.key == bindparam("key"))


class Database:
    """Transactions on one database, and the generation number that caches are keyed by."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        # SQLite lets one writer in and has the others look again after a nap, which grows; in
        # one process they can queue instead, and each goes on at once when it is its turn.
        self._turn = threading.RLock() if self.dialect == "sqlite" else nullcontext()

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent view for reading."""
        try:
            with self._engine.connect() as connection:
                yield connection
        except _FAILURES as error:
            raise _explained(error) from error

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A view for reading that stays what it is for the whole block, whatever others write."""
        try:
            with self._engine.connect() as opened:
                # SQLite gives nothing else; PostgreSQL would look anew with every statement.
                yield (
                    opened
                    if self.dialect == "sqlite"
                    else opened.execution_options(isolation_level="REPEATABLE READ")
                )
        except _FAILURES as error:
            raise _explained(error) from error

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that commits at the end of the block, or leaves no trace."""
        try:
            with self._turn, self._engine.connect() as opened:
                connection = opened.execution_options(copilot_write=True)
                with connection.begin():
                    yield connection
        except _FAILURES as error:
            raise _explained(error) from error

    def forget_deleted(self) -> bool:
        """Leave no copy of what was deleted beside the database; returns whether that was done.

        SQLite overwrites what is deleted, but its log holds earlier states of a page until it is
        emptied, which takes a moment without older readers. PostgreSQL forgets when it vacuums.
        """
        if self.dialect != "sqlite":
            return False
        try:
            with self._turn, closing(self._engine.raw_connection()) as connection:
                cursor = connection.cursor()
                cursor.execute(f"PRAGMA busy_timeout={_EMPTYING_TIMEOUT_MS}")
                try:
                    busy, _, _ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                finally:
                    cursor.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
                    cursor.close()
        except (*_FAILURES, sqlite3.Error) as error:
            raise _explained(error) from error
        return not busy

    def close(self) -> None:
        """Release all connections."""
        self._engine.dispose()


def open_database(url: str, *, outside_key: str = "") -> Database:
    """Open the database at a SQLAlchemy URL and create what is missing in it.

    `outside_key` is a secret that the database does not hold: see `outside_key_of`.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # The library repeats what it could not read, and that may be a password.
        message = "COPILOT_DATABASE_URL is not a database URL; write it like postgresql://host/name"
        raise ConfigurationError(message) from None
    try:
        if parsed.get_backend_name() == "sqlite":
            engine = _open_sqlite(parsed, outside_key)
        elif parsed.get_backend_name() == "postgresql":
            engine = create_engine(
                parsed.set(drivername="postgresql+psycopg"),
                pool_size=_POOL_SIZE,
                max_overflow=MOST_CONNECTIONS - _POOL_SIZE,
                hide_parameters=True,
                execution_options={_OUTSIDE_KEY: outside_key},
            )
        else:
            message = (
                f"COPILOT_DATABASE_URL names {parsed.get_backend_name()!r}; "
                "use sqlite or postgresql"
            )
            raise ConfigurationError(message)
        metadata.create_all(engine)
        database = Database(engine)
        _bring_up_to_date(database)
    except ModuleNotFoundError as error:
        message = f"the database driver {error.name} is not installed; pip install it"
        raise ConfigurationError(message) from error
    except (ArgumentError, ValueError, TypeError):
        message = "COPILOT_DATABASE_URL has options that the driver does not take; correct them"
        raise ConfigurationError(message) from None
    except (*_FAILURES, OSError) as error:
        raise _explained(error) from error
    return database


def outside_key_of(connection: Connection) -> str:
    """The secret that the database was opened with, for whoever marks what it writes.

    Who can change the database and nothing else cannot make such a mark. Empty: there is none.
    """
    return str(connection.get_execution_options().get(_OUTSIDE_KEY, ""))


def put(
    connection: Connection, table: Table, values: Mapping[str, object], *, replace: bool
) -> None:
    """Insert a row; where its primary key is taken, replace the rest of it or leave it alone.

    One statement, so that two who put the same row at once both succeed.
    """
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    keys = [column.name for column in table.primary_key]
    rest = {name: value for name, value in values.items() if name not in keys}
    statement = dialect.insert(table).values(**values)
    connection.execute(
        statement.on_conflict_do_update(index_elements=keys, set_=rest)
        if replace
        else statement.on_conflict_do_nothing(index_elements=keys)
    )


def read_number(connection: Connection, key: str) -> int:
    """A counter kept in the database; 0 where it was never written."""
    return int(connection.execute(_READ_NUMBER, {"key": key}).scalar() or 0)


def increment(connection: Connection, key: str) -> None:
    """Count one up, inside the caller's transaction."""
    changed = connection.execute(
        update(_meta).where(_meta.c.key == key).values(number=_meta.c.number + 1)
    )
    if not changed.rowcount:
        connection.execute(insert(_meta).values(key=key, number=1, text=""))


def read_text(connection: Connection, key: str) -> str:
    """A short fact kept in the database; empty where it was never written."""
    return str(connection.execute(select(_meta.c.text).where(_meta.c.key == key)).scalar() or "")


def write_text(connection: Connection, key: str, value: str) -> None:
    """Keep a short fact, inside the caller's transaction."""
    changed = connection.execute(update(_meta).where(_meta.c.key == key).values(text=value))
    if not changed.rowcount:
        connection.execute(insert(_meta).values(key=key, number=0, text=value))


def _open_sqlite(url: URL, outside_key: str) -> Engine:
    path = url.database
    if not path or path == ":memory:" or path.startswith("file:"):
        raise ConfigurationError(
            "COPILOT_DATABASE_URL names no file: a database in memory is another one for every "
            "connection; write it like sqlite:////folder/copilot.db"
        )
    private_folder(Path(path).parent)
    # An error's text goes to the log, and what people asked must not.
    engine = create_engine(
        url,
        pool_size=_POOL_SIZE,
        max_overflow=MOST_CONNECTIONS - _POOL_SIZE,
        hide_parameters=True,
        execution_options={_OUTSIDE_KEY: outside_key},
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: object, _record: object) -> None:
        # pysqlite opens transactions by itself at the wrong moment; we say BEGIN ourselves.
        connection.isolation_level = None  # type: ignore[attr-defined]
        cursor = connection.cursor()  # type: ignore[attr-defined]
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
            # What is deleted is overwritten: a deletion is a promise.
            "secure_delete=ON",
            f"busy_timeout={_BUSY_TIMEOUT_MS}",
            "cache_size=-65536",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("copilot_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _bring_up_to_date(database: Database) -> None:
    with database.write() as connection:
        found = connection.execute(select(_meta.c.number).where(_meta.c.key == "schema")).scalar()
        if found is None:
            connection.execute(insert(_meta).values(key="schema", number=SCHEMA_VERSION, text=""))
        elif found > SCHEMA_VERSION:
            message = (
                f"the database has schema {found}, this program knows {SCHEMA_VERSION}; "
                "use the program version that wrote it, or another data folder"
            )
            raise StorageError(message)
        else:
            for version in range(found + 1, SCHEMA_VERSION + 1):
                for statement in STEPS[version]:
                    connection.exec_driver_sql(statement)
            connection.execute(
                update(_meta).where(_meta.c.key == "schema").values(number=SCHEMA_VERSION)
            )


def _explained(error: Exception) -> StorageError:
    # A driver's message may carry the connection string with its password; SQLite has none.
    cause = error.orig if isinstance(error, DBAPIError) else error
    name = type(cause).__name__
    if isinstance(cause, (sqlite3.Error, OSError)):
        name = f"{name}: {str(cause).splitlines()[0] if str(cause) else 'no detail'}"
    if isinstance(cause, PoolTimeoutError):
        name = f"{MOST_CONNECTIONS} connections are in use"
    return StorageError(
        f"the database did not answer ({name}); "
        "check COPILOT_DATABASE_URL, that it runs, and the disk's space and rights"
    )
