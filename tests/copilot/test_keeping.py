from datetime import UTC, datetime

import pytest

from copilot.keeping import GONE, kept_outcome, outcome_record
from copilot.schemas import EscalationJson, OutcomeJson
from governance.kept_words import KeptText

SAID = "What is the fee of Marla Singer for ERR-4012?"
KEPT = "What is the fee of <PERSON> for ERR-4012?"
QUESTION = KeptText(said=SAID, kept=KEPT)


def outcome(missing: str | None) -> OutcomeJson:
    escalation = None
    if missing is not None:
        escalation = EscalationJson(
            id="esc", reason="no_evidence", missing=missing, queue="q", priority="normal",
            due_at=datetime(2026, 11, 23, tzinfo=UTC),
        )  # fmt: skip
    return OutcomeJson(
        id="out", kind="answer" if escalation is None else "escalation", question=SAID,
        standalone_question=SAID, text=f"I could not find it. {missing or ''} Ask Marla.",
        confidence=0.1, band="low", review_required=False, citations=[], escalation=escalation,
        options=[], writer="extractive", conversation_id="cnv", elapsed_ms=1,
    )  # fmt: skip


def test_question_and_standalone_question_are_kept_redacted():
    kept = kept_outcome(outcome(None), QUESTION)
    assert (kept.question, kept.standalone_question) == (KEPT, KEPT)


@pytest.mark.parametrize(
    ("missing", "kept"),
    [
        ("No passage mentions “Singer”.", f"No passage mentions “{GONE}”."),
        ("No passage mentions “ERR-4012”.", "No passage mentions “ERR-4012”."),
        ("None mentions “fee” or “MARLA”.", f"None mentions “fee” or “{GONE}”."),
        ("No passage I may use states this clearly.",) * 2,
    ],
)
def test_what_is_missing_repeats_no_word_that_was_taken_out(missing: str, kept: str):
    whole = kept_outcome(outcome(missing), QUESTION)
    assert whole.escalation
    assert whole.escalation.missing == kept
    assert kept in whole.text
    assert "Singer" not in whole.text


def test_a_question_without_personal_data_is_kept_as_it_is():
    asked = outcome("No passage mentions “fee”.")
    assert kept_outcome(asked, KeptText(said=SAID, kept=SAID)) == asked


def test_the_row_says_what_the_kept_outcome_says():
    kept = kept_outcome(outcome("No passage mentions “Singer”."), QUESTION)
    now = datetime(2026, 11, 23, tzinfo=UTC)
    row = outcome_record(kept, signals={"cosine": 0.5}, at=now, words={})
    assert row.question == KEPT
    assert row.escalation
    assert row.escalation.missing == kept.escalation.missing  # type: ignore[union-attr]
    assert SAID not in str(row)
