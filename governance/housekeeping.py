"""What the house does by itself, now and then: jobs with names, each in one process at a time.

A job's lease is a row in the database. Who has it runs the job and prolongs it meanwhile; when
that process dies, the lease runs out and another takes over. So jobs must bear being run again.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Column, DateTime, String, Table, select, update

from foundation.clock import Clock
from foundation.database import Database, metadata, put
from foundation.errors import CopilotError
from foundation.ids import new_id

_log = logging.getLogger("copilot.housekeeping")
LEASE = timedelta(minutes=2)
LOOK_EVERY_SECONDS = 5.0
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)

leases = Table(
    "housekeeping",
    metadata,
    Column("job", String(64), primary_key=True),
    # Whoever runs it; empty: nobody does.
    Column("holder", String(48), nullable=False),
    Column("until", DateTime(timezone=True), nullable=False),
    Column("next_at", DateTime(timezone=True), nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Something to be done every now and then. `run` gets the present moment."""

    name: str
    every: timedelta
    run: Callable[[datetime], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How a job went: what it says it did, or why it failed."""

    job: str
    did: object = None
    failure: str = ""


class Housekeeping:
    """Runs jobs that are due, and lets none of them keep the others from it.

    `count` is told of each run: the job's name, and `done` or `failed`.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        jobs: Sequence[Job],
        *,
        count: Callable[[str, str], None] = lambda _job, _result: None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._jobs = {job.name: job for job in jobs}
        self._count = count
        self._holder = new_id("hsk")
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def run_due(self) -> tuple[Ran, ...]:
        """Run what is due and is run by nobody else."""
        return self._run(self._due())

    def run_all(self) -> tuple[Ran, ...]:
        """Run every job that nobody else is running, due or not."""
        self._register()
        with self._database.write() as connection:
            connection.execute(
                update(leases).where(leases.c.job.in_(self._jobs)).values(next_at=_LONG_AGO)
            )
        return self._run(tuple(self._jobs))

    def start(self) -> None:
        """Look after the jobs in a thread of its own, until `stop`."""
        self._thread = threading.Thread(target=self._keep_house, name="housekeeping", daemon=True)
        self._thread.start()

    def stop(self, *, timeout_seconds: float = 15.0) -> None:
        """Begin no further job, and wait for the one that runs, for so long."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout_seconds)

    def _keep_house(self) -> None:
        while not self._stop.wait(LOOK_EVERY_SECONDS):
            try:
                self.run_due()
            except Exception:  # noqa: BLE001 - logged; the thread must outlive whatever it is
                _log.exception("housekeeping could not look after its jobs")

    def _due(self) -> tuple[str, ...]:
        self._register()
        now = self._clock()
        with self._database.read() as connection:
            found = connection.execute(
                select(leases.c.job).where(leases.c.next_at <= now, leases.c.until <= now)
            ).scalars()
            due = set(found)
        return tuple(name for name in self._jobs if name in due)

    def _register(self) -> None:
        with self._database.read() as connection:
            known = set(connection.execute(select(leases.c.job)).scalars())
        if missing := self._jobs.keys() - known:
            with self._database.write() as connection:
                for name in sorted(missing):
                    row = {"job": name, "holder": "", "until": _LONG_AGO, "next_at": _LONG_AGO}
                    put(connection, leases, row, replace=False)

    def _run(self, names: Sequence[str]) -> tuple[Ran, ...]:
        ran = []
        for name in names:
            if self._stop.is_set():
                break
            job = self._jobs[name]
            if self._take(job):
                ran.append(self._run_held(job))
        return tuple(ran)

    def _run_held(self, job: Job) -> Ran:
        try:
            with self._prolonged(job):
                did = job.run(self._clock())
        except Exception as error:  # noqa: BLE001 - logged; the other jobs go on
            _log.exception("the job %s failed", job.name)
            # Others' messages may name things that are nobody's business.
            why = str(error) if isinstance(error, CopilotError) else type(error).__name__
            ran = Ran(job=job.name, failure=why)
        else:
            ran = Ran(job=job.name, did=did)
        self._count(job.name, "failed" if ran.failure else "done")
        self._give_back(job)
        return ran

    def _take(self, job: Job) -> bool:
        """One statement, so that of two who try at once only one succeeds."""
        now = self._clock()
        with self._database.write() as connection:
            taken = connection.execute(
                update(leases)
                .where(leases.c.job == job.name, leases.c.next_at <= now, leases.c.until <= now)
                .values(holder=self._holder, until=now + LEASE)
            ).rowcount
        return taken == 1

    def _give_back(self, job: Job) -> None:
        now = self._clock()
        self._held(job, holder="", until=now, next_at=now + job.every)

    def _held(self, job: Job, **values: object) -> None:
        with self._database.write() as connection:
            connection.execute(
                update(leases)
                .where(leases.c.job == job.name, leases.c.holder == self._holder)
                .values(**values)
            )

    @contextmanager
    def _prolonged(self, job: Job) -> Iterator[None]:
        over = threading.Event()

        def prolong() -> None:
            while not over.wait(LEASE.total_seconds() / 3):
                try:
                    self._held(job, until=self._clock() + LEASE)
                except CopilotError:
                    _log.warning("the lease of the job %s was not prolonged", job.name)

        thread = threading.Thread(target=prolong, name=f"lease-{job.name}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
