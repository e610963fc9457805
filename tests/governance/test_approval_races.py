"""Decisions that meet, as threads and not as stories, on both kinds of database."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from copilot.citing import Answers
from copilot.record import CitedVersion, OutcomeRecord
from copilot.record_tables import outcomes
from copilot.records import Records
from foundation.blobs import BlobStore
from foundation.errors import ConflictError, NotFoundError
from governance.approval import Decision, FourEyesError
from governance.deletion import Deletions
from governance.document import ApprovalState, DocumentMetadata
from tests.fakes.databases import empty, postgresql_server
from tests.governance.documents_at_hand import ACME, OLGA, PETER, Archive, person


@pytest.fixture(scope="module")
def postgresql_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgresql_server(tmp_path_factory.mktemp("postgresql")) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Archive]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'catalog.db'}"
    else:
        url = request.getfixturevalue("postgresql_url")
    with empty(url) as database:
        yield Archive(database)


def test_an_approval_does_not_overtake_a_withdrawal(archive: Archive) -> None:
    for number in range(12):
        document = archive.add(f"{number}.md", approval=ApprovalState.IN_REVIEW).document_id

        def decide(move: str, document: str = document) -> bool:
            try:
                getattr(archive.approvals, move)(PETER, document, Decision())
            except ConflictError:
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            approved, withdrawn = pool.map(decide, ["approve", "withdraw"])
        assert withdrawn
        # Approved first or not at all: what is withdrawn stays withdrawn.
        assert archive.states(document) == [ApprovalState.WITHDRAWN]
        steps = [one.to_state for one in archive.catalog.approval_steps(document)]
        assert (ApprovalState.APPROVED in steps) == approved
        assert steps[-1] is ApprovalState.WITHDRAWN


def test_every_decision_that_was_taken_is_on_record_and_no_other(archive: Archive) -> None:
    document = archive.add().document_id
    moves = ["submit", "approve", "reject", "withdraw"] * 12

    def decide(number: int) -> str:
        try:
            move = moves[number]
            getattr(archive.approvals, move)(person(f"{number}"), document, Decision())
        except ConflictError:
            return ""
        return str(number)

    with ThreadPoolExecutor(8) as pool:
        taken = {number for number in pool.map(decide, range(len(moves))) if number}
    lines = [one for one in archive.lines() if one["action"] != "document.added"]
    assert {one["actor"] for one in lines} == taken
    assert len(lines) == len(taken)
    assert {one.by for one in archive.catalog.approval_steps(document)} == taken


def test_of_many_who_decide_at_once_one_is_heard_and_never_who_submitted(archive: Archive) -> None:
    document = archive.add().document_id
    archive.approvals.submit(OLGA, document, Decision())

    def decide(number: int) -> bool:
        who = OLGA if number % 2 else person(f"approver {number}")
        try:
            archive.approvals.approve(who, document, Decision())
        except (ConflictError, FourEyesError):
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(decide, range(24))) == 1
    assert archive.catalog.approval_steps(document)[-1].by != "olga"


def test_versions_that_come_in_while_others_are_approved_leave_one_that_counts(
    archive: Archive,
) -> None:
    document = archive.add(approval=ApprovalState.IN_REVIEW).document_id

    def bring(number: int) -> None:
        try:
            if number % 3:
                archive.add(text=f"text {number}", approval=ApprovalState.IN_REVIEW)
            else:
                archive.approvals.approve(PETER, document, Decision())
        except ConflictError:
            # Somebody else was quicker.
            return

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(bring, range(24)))
    approved = [
        one.version
        for one in archive.catalog.history(document)
        if one.metadata.approval is ApprovalState.APPROVED
    ]
    assert archive.readable(document) == approved[-1:]


def test_an_answer_that_is_kept_while_its_source_is_deleted_keeps_no_word(
    archive: Archive, tmp_path: Path
) -> None:
    records = Records(archive.database, str)
    deletions = Deletions(
        database=archive.database,
        clock=archive.clock,
        blobs=lambda: BlobStore(str(tmp_path / "blobs")),
        index=_NoIndex,
        answers=Answers(archive.database),
        policy=lambda: archive.policy,
    )

    def keep(name: str, document: str) -> None:
        body = {
            "text": "heliotrope",
            "citations": [{"document_id": document, "quote": "heliotrope"}],
            "escalation": None,
        }
        records.keep(
            ACME,
            OutcomeRecord(
                id=name, conversation_id="cnv", kind="answer", question="q", confidence=0.5,
                band="low", review_required=False, writer="extractive", elapsed_ms=1, body=body,
                signals={}, escalation=None, created_at=archive.now,
                citations=(CitedVersion(key=1, document_id=document, version=1, passage_id="p"),),
            ),
        )  # fmt: skip

    for number in range(10):
        document = archive.add(f"{number}.md").document_id
        with ThreadPoolExecutor(4) as pool:
            keeping = [pool.submit(keep, f"{number}-{n}", document) for n in range(3)]
            deleting = pool.submit(deletions.delete, OLGA, document)
            for one in (*keeping, deleting):
                one.result(60)
    with archive.database.read() as connection:
        kept = [row.body for row in connection.execute(select(outcomes.c.body))]
    assert len(kept) == 30
    assert "heliotrope" not in str(kept)


def test_of_two_who_delete_it_one_does(archive: Archive, tmp_path: Path) -> None:
    deletions = Deletions(
        database=archive.database,
        clock=archive.clock,
        blobs=lambda: BlobStore(str(tmp_path / "blobs")),
        index=_NoIndex,
        answers=Answers(archive.database),
        policy=lambda: archive.policy,
    )
    document = archive.add().document_id

    def end(_: int) -> bool:
        try:
            deletions.delete(OLGA, document)
        except NotFoundError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(end, range(4))) == 1
    assert [one["action"] for one in archive.lines()].count("document.deleted") == 1


def test_metadata_defaults_are_the_safest() -> None:
    assert DocumentMetadata().approval is ApprovalState.DRAFT
    assert DocumentMetadata().audience == {"internal"}


class _NoIndex:
    def forget(self, document_id: str) -> int:
        del document_id
        return 0
