"""What was accepted is read once, beside whatever else goes on, and nothing else stays behind."""

import io
import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from foundation.errors import StorageError
from foundation.ids import content_hash
from governance.audit import Action
from governance.audit.chain import audit_lines
from governance.document import ApprovalState, document_id
from governance.principal import Principal, Role
from ingest.job import JobState
from ingest.job_tables import jobs as job_rows
from ingest.job_worker import LONGEST_TEXT, JobWorker
from ingest.jobs import MOST_ATTEMPTS
from ingest.manifest import IngestOptions
from ingest.pipeline import IngestRun, Pipeline, Prune
from ingest.source import discover
from tests.fakes.small_house import OldModel, SmallHouse
from tests.fakes.ticket_redaction import tickets_as_they_are
from tests.fakes.uploading import Sender
from tests.fakes.waiting import wait_until

PAGE = b"# Returns\n\nThe zebra policy says that returns take forty days.\n"
ADMIN = Principal(subject="ada", tenant="acme", roles=frozenset({Role.PARTNER_ADMIN}))


@contextmanager
def working(folder: Path, model: OldModel | None = None) -> Iterator[SmallHouse]:
    """A house that reads what it is sent."""
    with closing(SmallHouse(folder, model)) as house:
        house.job_worker.start()
        yield house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[SmallHouse]:
    with working(tmp_path) as opened:
        yield opened


def staged(house: SmallHouse) -> frozenset[str]:
    return house.blobs.staged_names()


def kept(house: SmallHouse) -> int:
    """How many original files are kept."""
    folder = house.settings.data_dir / "blobs"
    return sum(len(one.name) == 64 for one in folder.glob("??/*"))


def worker(house: SmallHouse, pipeline: Callable[[], Pipeline], *, alone: bool = True) -> JobWorker:
    return JobWorker(
        jobs=house.jobs, blobs=house.blobs, catalog=house.catalog, pipeline=pipeline,
        clock=house.clock, alone=alone,
    )  # fmt: skip


def test_a_file_becomes_a_draft_of_its_senders_tenant(house: SmallHouse) -> None:
    job = Sender(house=house, who=ADMIN).sent({"../x/Return policy.md": PAGE}, {"title": "Ours"})
    assert (job.state, job.outcome.added, job.done, job.outcome.total) == (JobState.DONE, 1, 1, 1)
    (identity,) = job.outcome.document_ids
    assert identity == document_id("acme", "uploads/Return-policy.md")
    (version,) = house.catalog.history(identity)
    assert version.tenant == "acme"
    assert version.metadata.title == "Ours"
    assert version.metadata.approval is ApprovalState.DRAFT
    assert version.metadata.audience == {"internal"}
    assert house.blobs.get(version.blob_key) == PAGE
    assert staged(house) == frozenset()


def test_who_sent_a_file_is_on_record_with_what_they_sent(house: SmallHouse) -> None:
    job = Sender(house=house, who=ADMIN).sent({"a.md": PAGE})
    with house.database.read() as connection:
        lines = {
            row.action: json.loads(row.sealed)
            for row in connection.execute(select(audit_lines).where(audit_lines.c.tenant == "acme"))
        }
    accepted = lines[Action.UPLOAD_ACCEPTED.value]
    assert (accepted["actor"], accepted["target"]) == ("ada", job.id)
    assert accepted["details"]["files"] == [
        {"uri": "uploads/a.md", "bytes": len(PAGE), "sha256": content_hash(PAGE)}
    ]
    added = lines[Action.DOCUMENT_ADDED.value]
    assert (added["actor"], added["roles"]) == ("ada", ["partner_admin"])
    assert added["target"] == job.outcome.document_ids[0]


def test_the_same_again_changes_nothing_and_keeps_nothing_twice(house: SmallHouse) -> None:
    sender = Sender(house=house)
    sender.sent({"a.md": PAGE}, {"product": "Hub"})
    job = sender.sent({"a.md": PAGE}, {"product": "Hub"})
    assert (job.outcome.unchanged, job.outcome.added, job.outcome.updated) == (1, 0, 0)
    assert (job.state, job.done, job.outcome.total) == (JobState.DONE, 1, 1)
    assert kept(house) == 1
    assert staged(house) == frozenset()
    # Other metadata makes a version, over the same file.
    job = sender.sent({"a.md": PAGE}, {"product": "Dock"})
    assert job.outcome.updated == 1
    assert kept(house) == 1


def test_a_new_version_is_a_draft_and_the_approved_one_stays(house: SmallHouse) -> None:
    sender = Sender(house=house)
    said = {"uri": "policies/returns.md", "audience": ["partners"]}
    (identity,) = sender.sent({"a.md": PAGE}, said).outcome.document_ids
    house.catalog.set_approval(identity, 1, state=ApprovalState.APPROVED, by="bob")
    assert house.found("zebra policy") == {"policies/returns.md"}
    job = sender.sent({"b.md": PAGE.replace(b"forty", b"fifty")}, said)
    assert job.outcome.document_ids == (identity,)
    assert job.outcome.updated == 1
    states = [one.metadata.approval for one in house.catalog.history(identity)]
    assert states == [ApprovalState.APPROVED, ApprovalState.DRAFT]
    assert house.found("zebra policy") == {"policies/returns.md"}


def test_one_file_that_cannot_be_read_keeps_no_other_from_it(house: SmallHouse) -> None:
    hopeless = b"%PDF-1.7\nnonsense\n%%EOF"
    job = Sender(house=house).sent({"a.md": PAGE, "b.pdf": hopeless, "c.md": PAGE + b"\nMore.\n"})
    assert (job.state, job.outcome.added, job.done, job.outcome.total) == (JobState.DONE, 2, 3, 3)
    ((path, error),) = [(one.path, one.error) for one in job.outcome.failed]
    assert path == "uploads/b.pdf"
    assert "damaged" in error
    assert document_id("northstar", path) not in job.outcome.document_ids
    assert kept(house) == 2
    assert staged(house) == frozenset()


def test_where_nothing_can_be_read_the_job_has_failed(house: SmallHouse) -> None:
    job = Sender(house=house).sent({"a.json": b'{"a": [1, 2'})
    assert job.state is JobState.FAILED
    assert (job.done, job.outcome.total, len(job.outcome.failed)) == (1, 1, 1)
    assert kept(house) == 0


def test_what_a_page_says_of_itself_opens_it_to_nobody(house: SmallHouse) -> None:
    page = b"---\ntitle: Plan\naudience: [partners]\napproval: approved\n---\n\n# Plan\n\nBlue.\n"
    (identity,) = Sender(house=house).sent({"a.md": page}).outcome.document_ids
    (version,) = house.catalog.history(identity)
    assert version.metadata.title == "Plan"
    assert version.metadata.audience == {"internal"}
    assert version.metadata.approval is ApprovalState.DRAFT
    (identity,) = Sender(house=house).sent({"a.md": page}, {"title": "Ours"}).outcome.document_ids
    assert house.catalog.history(identity)[-1].metadata.title == "Ours"


def test_a_page_includes_nothing_of_what_else_is_waiting(house: SmallHouse) -> None:
    other = Sender(house=house, who=ADMIN)
    secret = b"# Secret\n\nThe word is heliotrope.\n"
    waiting = other.send({"secret.md": secret})
    names = [f"[!include[x]({waiting}-0)]", f"[!include[x]({waiting}-0.md)]", "[!include[x](a.md)]"]
    page = ("# Page\n\nHello.\n\n" + "\n\n".join(names)).encode()
    (identity,) = Sender(house=house).sent({"a.md": secret, "b.md": page}).outcome.document_ids[1:]
    assert "heliotrope" not in house.catalog.text(identity, 1)


HISTORY = (
    b"id,partner,product,release,opened,closed,subject,description,resolution\n"
    b"T-1,acme,Hub,4.2,2026-01-02,,No stock,The stock is zero.,Restart the agent.\n"
    b"T-2,birchwood,Hub,4.2,2026-01-03,2026-01-04,Slow,It is slow.,Add an index.\n"
    b"T-3,acme,Hub,4.2,yesterday,,Odd,It is odd.,None.\n"
)


def test_a_ticket_history_becomes_a_document_a_row_for_its_partner_only(house: SmallHouse) -> None:
    job = Sender(house=house).sent({"tickets.csv": HISTORY}, {"title": "Tickets"})
    assert (job.outcome.added, job.done, job.outcome.total) == (2, 3, 3)
    assert [one.path for one in job.outcome.failed] == ["uploads/tickets.csv#T-3"]
    first, second = (house.catalog.history(one)[0] for one in job.outcome.document_ids)
    assert (first.uri, first.metadata.audience) == ("uploads/tickets.csv#T-1", {"tenant:acme"})
    assert second.metadata.audience == {"tenant:birchwood"}
    assert second.metadata.title == "Ticket T-2: Slow"


def test_who_may_not_publish_to_others_cannot_do_it_by_rows(house: SmallHouse) -> None:
    job = Sender(house=house, who=ADMIN).sent({"tickets.csv": HISTORY})
    assert job.outcome.added == 1
    errors = {one.path: one.error for one in job.outcome.failed}
    assert "tenant:birchwood" in errors["uploads/tickets.csv#T-2"]
    (version,) = house.catalog.history(job.outcome.document_ids[0])
    assert version.metadata.audience == {"tenant:acme"}
    job = Sender(house=house, who=ADMIN).sent({"inside.csv": HISTORY}, {"audience": "internal"})
    assert job.outcome.added == 2


def test_many_jobs_wait_for_one_another(house: SmallHouse) -> None:
    sender = Sender(house=house)
    waiting = [
        sender.send({"a.md": PAGE + b"%d\n" % number}, {"uri": "a.md"}) for number in range(8)
    ]
    for one in waiting:
        job = sender.ended(one)
        assert (job.state, job.outcome.added + job.outcome.updated) == (JobState.DONE, 1)
    versions = house.catalog.history(document_id("northstar", "a.md"))
    assert [one.version for one in versions] == list(range(1, 9))


def test_what_waits_when_the_house_closes_is_read_when_it_opens(tmp_path: Path) -> None:
    with closing(SmallHouse(tmp_path)) as house:
        waiting = Sender(house=house).send({"a.md": PAGE})
        assert house.jobs.job("northstar", waiting).state is JobState.QUEUED
    with working(tmp_path) as house:
        assert Sender(house=house).ended(waiting).outcome.added == 1


def test_a_job_that_is_under_way_is_given_back_when_the_house_closes(tmp_path: Path) -> None:
    slow = OldModel(lambda _: time.sleep(1))
    files = {f"{number}.md": PAGE + b"%d\n" % number for number in range(3)}
    with working(tmp_path, slow) as house:
        waiting = Sender(house=house).send(files)
        wait_until(lambda: house.jobs.job("northstar", waiting).state is JobState.RUNNING)
        started = time.monotonic()
    assert time.monotonic() - started < 25
    with closing(SmallHouse(tmp_path)) as house:
        assert house.jobs.job("northstar", waiting).state is JobState.QUEUED
    with working(tmp_path) as house:
        job = Sender(house=house).ended(waiting)
        assert (job.outcome.added, job.outcome.unchanged, job.outcome.total) == (3, 0, 3)


class Broken:
    """A pipeline of which a part never answers."""

    def __init__(self, house: SmallHouse, error: Exception) -> None:
        self._house = house
        self._error = error

    def run(self, *_: object) -> None:
        self._house.blobs.put(PAGE)
        raise self._error


@pytest.mark.parametrize(
    "error", [StorageError("cannot write /data/x"), ZeroDivisionError("at line 7")]
)
def test_what_fails_again_and_again_is_given_up_without_telling_why(
    tmp_path: Path, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(SmallHouse(tmp_path)) as house:
        waiting = Sender(house=house).send({"a.md": PAGE})
        reader = worker(house, lambda: Broken(house, error))  # type: ignore[arg-type,return-value]
        reader.start()
        for _ in range(MOST_ATTEMPTS - 1):
            wait_until(lambda: put_off(house))
            with house.database.write() as connection:
                connection.execute(job_rows.update().values(lease_until=None))
            reader.wake()
        job = Sender(house=house).ended(waiting)
        reader.stop()
        assert job.state is JobState.FAILED
        (failed,) = job.outcome.failed
        assert "send it again" in failed.error
        assert str(error) not in failed.error
        assert str(error) in caplog.text
        assert kept(house) == 0
        assert staged(house) == frozenset()


def put_off(house: SmallHouse) -> bool:
    with house.database.read() as connection:
        row = connection.execute(select(job_rows)).one()
    return row.state == JobState.QUEUED and row.lease_until is not None


def test_a_job_that_ends_every_program_that_reads_it_is_given_up(tmp_path: Path) -> None:
    with closing(SmallHouse(tmp_path)) as house:
        waiting = Sender(house=house).send({"a.md": PAGE})
        for _ in range(MOST_ATTEMPTS):
            assert house.jobs.claim("died")
            house.jobs.take_over()
        house.job_worker.start()
        job = Sender(house=house).ended(waiting)
        assert job.state is JobState.FAILED
        assert "ended the program" in job.outcome.failed[0].error
        assert staged(house) == frozenset()


def test_bytes_that_are_gone_fail_their_file_only(tmp_path: Path) -> None:
    with closing(SmallHouse(tmp_path)) as house:
        waiting = Sender(house=house).send({"a.md": PAGE, "b.md": PAGE})
        house.blobs.unstage(f"{waiting}-0")
        house.job_worker.start()
        job = Sender(house=house).ended(waiting)
        assert (job.outcome.added, job.done, job.outcome.total) == (1, 2, 2)
        assert [one.path for one in job.outcome.failed] == ["uploads/a.md"]


def test_what_a_crash_left_before_there_was_a_job_is_swept_away(tmp_path: Path) -> None:
    old, waits = f"job_{'0' * 32}", ""
    with closing(SmallHouse(tmp_path)) as house:
        waits = Sender(house=house).send({"a.md": PAGE})
        house.blobs.stage(f"{old}-0", io.BytesIO(PAGE))
        house.blobs.stage(f"job_{'f' * 12}{'0' * 20}-0", io.BytesIO(PAGE))
        house.job_worker.start()
        Sender(house=house).ended(waits)
        # The younger one may be an upload that is under way. What was read goes a moment after.
        wait_until(lambda: staged(house) == {f"job_{'f' * 12}{'0' * 20}-0"})


def test_what_was_uploaded_does_not_vanish_with_a_folder(house: SmallHouse, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for name in ("one", "two"):
        (corpus / f"{name}.md").write_text(f"# {name}\n\nThe word is {name}.\n")
    run = IngestRun(workers=1, prune=Prune.ALL)
    options = IngestOptions(tenant="northstar")
    house.pipeline.run(discover([corpus], options), run)
    (uploaded,) = Sender(house=house).sent({"a.md": PAGE}).outcome.document_ids
    # One of the folder's own is from now on somebody's who uploads it.
    taken = document_id("northstar", "one.md")
    Sender(house=house).sent({"x.md": PAGE + b"More.\n"}, {"uri": "one.md"})
    for name in ("one", "two"):
        (corpus / f"{name}.md").unlink()
    (corpus / "three.md").write_text("# three\n\nThe word is three.\n")
    assert house.pipeline.run(discover([corpus], options), run).removed == 1
    gone = document_id("northstar", "two.md")
    states = {one.document_id: one.metadata.approval for one in house.catalog.newest("northstar")}
    assert states[gone] is ApprovalState.WITHDRAWN
    assert states[uploaded] is states[taken] is ApprovalState.DRAFT


def test_a_text_without_end_is_a_failure_and_holds_nobody_up(house: SmallHouse) -> None:
    endless = b"word " * (LONGEST_TEXT // 5 + 1)
    job = Sender(house=house).sent({"endless.txt": endless, "a.md": PAGE})
    assert (job.outcome.added, job.done, job.outcome.total) == (1, 2, 2)
    ((path, error),) = [(one.path, one.error) for one in job.outcome.failed]
    assert (path, "10,000,000" in error) == ("uploads/endless.txt", True)


def test_processes_that_share_a_database_share_the_work(tmp_path: Path) -> None:
    with closing(SmallHouse(tmp_path)) as house:
        many = [
            Sender(house=house).send({f"{number}.md": PAGE + b"%d\n" % number})
            for number in range(8)
        ]
        workers = [worker(house, lambda: shared(house), alone=False) for _ in range(2)]
        for one in workers:
            one.start()
        jobs = [Sender(house=house).ended(one) for one in many]
        for one in workers:
            one.stop()
        assert [(one.state, one.outcome.added) for one in jobs] == [(JobState.DONE, 1)] * 8
        newest = house.catalog.newest("northstar")
        assert [one.version for one in newest] == [1] * 8
        assert house.index.count() == sum(one.chunk_count for one in newest)


def shared(house: SmallHouse) -> Pipeline:
    """Another process's pipeline to the same catalog and index."""
    return Pipeline(
        catalog=house.catalog, index=house.index, embedder=house.embedder, blobs=house.blobs,
        tickets=tickets_as_they_are, sole_writer=False,
    )  # fmt: skip
