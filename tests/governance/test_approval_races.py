"""Decisions that meet, as threads and not as stories."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from foundation.errors import ConflictError
from governance.approval import Decision
from governance.document import ApprovalState, DocumentMetadata
from tests.governance.documents_at_hand import PETER, Archive, person


def test_an_approval_does_not_overtake_a_withdrawal(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
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
    archive.database.close()


def test_every_decision_that_was_taken_is_on_record_and_no_other(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
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
    archive.database.close()


def test_metadata_defaults_are_the_safest() -> None:
    assert DocumentMetadata().approval is ApprovalState.DRAFT
    assert DocumentMetadata().audience == {"internal"}
