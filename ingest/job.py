"""What a job is: files that somebody sent, what they say of them, and what came of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from governance.principal import Principal
from ingest.pipeline import Failure
from ingest.upload_metadata import UploadKeys


class JobState(StrEnum):
    """Where a job stands. FAILED: nothing of it could be read."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFile:
    """A file of a job. `staged` is its name among the blobs' staged files."""

    number: int
    uri: str
    sha256: str
    size: int

    def staged(self, job_id: str) -> str:
        """What the file is called while it waits: nothing of its sender's in it."""
        return f"{job_id}-{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """What is to be read, for whom, and what they say of it."""

    id: str
    sender: Principal
    keys: UploadKeys
    files: tuple[JobFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedJob(NewJob):
    """A job that is ours to read. `attempt` counts from 1; `began` is when the first one did."""

    attempt: int
    began: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOutcome:
    """What came of a job, in documents."""

    total: int
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: tuple[Failure, ...] = ()
    document_ids: tuple[str, ...] = ()

    @property
    def state(self) -> JobState:
        """FAILED where nothing at all could be read."""
        worked = self.added + self.updated + self.unchanged
        return JobState.DONE if worked or not self.failed else JobState.FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as people see it. `done` of `outcome.total` documents are dealt with."""

    id: str
    tenant: str
    state: JobState
    done: int
    outcome: JobOutcome
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
