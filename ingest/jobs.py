"""Jobs: uploads that were accepted and are read later, each once, whatever happens meanwhile.

    queued ──claim──▶ running ──▶ done | failed
       ▲                 │
       └────release──────┘            (the process stops; or dies, and the lease runs out)

Who reads a job holds a lease on it and renews it. Processes that share a database share its jobs:
each job is claimed by one of them, in one conditional statement.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from foundation.clock import Clock
from foundation.database import Database
from foundation.errors import NotFoundError
from foundation.gate import BusyError
from governance.principal import Permission, Principal, Role
from governance.rows import aware
from ingest.job import ClaimedJob, Job, JobFile, JobOutcome, JobState, NewJob
from ingest.job_tables import job_files, jobs
from ingest.pipeline import Failure
from ingest.upload_metadata import UploadKeys

LEASE = timedelta(seconds=60)
"""So long a job is left to who claimed it, after the last sign of life."""
MOST_ATTEMPTS = 5
"""How often a job may end with the process that reads it before it is given up."""
MOST_WAITING = 500
"""Jobs that may wait, of all tenants together."""
RETRY_AFTER = timedelta(seconds=30)
_MOST_FAILURES = 200
_MOST_DOCUMENTS = 1_000


class QueueFullError(BusyError):
    """As many uploads wait as may wait."""


_UNFINISHED = (JobState.QUEUED.value, JobState.RUNNING.value)
_WAITING: Mapping[str, Any] = MappingProxyType(
    {"state": JobState.QUEUED.value, "holder": "", "lease_until": None}
)


class Jobs:
    """The jobs in the database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    # -- for people --------------------------------------------------------------------------

    def job(self, tenant: str, job_id: str) -> Job:
        """One job of a tenant; raises `NotFoundError`."""
        query = select(jobs).where(jobs.c.id == job_id, jobs.c.tenant == tenant)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise NotFoundError(f"no job {job_id}")
        return _job(row)

    def listed(
        self, tenant: str, *, state: JobState | None, limit: int, offset: int
    ) -> tuple[tuple[Job, ...], int]:
        """A page of a tenant's jobs, newest first, and how many there are in all."""
        mine = jobs.c.tenant == tenant
        if state is not None:
            mine &= jobs.c.state == state.value
        page = select(jobs).where(mine).order_by(jobs.c.created_at.desc(), jobs.c.id.desc())
        with self._database.snapshot() as connection:
            total = connection.execute(select(func.count()).select_from(jobs).where(mine)).scalar()
            rows = connection.execute(page.limit(limit).offset(offset)).all()
        return tuple(_job(row) for row in rows), int(total or 0)

    def unfinished(self, tenant: str) -> int:
        """How many jobs of a tenant wait or are being read."""
        with self._database.read() as connection:
            return unfinished(connection, tenant)

    # -- for who reads them ------------------------------------------------------------------

    def claim(self, holder: str) -> ClaimedJob | None:
        """Take a job that nobody reads, for as long as `LEASE`; None where there is none.

        Tenants take turns, so that nobody waits for all that another has sent; of one tenant the
        oldest comes first. A job whose holder has shown no life for that long is taken over.
        """
        now = self._clock()
        free = _is_free(now)
        turns = (
            select(jobs.c.tenant, func.max(jobs.c.started_at).label("last"))
            .group_by(jobs.c.tenant)
            .subquery()
        )
        last = func.coalesce(turns.c.last, datetime(1970, 1, 1, tzinfo=UTC))
        next_one = (
            select(jobs.c.id)
            .join(turns, turns.c.tenant == jobs.c.tenant)
            .where(free)
            .order_by(last, jobs.c.created_at, jobs.c.id)
            .limit(1)
        )
        with self._database.read() as connection:
            # Nearly always there is nothing to do, and reading waits for nobody.
            if connection.execute(select(jobs.c.id).where(free).limit(1)).first() is None:
                return None
        with self._database.write() as connection:
            while (found := connection.execute(next_one).scalar()) is not None:
                taken = connection.execute(
                    update(jobs)
                    .where(jobs.c.id == found, free)
                    .values(
                        state=JobState.RUNNING.value,
                        holder=holder,
                        lease_until=now + LEASE,
                        attempts=jobs.c.attempts + 1,
                        started_at=func.coalesce(jobs.c.started_at, now),
                    )
                )
                if taken.rowcount:
                    return _claimed(connection, str(found))
        return None

    def renew(self, job_id: str, holder: str) -> bool:
        """Show a sign of life; false where the job is somebody else's by now."""
        return self._change(job_id, holder, {"lease_until": self._clock() + LEASE})

    def progress(self, job_id: str, holder: str, *, done: int, total: int) -> bool:
        """Tell how far a job is; false where it is somebody else's by now."""
        values = {"done": done, "total": total, "lease_until": self._clock() + LEASE}
        return self._change(job_id, holder, values)

    def release(self, job_id: str, holder: str) -> bool:
        """Give a job back unread, because whoever holds it has to stop."""
        values = {**_WAITING, "attempts": jobs.c.attempts - 1}
        return self._change(job_id, holder, values)

    def put_off(self, job_id: str, holder: str) -> bool:
        """Give a job back after an attempt that failed, to be tried again in a while."""
        values = {**_WAITING, "lease_until": self._clock() + RETRY_AFTER}
        return self._change(job_id, holder, values)

    def take_over(self) -> None:
        """Give back every job that is being read: only for who knows that nobody else does."""
        reading = jobs.c.state == JobState.RUNNING.value
        with self._database.write() as connection:
            connection.execute(update(jobs).where(reading).values(**_WAITING))

    def finish(self, job_id: str, holder: str, outcome: JobOutcome) -> bool:
        """Write down what came of a job; false where it is somebody else's by now."""
        values: dict[str, Any] = {
            "state": outcome.state.value,
            "done": outcome.total,
            "total": outcome.total,
            "added": outcome.added,
            "updated": outcome.updated,
            "unchanged": outcome.unchanged,
            "failed": [[one.path, one.error] for one in _shortened(outcome.failed)],
            "document_ids": list(outcome.document_ids[:_MOST_DOCUMENTS]),
            "finished_at": self._clock(),
            # Nothing of what documents are called outlives them here.
            "described": {},
            "holder": "",
            "lease_until": None,
        }
        with self._database.write() as connection:
            if not _changed(connection, job_id, holder, values):
                return False
            connection.execute(delete(job_files).where(job_files.c.job_id == job_id))
            return True

    def has_files(self, job_ids: frozenset[str]) -> frozenset[str]:
        """Those among these jobs of which something is still to be read."""
        query = select(job_files.c.job_id).where(job_files.c.job_id.in_(job_ids)).distinct()
        with self._database.read() as connection:
            return frozenset(connection.execute(query).scalars())

    def _change(self, job_id: str, holder: str, values: dict[str, Any]) -> bool:
        with self._database.write() as connection:
            return _changed(connection, job_id, holder, values)


def write_job(connection: Connection, new: NewJob, now: datetime) -> None:
    """Put a job into the queue, inside the caller's transaction."""
    sender = new.sender
    connection.execute(
        insert(jobs).values(
            id=new.id,
            tenant=sender.tenant,
            subject=sender.subject,
            roles=sorted(role.value for role in sender.roles),
            scopes=None if sender.scopes is None else sorted(one.value for one in sender.scopes),
            described=new.keys.model_dump(mode="json", exclude_none=True),
            state=JobState.QUEUED.value,
            done=0,
            total=len(new.files),
            added=0,
            updated=0,
            unchanged=0,
            failed=[],
            document_ids=[],
            created_at=now,
            holder="",
            attempts=0,
        )
    )
    connection.execute(
        insert(job_files),
        [
            {
                "job_id": new.id,
                "number": one.number,
                "uri": one.uri,
                "sha256": one.sha256,
                "size": one.size,
            }
            for one in new.files
        ],
    )


def unfinished(connection: Connection, tenant: str | None = None) -> int:
    """How many jobs (of one tenant) wait or are being read, inside a transaction."""
    query = select(func.count()).select_from(jobs).where(jobs.c.state.in_(_UNFINISHED))
    if tenant is not None:
        query = query.where(jobs.c.tenant == tenant)
    return int(connection.execute(query).scalar() or 0)


def _is_free(now: datetime) -> ColumnElement[bool]:
    # Of one that waits, the time until which it was put off.
    return jobs.c.state.in_(_UNFINISHED) & or_(
        jobs.c.lease_until.is_(None), jobs.c.lease_until < now
    )


def _changed(connection: Connection, job_id: str, holder: str, values: dict[str, Any]) -> bool:
    mine = (jobs.c.id == job_id) & (jobs.c.holder == holder)
    running = jobs.c.state == JobState.RUNNING.value
    return bool(connection.execute(update(jobs).where(mine & running).values(**values)).rowcount)


def _claimed(connection: Connection, job_id: str) -> ClaimedJob:
    row = connection.execute(select(jobs).where(jobs.c.id == job_id)).one()
    files = connection.execute(
        select(job_files).where(job_files.c.job_id == job_id).order_by(job_files.c.number)
    )
    return ClaimedJob(
        id=row.id,
        sender=Principal(
            subject=row.subject,
            tenant=row.tenant,
            roles=frozenset(Role(one) for one in row.roles),
            scopes=None if row.scopes is None else frozenset(Permission(o) for o in row.scopes),
        ),
        keys=UploadKeys.model_validate(row.described),
        files=tuple(
            JobFile(number=one.number, uri=one.uri, sha256=one.sha256, size=one.size)
            for one in files
        ),
        attempt=row.attempts,
        began=aware(row.started_at),
    )


def _job(row: Row[Any]) -> Job:
    return Job(
        id=row.id,
        tenant=row.tenant,
        state=JobState(row.state),
        done=row.done,
        outcome=JobOutcome(
            total=row.total,
            added=row.added,
            updated=row.updated,
            unchanged=row.unchanged,
            failed=tuple(Failure(path=path, error=error) for path, error in row.failed),
            document_ids=tuple(row.document_ids),
        ),
        created_at=aware(row.created_at),
        started_at=None if row.started_at is None else aware(row.started_at),
        finished_at=None if row.finished_at is None else aware(row.finished_at),
    )


def _shortened(failed: Sequence[Failure]) -> Sequence[Failure]:
    if len(failed) <= _MOST_FAILURES:
        return failed
    left = len(failed) - _MOST_FAILURES
    return [*failed[:_MOST_FAILURES], Failure(path="", error=f"{left} more cannot be read")]
