"""Jobs of the house: each when it is due, in one process at a time, whatever becomes of others."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from foundation.database import Database, open_database
from foundation.errors import StorageError
from governance import housekeeping
from governance.housekeeping import LEASE, Housekeeping, Job, Ran
from tests.fakes.waiting import wait_until

HOUR = timedelta(hours=1)


class Watch:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'c.db'}")
    yield opened
    opened.close()


@pytest.fixture
def watch() -> Watch:
    return Watch()


def house(database: Database, watch: Watch, *jobs: Job, **more: object) -> Housekeeping:
    return Housekeeping(database, watch, jobs, **more)  # type: ignore[arg-type]


def test_a_job_runs_when_it_is_due_and_not_before(database: Database, watch: Watch) -> None:
    times: list[datetime] = []
    keeper = house(database, watch, Job(name="a", every=HOUR, run=times.append))
    keeper.run_due()
    keeper.run_due()
    watch.now += HOUR / 2
    keeper.run_due()
    watch.now += HOUR / 2
    keeper.run_due()
    assert len(times) == 2
    assert times[1] - times[0] == HOUR


def test_another_process_does_not_run_it_again(database: Database, watch: Watch) -> None:
    times: list[datetime] = []
    job = Job(name="a", every=HOUR, run=times.append)
    house(database, watch, job).run_due()
    assert house(database, watch, job).run_due() == ()
    assert len(times) == 1


def test_two_processes_never_run_a_job_at_the_same_time(database: Database, watch: Watch) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def slow(_now: datetime) -> str:
        inside.set()
        assert go_on.wait(60)
        return "slowly"

    first = house(database, watch, Job(name="a", every=timedelta(0), run=slow))
    second = house(database, watch, Job(name="a", every=timedelta(0), run=lambda _: "quickly"))
    thread = threading.Thread(target=first.run_due)
    thread.start()
    try:
        assert inside.wait(60)
        assert second.run_due() == ()
        assert second.run_all() == ()
    finally:
        go_on.set()
        thread.join()
    assert second.run_due() == (Ran(job="a", did="quickly"),)


def test_many_who_look_at_once_run_it_once(database: Database, watch: Watch) -> None:
    ran: list[datetime] = []
    keepers = [house(database, watch, Job(name="a", every=HOUR, run=ran.append)) for _ in range(6)]
    threads = [threading.Thread(target=one.run_due) for one in keepers]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(ran) == 1


def test_what_a_dead_process_left_is_taken_over(database: Database, watch: Watch) -> None:
    class DiedError(BaseException):
        pass

    def dies(_now: datetime) -> None:
        raise DiedError

    job = Job(name="a", every=HOUR, run=dies)
    with pytest.raises(DiedError):
        house(database, watch, job).run_due()
    other = house(database, watch, Job(name="a", every=HOUR, run=lambda _: "done"))
    assert other.run_due() == ()
    watch.now += LEASE
    assert other.run_due() == (Ran(job="a", did="done"),)


def test_a_long_job_keeps_its_lease(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "LEASE", timedelta(seconds=0.3))
    go_on = threading.Event()
    started = threading.Event()

    def slow(_now: datetime) -> None:
        started.set()
        assert go_on.wait(60)

    def ticking() -> datetime:
        return datetime.now(UTC)

    first = Housekeeping(database, ticking, [Job(name="a", every=HOUR, run=slow)])
    second = Housekeeping(database, ticking, [Job(name="a", every=HOUR, run=lambda _: "twice")])
    thread = threading.Thread(target=first.run_due)
    thread.start()
    try:
        assert started.wait(60)
        assert not go_on.wait(1.2)
        assert second.run_due() == ()
    finally:
        go_on.set()
        thread.join()


def test_one_that_fails_is_logged_counted_and_holds_nobody_up(
    database: Database, watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    counted: list[tuple[str, str]] = []

    def fails(_now: datetime) -> None:
        raise ZeroDivisionError("secret-looking words")

    def explains(_now: datetime) -> None:
        raise StorageError("the disk is full; make room")

    keeper = house(
        database,
        watch,
        Job(name="bad", every=HOUR, run=fails),
        Job(name="sad", every=HOUR, run=explains),
        Job(name="good", every=HOUR, run=lambda _: 3),
        count=lambda job, result: counted.append((job, result)),
    )
    assert keeper.run_due() == (
        Ran(job="bad", failure="ZeroDivisionError"),
        Ran(job="sad", failure="the disk is full; make room"),
        Ran(job="good", did=3),
    )
    assert "the job bad failed" in caplog.text
    assert counted == [("bad", "failed"), ("sad", "failed"), ("good", "done")]
    assert keeper.run_due() == (), "what failed waits for its next time too"


def test_all_can_be_run_before_they_are_due(database: Database, watch: Watch) -> None:
    keeper = house(database, watch, Job(name="a", every=HOUR, run=lambda _: "did"))
    assert keeper.run_all() == keeper.run_all() == (Ran(job="a", did="did"),)


def test_the_thread_does_what_is_due_and_ends(
    database: Database, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "LOOK_EVERY_SECONDS", 0.01)
    ran: list[datetime] = []
    keeper = house(database, watch, Job(name="a", every=timedelta(0), run=ran.append))
    before = threading.active_count()
    keeper.start()
    wait_until(lambda: len(ran) >= 2)
    keeper.stop()
    assert threading.active_count() == before
