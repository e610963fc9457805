"""Uploads: from what somebody sends to a job that will be read, or to a refusal that says why.

    form ──▶ what it says ──▶ may its sender? ──▶ what is it? ──▶ staged ──▶ job and audit line

Everything that can be told at once is told at once. Once a job is in the database, with its line
on the record and its bytes among the blobs, no crash loses it.
"""

import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from foundation.blobs import BlobStore
from foundation.clock import Clock
from foundation.database import Database
from foundation.errors import StorageError
from foundation.ids import new_id
from governance.audit import Action, event_of, record
from governance.limiting import TooManyIngestsError
from governance.policy import Policy
from governance.principal import Principal
from ingest.detection import FileFormat, detect_file, too_large
from ingest.errors import ParseError
from ingest.job import JobFile, NewJob
from ingest.jobs import MOST_WAITING, Jobs, QueueFullError, unfinished, write_job
from ingest.upload_form import (
    ReceivedFile,
    UploadBounds,
    UploadForm,
    UploadMisfit,
    UploadMisfitError,
)
from ingest.upload_metadata import UploadKeys, check_reach, read_metadata
from ingest.upload_names import named_uri, refuse_manifest, uploaded_uri

LARGEST_JSON = 10 * 1024 * 1024
"""Bytes of a JSON file: a value of JSON may need twenty times as much memory as its text."""
MOST_RECEIVED = 16
"""Uploads that come in at once, of all tenants together."""


class Uploads:
    """Takes uploads in. `folder` holds their bytes while they come; `wake` tells of a new job."""

    def __init__(  # noqa: PLR0913 - one keyword a part
        self,
        *,
        database: Database,
        clock: Clock,
        blobs: BlobStore,
        jobs: Jobs,
        policy: Callable[[], Policy],
        folder: Path,
        wake: Callable[[], None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._blobs = blobs
        self._jobs = jobs
        self._policy = policy
        self._folder = folder
        self._wake = wake
        self._lock = threading.Lock()
        self._coming: Counter[str] = Counter()

    @property
    def bounds(self) -> UploadBounds:
        """How much a request may bring at the moment."""
        policy = self._policy().uploads
        return UploadBounds(
            file_bytes=policy.file_bytes, request_bytes=policy.request_bytes, files=policy.files
        )

    def enter(self, sender: Principal) -> None:
        """Take a place while an upload's bytes come in. Who takes one must leave it.

        Raises `TooManyIngestsError` where the tenant has as many under way as it may have, and
        `QueueFullError` where all tenants together have.
        """
        tenant = sender.tenant
        under_way = self._jobs.unfinished(tenant)
        with self._lock:
            most = self._most(tenant)
            if self._coming[tenant] + under_way >= most:
                raise TooManyIngestsError(most)
            if self._coming.total() >= MOST_RECEIVED:
                raise _full()
            self._coming[tenant] += 1

    def leave(self, sender: Principal) -> None:
        """Give the place back."""
        with self._lock:
            self._coming[sender.tenant] -= 1
            if not self._coming[sender.tenant]:
                del self._coming[sender.tenant]

    def form(self, sender: Principal, content_type: str) -> UploadForm:
        """What takes in the bytes of an upload, and refuses as soon as it says what it may not."""
        return UploadForm(
            content_type,
            self.bounds,
            self._folder,
            on_metadata=lambda text: _check(sender, read_metadata(text)),
        )

    def accept(self, sender: Principal, form: UploadForm) -> str:
        """Make a job of a form that is complete; returns its id.

        Raises `UploadMisfitError`, `ForbiddenError`, a `ParseError` for a file that plainly
        cannot be read, and what `enter` raises.
        """
        form.finish()
        keys = read_metadata(form.metadata)
        _check(sender, keys)
        named = _named(form.files, keys)
        for uri, file in named:
            try:
                _judge(file, uri)
            except ParseError as error:
                raise type(error)(f"{uri} {error}") from None
        new = NewJob(
            id=new_id("job"),
            sender=sender,
            keys=keys,
            files=tuple(
                JobFile(number=number, uri=uri, sha256=file.sha256, size=file.size)
                for number, (uri, file) in enumerate(named)
            ),
        )
        try:
            for one, (_, file) in zip(new.files, named, strict=True):
                self._blobs.stage(one.staged(new.id), file.content)
            self._put_on_record(new)
        except BaseException:
            for one in new.files:
                with suppress(StorageError):
                    self._blobs.unstage(one.staged(new.id))
            raise
        self._wake()
        return new.id

    def _put_on_record(self, new: NewJob) -> None:
        now = self._clock()
        tenant = new.sender.tenant
        files = [{"uri": one.uri, "bytes": one.size, "sha256": one.sha256} for one in new.files]
        with self._database.write() as connection:
            record(
                connection,
                event_of(
                    new.sender,
                    at=now,
                    action=Action.UPLOAD_ACCEPTED,
                    target=new.id,
                    details={"files": files},
                ),
            )
            write_job(connection, new, now)
            # Counted behind the record's lock, which a tenant's writers wait for one another at.
            most = self._most(tenant)
            if unfinished(connection, tenant) > most:
                raise TooManyIngestsError(most)
            if unfinished(connection) > MOST_WAITING:
                raise _full()

    def _most(self, tenant: str) -> int:
        return self._policy().limits.for_tenant(tenant).concurrent_ingests


def _judge(file: ReceivedFile, uri: str) -> None:
    found = detect_file(file.content, uri)
    # To tell whether it is a ticket history it is read as a whole, in this process.
    if found in (FileFormat.JSON, FileFormat.JSON_LINES) and file.size > LARGEST_JSON:
        raise too_large(file.size, LARGEST_JSON)


def _full() -> QueueFullError:
    return QueueFullError("too many uploads are waiting to be read; send it again in a while")


def _check(sender: Principal, keys: UploadKeys) -> None:
    if keys.uri is not None:
        refuse_manifest(named_uri(keys.uri), ("body", "metadata", "uri"))
    check_reach(sender, frozenset(keys.audience or ()))


def _named(
    files: tuple[ReceivedFile, ...], keys: UploadKeys
) -> tuple[tuple[str, ReceivedFile], ...]:
    """Say what each file's document is called."""
    if keys.uri is not None:
        if len(files) > 1:
            raise UploadMisfitError(
                UploadMisfit(
                    loc=("body", "metadata", "uri"),
                    msg=f"names one document, and {len(files)} files came: send each by itself",
                )
            )
        return ((named_uri(keys.uri), files[0]),)
    uris: dict[str, int] = {}
    for number, file in enumerate(files):
        uri = uploaded_uri(file.name)
        place = ("body", "file", number)
        refuse_manifest(uri, place)
        first = uris.setdefault(uri, number)
        if first != number:
            raise UploadMisfitError(
                UploadMisfit(
                    loc=place,
                    msg=f"would be called {uri}, as file {first} is; rename one, or send each by "
                    "itself with a `uri` in its metadata",
                )
            )
    return tuple(zip(uris, files, strict=True))
