"""Reads jobs, one after another, in a thread of its own beside whatever the process serves.

A job is read as a folder would be: what has been recorded already is unchanged, so a job that is
read again, after a crash or a stop, does each of its files once.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import datetime
from typing import Self

from foundation.blobs import BlobStore
from foundation.clock import Clock
from foundation.errors import CopilotError, NotFoundError, StorageError
from foundation.ids import made_at, new_id
from governance.author import Author
from governance.catalog import Catalog
from governance.document import document_id
from ingest.job import ClaimedJob, JobOutcome
from ingest.jobs import LEASE, MOST_ATTEMPTS, Jobs
from ingest.pipeline import Failure, IngestReport, IngestRun, Pipeline, Progress
from ingest.source_item import Skipped, SourceFailure, SourceItem
from ingest.upload_corpus import UploadCorpus, UploadedFile

_log = logging.getLogger("copilot.jobs")
LONGEST_TEXT = 10_000_000
"""Characters of one document: a few minutes of embedding, which others wait for."""
_LOOK_EVERY_SECONDS = 5.0
_TELL_EVERY_SECONDS = 0.5
_SWEEP_EVERY_SECONDS = 3600.0
_LEFT_BEHIND_SECONDS = 3600.0
_DIED = "ended the program that read it, again and again; it is not tried any more"
_FAILED = "could not be read, because a part of the service did not answer; send it again later"


class _StoppedError(Exception):
    """The process is about to stop."""


class _LostError(Exception):
    """Somebody else has taken the job over."""


class JobWorker:
    """Reads jobs from `start` to `stop`.

    `alone`: no other process reads jobs of this database, so that what was being read when this
    one started belongs to nobody any more.
    """

    def __init__(  # noqa: PLR0913 - one keyword a part
        self,
        *,
        jobs: Jobs,
        blobs: BlobStore,
        catalog: Catalog,
        pipeline: Callable[[], Pipeline],
        clock: Clock,
        alone: bool,
    ) -> None:
        self._jobs = jobs
        self._blobs = blobs
        self._catalog = catalog
        self._pipeline = pipeline
        self._clock = clock
        self._alone = alone
        self._holder = new_id("wrk")
        self._news = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._swept: float | None = None

    def start(self) -> None:
        """Begin with what is waiting."""
        if self._alone:
            self._jobs.take_over()
        self._thread = threading.Thread(target=self._work, name="job-worker", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Say that there is a new job."""
        self._news.set()

    def stop(self, *, timeout_seconds: float = 30.0) -> None:
        """Give back what is being read, and end. What is half written is finished the next time."""
        self._stopping.set()
        self._news.set()
        if self._thread is not None:
            self._thread.join(timeout_seconds)

    def _work(self) -> None:
        while not self._stopping.is_set():
            self._news.clear()
            try:
                self._sweep()
                job = self._jobs.claim(self._holder)
            except StorageError as error:
                _log.warning("jobs cannot be looked for, and will be again: %s", error)
                job = None
            if job is None:
                self._news.wait(_LOOK_EVERY_SECONDS)
                continue
            try:
                self._read(job)
            except StorageError as error:
                # The lease runs out, and the job is taken up again.
                _log.warning("job %s cannot be written down: %s", job.id, error)

    def _read(self, job: ClaimedJob) -> None:
        started = time.monotonic()
        if job.attempt > MOST_ATTEMPTS:
            self._remove_unused(job)
            self._end(job, _given_up(job, _DIED))
            return
        with _Heartbeat(self._jobs, job.id, self._holder) as heartbeat:
            try:
                outcome = self._ingested(job, heartbeat)
            except _StoppedError:
                self._jobs.release(job.id, self._holder)
                return
            except _LostError:
                _log.warning("job %s was taken over by another process", job.id)
                return
            except Exception as error:  # noqa: BLE001 - whatever it is must not end the thread
                if self._stopping.is_set():
                    # Parts close around a job that takes too long to stop.
                    self._jobs.release(job.id, self._holder)
                    return
                told = isinstance(error, CopilotError)
                _log.warning("job %s failed: %s", job.id, error, exc_info=not told)
                if job.attempt < MOST_ATTEMPTS:
                    self._jobs.put_off(job.id, self._holder)
                    return
                outcome = _given_up(job, _FAILED)
                self._remove_unused(job)
        self._end(job, outcome)
        _log.info(
            "job=%s state=%s documents=%d failed=%d seconds=%.1f",
            job.id, outcome.state.value, outcome.total, len(outcome.failed),
            time.monotonic() - started,
        )  # fmt: skip

    def _ingested(self, job: ClaimedJob, heartbeat: "_Heartbeat") -> JobOutcome:
        with ExitStack() as stack:
            files: list[UploadedFile] = []
            missing: list[Failure] = []
            for one in job.files:
                try:
                    path = stack.enter_context(self._blobs.staged(one.staged(job.id)))
                except NotFoundError as error:
                    missing.append(Failure(path=one.uri, error=str(error)))
                    continue
                files.append(UploadedFile(uri=one.uri, path=path, sha256=one.sha256, size=one.size))
            corpus = _Counted(UploadCorpus(sender=job.sender, keys=job.keys, files=tuple(files)))
            teller = _Teller(self._jobs, job.id, self._holder, corpus)

            def on_progress(progress: Progress) -> None:
                if self._stopping.is_set():
                    raise _StoppedError
                if heartbeat.lost:
                    raise _LostError
                teller.tell(progress)

            how = IngestRun(
                workers=1, author=Author(principal=job.sender), longest_text=LONGEST_TEXT
            )
            began = self._clock()
            report = self._pipeline().run(corpus, how, on_progress)
        report.failed.extend(missing)
        if job.attempt > 1:
            self._count_again(job, corpus.uris, report, began)
        failed = {one.path for one in report.failed}
        return JobOutcome(
            total=len(corpus.uris) + corpus.failures + len(missing),
            added=report.added,
            updated=report.updated,
            unchanged=report.unchanged,
            failed=tuple(report.failed),
            document_ids=tuple(
                document_id(job.sender.tenant, uri) for uri in corpus.uris if uri not in failed
            ),
        )

    def _count_again(
        self, job: ClaimedJob, uris: Sequence[str], report: IngestReport, began: datetime
    ) -> None:
        """Count what an earlier attempt has brought as brought, though now it is unchanged."""
        for uri in uris:
            history = self._catalog.history(document_id(job.sender.tenant, uri))
            if history and job.began <= history[-1].created_at < began:
                report.unchanged -= 1
                report.added += len(history) == 1
                report.updated += len(history) > 1

    def _end(self, job: ClaimedJob, outcome: JobOutcome) -> None:
        if not self._jobs.finish(job.id, self._holder, outcome):
            _log.warning("job %s was taken over by another process", job.id)
            return
        for one in job.files:
            self._blobs.unstage(one.staged(job.id))

    def _remove_unused(self, job: ClaimedJob) -> None:
        """Remove what was written for a version that never came to be."""
        for one in job.files:
            self._catalog.remove_unused(one.sha256, self._blobs)

    def _sweep(self) -> None:
        """Remove bytes that never came to a job, because their process ended on the way."""
        now = time.monotonic()
        if self._swept is not None and now - self._swept < _SWEEP_EVERY_SECONDS:
            return
        self._swept = now
        old: dict[str, str] = {}
        for name in self._blobs.staged_names():
            job_id = name.rpartition("-")[0]
            made = made_at(job_id)
            if made is not None and made < time.time() - _LEFT_BEHIND_SECONDS:
                old[name] = job_id
        waiting = self._jobs.has_files(frozenset(old.values()))
        for name, job_id in old.items():
            if job_id not in waiting:
                self._blobs.unstage(name)


class _Counted:
    """A source that remembers what it gave."""

    def __init__(self, corpus: UploadCorpus) -> None:
        self._corpus = corpus
        self.uris: list[str] = []
        self.failures = 0
        self.skipped: tuple[Skipped, ...] = corpus.skipped
        self.unsupported: Mapping[str, int] = corpus.unsupported
        self.warnings: tuple[str, ...] = corpus.warnings
        self.tenants: frozenset[str] = corpus.tenants

    def __iter__(self) -> Iterator[SourceItem | SourceFailure]:
        for found in self._corpus:
            if isinstance(found, SourceItem):
                self.uris.append(found.uri)
            else:
                self.failures += 1
            yield found


class _Teller:
    """Writes down how far a job is, now and then."""

    def __init__(self, jobs: Jobs, job_id: str, holder: str, corpus: _Counted) -> None:
        self._jobs = jobs
        self._job_id = job_id
        self._holder = holder
        self._corpus = corpus
        self._told = 0.0

    def tell(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._told < _TELL_EVERY_SECONDS:
            return
        self._told = now
        total = len(self._corpus.uris) + self._corpus.failures
        done = total - (progress.total - progress.done)
        # Nobody's document waits for it.
        with suppress(StorageError):
            self._jobs.progress(self._job_id, self._holder, done=done, total=total)


class _Heartbeat:
    """Renews a lease for as long as a block lasts, however long a single document takes."""

    def __init__(self, jobs: Jobs, job_id: str, holder: str) -> None:
        self._jobs = jobs
        self._job_id = job_id
        self._holder = holder
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="job-heartbeat", daemon=True)
        self.lost = False

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._over.wait(LEASE.total_seconds() / 4):
            try:
                self.lost = not self._jobs.renew(self._job_id, self._holder)
            except StorageError as error:
                _log.warning("the lease of job %s was not renewed: %s", self._job_id, error)


def _given_up(job: ClaimedJob, reason: str) -> JobOutcome:
    failed = tuple(Failure(path=one.uri, error=reason) for one in job.files)
    return JobOutcome(total=len(job.files), failed=failed)
