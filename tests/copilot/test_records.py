import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from copilot.record import CitedVersion, EscalationRecord, Feedback, OutcomeRecord
from copilot.record_tables import escalations, feedback, outcome_citations
from copilot.records import LONGEST_NOTES, Records
from foundation.database import Database, open_database
from foundation.errors import ConflictError, NotFoundError, StorageError
from governance.audit import Action, AuditEvent
from governance.audit.chain import audit_lines
from governance.principal import Principal, Role

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ADA = Principal(subject="ada", tenant="acme", roles=frozenset({Role.PARTNER_CONSULTANT}))
EVE = Principal(subject="eve", tenant="acme", roles=frozenset({Role.PARTNER_CONSULTANT}))
BOLT = Principal(subject="ada", tenant="bolt", roles=frozenset({Role.ADMIN}))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = open_database(f"sqlite:///{tmp_path / 'records.db'}")
    yield database
    database.close()


@pytest.fixture
def records(database: Database) -> Records:
    return Records(database, str)


def escalation(outcome: str, note: str = "") -> EscalationRecord:
    return EscalationRecord(
        id=f"esc_{outcome}", outcome_id=outcome, reason="no_evidence", missing="", queue="q",
        priority="normal", due_at=NOW, note=note,
    )  # fmt: skip


def outcome(
    name: str, *, conversation: str = "cnv", escalated: bool = False, minutes: int = 0
) -> OutcomeRecord:
    return OutcomeRecord(
        id=name,
        conversation_id=conversation,
        kind="escalation" if escalated else "answer",
        question="q",
        confidence=0.5,
        band="low",
        review_required=False,
        writer="extractive",
        elapsed_ms=1,
        body={"id": name},
        signals={},
        citations=(CitedVersion(key=1, document_id="doc", version=2, passage_id="p"),),
        escalation=escalation(name) if escalated else None,
        created_at=NOW + timedelta(minutes=minutes),
    )


def note_of(database: Database, name: str) -> str:
    with database.read() as connection:
        found = connection.execute(
            select(escalations.c.note).where(escalations.c.id == f"esc_{name}")
        )
        return str(found.scalar_one())


def test_an_outcome_is_kept_with_what_it_rests_on(database: Database, records: Records) -> None:
    records.keep(ADA, outcome("one"))
    assert records.outcome(ADA, "one").body == {"id": "one"}
    assert records.outcome(ADA, "one").escalation_id is None
    with database.read() as connection:
        [cited] = connection.execute(select(outcome_citations)).all()
    assert (cited.outcome_id, cited.document_id, cited.version) == ("one", "doc", 2)


def test_an_outcome_that_cannot_be_kept_whole_is_not_kept(
    database: Database, records: Records
) -> None:
    records.keep(ADA, outcome("one", escalated=True))
    with pytest.raises(StorageError):
        records.keep(ADA, outcome("one"))
    assert note_of(database, "one") == ""


@pytest.mark.parametrize("stranger", [EVE, BOLT], ids=["a colleague", "another tenant's admin"])
def test_what_is_anothers_does_not_exist(records: Records, stranger: Principal) -> None:
    records.keep(ADA, outcome("one", escalated=True))
    opinion = Feedback(outcome_id="one", rating="up", reason="", comment="", created_at=NOW)
    for act in (
        lambda: records.outcome(stranger, "one"),
        lambda: records.conversation(stranger, "cnv"),
        lambda: records.annotate(stranger, "esc_one", "mine", NOW),
        lambda: records.rate(stranger, opinion),
    ):
        with pytest.raises(NotFoundError):
            act()


def test_turns_come_oldest_first_and_only_ones_own(records: Records) -> None:
    records.keep(ADA, outcome("late", minutes=5))
    records.keep(ADA, outcome("early"))
    records.keep(BOLT, outcome("theirs"))
    assert [turn.id for turn in records.conversation(ADA, "cnv")] == ["early", "late"]
    with pytest.raises(NotFoundError):
        records.conversation(ADA, "never")


def test_a_question_goes_to_a_person_once(database: Database, records: Records) -> None:
    records.keep(ADA, outcome("one"))
    records.escalate(ADA, escalation("one", "first"), {"id": "one", "escalated": True}, NOW)
    assert records.outcome(ADA, "one").escalation_id == "esc_one"
    with pytest.raises(ConflictError):
        records.escalate(ADA, escalation("one", "second"), {}, NOW)
    assert note_of(database, "one") == "first"


def test_of_notes_sent_at_once_none_is_lost(database: Database, records: Records) -> None:
    records.keep(ADA, outcome("one", escalated=True))
    notes = {f"note {number}" for number in range(24)}
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda note: records.annotate(ADA, "esc_one", note, NOW), notes))
    assert set(note_of(database, "one").split("\n")) == notes


def test_notes_end_somewhere(database: Database, records: Records) -> None:
    records.keep(ADA, outcome("one", escalated=True))
    for _ in range(4):
        records.annotate(ADA, "esc_one", "é" * 4_999, NOW)
    assert len(note_of(database, "one")) == LONGEST_NOTES - 1
    with pytest.raises(ConflictError, match="20,000 characters"):
        records.annotate(ADA, "esc_one", "x", NOW)
    assert len(note_of(database, "one")) == LONGEST_NOTES - 1


def test_a_second_opinion_replaces_the_first(database: Database, records: Records) -> None:
    records.keep(ADA, outcome("one"))
    for rating in ("up", "down"):
        opinion = Feedback(outcome_id="one", rating=rating, reason="", comment="", created_at=NOW)
        records.rate(ADA, opinion)
    with database.read() as connection:
        [row] = connection.execute(select(feedback)).all()
    assert row.rating == "down"


class TestEveryDeedIsOnRecord:
    def told(self, database: Database) -> list[tuple[str, str, dict[str, object]]]:
        with database.read() as connection:
            lines = connection.execute(
                select(audit_lines).where(audit_lines.c.tenant == "acme").order_by("number")
            )
            sealed = [(line.action, json.loads(line.sealed)) for line in lines]
        return [(action, told["target"], told["details"]) for action, told in sealed]

    def test_an_outcome_with_what_it_rests_on(self, database: Database, records: Records) -> None:
        records.keep(ADA, replace(outcome("one", escalated=True), words={"question": "q <EMAIL>"}))
        [(action, target, details)] = self.told(database)
        assert (action, target) == (Action.QUESTION_ASKED, "one")
        assert details["cited"] == [["doc", 2]]
        assert details["escalation"] == {"id": "esc_one", "queue": "q"}
        assert details["question"] == "q <EMAIL>"

    def test_what_comes_after_it_without_a_word_of_it(
        self, database: Database, records: Records
    ) -> None:
        records.keep(ADA, outcome("one"))
        records.escalate(ADA, escalation("one", "my first note"), {"id": "one"}, NOW)
        records.annotate(ADA, "esc_one", "my second note", NOW)
        opinion = Feedback(
            outcome_id="one", rating="up", reason="", comment="my comment", created_at=NOW
        )
        records.rate(ADA, opinion)
        assert [(action, target) for action, target, _ in self.told(database)] == [
            (Action.QUESTION_ASKED, "one"),
            (Action.ESCALATED, "esc_one"),
            (Action.NOTE_ADDED, "esc_one"),
            (Action.FEEDBACK_GIVEN, "one"),
        ]
        assert "my" not in str(self.told(database))

    def test_what_is_not_kept_is_not_on_record(self, database: Database, records: Records) -> None:
        records.keep(ADA, outcome("one"))
        with pytest.raises(StorageError):
            records.keep(ADA, outcome("one"))
        with pytest.raises(NotFoundError):
            records.annotate(ADA, "esc_none", "note", NOW)
        assert len(self.told(database)) == 1

    def test_what_cannot_be_put_on_record_is_not_kept(self, database: Database) -> None:
        def full(_connection: Connection, _event: AuditEvent) -> None:
            raise StorageError

        records = Records(database, str, full)
        with pytest.raises(StorageError):
            records.keep(ADA, outcome("one"))
        with pytest.raises(NotFoundError):
            records.outcome(ADA, "one")


def test_what_people_write_is_redacted_before_it_is_kept(database: Database) -> None:
    records = Records(database, lambda text: text.replace("ann", "<PERSON>"))
    records.keep(ADA, outcome("one"))
    records.escalate(ADA, escalation("one", "ask ann"), {}, NOW)
    records.annotate(ADA, "esc_one", "or ann's boss", NOW)
    assert note_of(database, "one") == "ask <PERSON>\nor <PERSON>'s boss"
