"""The record: falsified a thousand times by who has the database, and verified each time."""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from attack.check import Check, Scale
from foundation.database import Database, open_database
from governance.audit_verification import verify
from tests.fakes.tampering import Tampered, contents, put_back, tamper, write_history

_KEY = "the key of the attacked house's audit"
_EACH = 10
"""Alterations of one history, before the next is written."""


def run(scale: Scale) -> list[Check]:
    """Falsify one thing in a random history, look whether it is found and named; again."""
    tries = scale.pick(full=1_000, quick=100)
    draw = random.Random(20_261_123)  # an attack that found something must be seen again
    missed: list[str] = []
    ways: Counter[str] = Counter()
    false_alarms = 0
    with _database() as database:
        for number in range(tries):
            if number % _EACH == 0:
                put_back(database, ([], []))
                write_history(database, draw)
                false_alarms += not verify(database).whole
                with database.read() as connection:
                    kept = contents(connection)
            with database.write() as connection:
                done = tamper(connection, draw)
            ways[done.what] += 1
            if not _found(database, done):
                missed.append(f"alteration {number}: {done.what} at {sorted(done.places)}")
            put_back(database, kept)
    told = ", ".join(f"{count} {what.replace('_', ' ')}" for what, count in sorted(ways.items()))
    return [
        Check(
            name="audit: alterations of the store",
            attempts=tries,
            asked="each found, with chain and line; none where nothing was altered",
            seen=f"{tries - len(missed)} found, {false_alarms} false alarms",
            passed=not missed and not false_alarms,
            detail="; ".join(missed[:3]) or told,
        )
    ]


def _found(database: Database, done: Tampered) -> bool:
    return any((one.tenant, one.number) in done.places for one in verify(database).findings)


@contextmanager
def _database() -> Iterator[Database]:
    with TemporaryDirectory(prefix="attack-record-") as folder:
        database = open_database(f"sqlite:///{Path(folder) / 'audit.db'}", outside_key=_KEY)
        try:
            yield database
        finally:
            database.close()
