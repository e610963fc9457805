"""The record: falsified a thousand times by who has the database, and verified each time.

And a house at work, killed again and again: what was done and what is on record must agree.
"""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from attack.check import Check, Scale
from foundation.database import Database, open_database
from governance.audit.verification import verify
from tests.fakes.killed_house import disagreements, work_and_die
from tests.fakes.tampering import Tampered, contents, put_back, tamper, write_history

_KEY = "the key of the attacked house's audit"
_EACH = 10
"""Alterations of one history, before the next is written."""


def run(scale: Scale) -> list[Check]:
    """Falsify, and kill."""
    return [_falsified(scale), _killed(scale)]


def _falsified(scale: Scale) -> Check:
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
    return Check(
        name="audit: alterations of the store",
        attempts=tries,
        asked="each found, with chain and line; none where nothing was altered",
        seen=f"{tries - len(missed)} found, {false_alarms} false alarms",
        passed=not missed and not false_alarms,
        detail="; ".join(missed[:3]) or told,
    )


def _killed(scale: Scale) -> Check:
    """Ask, escalate, rate and approve until SIGKILL; compare; go on in the same folder."""
    kills = scale.pick(full=30, quick=3)
    draw = random.Random(20_261_123)
    found: list[str] = []
    deeds = 0
    with TemporaryDirectory(prefix="attack-record-") as folder:
        for kill in range(kills):
            work_and_die(Path(folder), draw.uniform(0.1, 0.9))
            wrong, deeds = disagreements(Path(folder))
            found += [f"after kill {kill}: {one}" for one in wrong]
    return Check(
        name="audit: SIGKILL between any two steps",
        attempts=kills,
        asked="record and deeds agree, and the chains are whole",
        seen=f"{deeds} deeds on record, {len(found)} disagreements",
        passed=not found and deeds > 0,
        detail="; ".join(found[:3]),
    )


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
