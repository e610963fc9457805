"""Sending files to a house without HTTP, and waiting for what becomes of them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from assembly import Assembly
from governance.principal import Principal, Role
from ingest.job import Job, JobState
from tests.fakes.waiting import wait_until

OWNER = Principal(subject="kim", tenant="northstar", roles=frozenset({Role.CONTENT_OWNER}))
_KIND = "multipart/form-data; boundary=XX"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Somebody who sends files."""

    house: Assembly
    who: Principal = OWNER

    def send(self, files: Mapping[str, bytes], said: Mapping[str, object] | None = None) -> str:
        """Send files by name; returns the job's id."""
        house = self.house
        house.uploads.enter(self.who)
        try:
            with house.uploads.form(self.who, _KIND) as form:
                form.feed(body(files, said))
                return house.uploads.accept(self.who, form)
        finally:
            house.uploads.leave(self.who)

    def sent(self, files: Mapping[str, bytes], said: Mapping[str, object] | None = None) -> Job:
        """Send files and wait until they were read."""
        return self.ended(self.send(files, said))

    def ended(self, job_id: str) -> Job:
        """Wait until a job has ended."""
        over = (JobState.DONE, JobState.FAILED)
        wait_until(lambda: self.house.jobs.job(self.who.tenant, job_id).state in over)
        return self.house.jobs.job(self.who.tenant, job_id)


def body(files: Mapping[str, bytes], said: Mapping[str, object] | None = None) -> bytes:
    """A form with the boundary XX."""
    parts = [
        b'--XX\r\nContent-Disposition: form-data; name="file"; filename="'
        + name.encode() + b'"\r\n\r\n' + data + b"\r\n"
        for name, data in files.items()
    ]  # fmt: skip
    if said is not None:
        parts.append(
            b'--XX\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n'
            + json.dumps(said).encode() + b"\r\n"
        )  # fmt: skip
    return b"".join(parts) + b"--XX--\r\n"
