from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from copilot.record import CitedVersion, EscalationRecord, Feedback, OutcomeRecord
from copilot.record_tables import escalations, feedback, outcome_citations, outcomes
from copilot.records import Records
from copilot.retention import OldEscalations, OldFeedback, OldOutcomes
from foundation.database import Database, open_database
from governance.audit.verification import verify
from governance.policy import load_policy
from governance.principal import Principal, Role
from governance.record_policy import RetentionPolicy
from governance.retention import Retention

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ADA = Principal(subject="ada", tenant="acme", roles=frozenset({Role.PARTNER_CONSULTANT}))
BOB = replace(ADA, tenant="bolt")
POLICY = load_policy().model_copy(
    update={"retention": RetentionPolicy(outcomes_days=100, escalations_days=50, feedback_days=20)}
)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = open_database(f"sqlite:///{tmp_path / 'records.db'}")
    yield database
    database.close()


@pytest.fixture
def retention(database: Database) -> Retention:
    return Retention(database, lambda: POLICY, (OldOutcomes(), OldEscalations(), OldFeedback()))


def keep(
    database: Database, name: str, *, days_ago: int, who: Principal = ADA, state: str = ""
) -> None:
    records = Records(database, str)
    at = NOW - timedelta(days=days_ago)
    escalation = EscalationRecord(
        id=f"esc_{name}", outcome_id=name, reason="no_evidence", missing="", queue="q",
        priority="normal", due_at=at,
    )  # fmt: skip
    records.keep(
        who,
        OutcomeRecord(
            id=name, conversation_id="cnv", kind="answer", question="q", confidence=0.5,
            band="low", review_required=False, writer="extractive", elapsed_ms=1, body={},
            signals={}, citations=(CitedVersion(key=1, document_id="d", version=1, passage_id=""),),
            escalation=escalation if state else None, created_at=at,
        ),
    )  # fmt: skip
    records.rate(who, Feedback(outcome_id=name, rating="up", reason="", comment="", created_at=at))
    if state:
        with database.write() as connection:
            connection.execute(
                update(escalations).where(escalations.c.outcome_id == name).values(state=state)
            )


def left(database: Database) -> dict[str, int]:
    with database.read() as connection:
        return {
            table.name: int(
                connection.execute(select(func.count()).select_from(table)).scalar_one()
            )
            for table in (outcomes, outcome_citations, escalations, feedback)
        }


def test_an_outcome_goes_with_its_citations_its_closed_escalation_and_its_feedback(
    database: Database, retention: Retention
):
    keep(database, "old", days_ago=101, state="resolved")
    keep(database, "new", days_ago=5)
    retention.apply(NOW)
    assert left(database) == {
        "outcomes": 1, "outcome_citations": 1, "escalations": 0, "feedback": 1,
    }  # fmt: skip
    assert verify(database).whole


@pytest.mark.parametrize("state", ["open", "claimed"])
def test_an_outcome_that_a_person_works_on_stays(
    database: Database, retention: Retention, state: str
):
    keep(database, "old", days_ago=101, state=state)
    retention.apply(NOW)
    assert left(database)["outcomes"] == 1
    assert left(database)["escalations"] == 1


def test_a_closed_escalation_goes_by_itself_and_its_asker_may_want_a_person_again(
    database: Database, retention: Retention
):
    keep(database, "middle", days_ago=60, state="closed")
    retention.apply(NOW)
    assert left(database)["escalations"] == 0
    assert Records(database, str).outcome(ADA, "middle").escalation_id is None


def test_each_class_and_tenant_is_counted_apart(database: Database, retention: Retention):
    keep(database, "one", days_ago=101)
    keep(database, "two", days_ago=150, who=BOB)
    keep(database, "three", days_ago=30, who=BOB)
    found = {(one.kind.value, one.tenant): one.count for one in retention.due(NOW)}
    assert found == {
        ("outcomes", "acme"): 1,
        ("outcomes", "bolt"): 1,
        ("feedback", "acme"): 1,
        ("feedback", "bolt"): 2,
    }
    assert left(database)["outcomes"] == 3


def test_more_than_a_batch_goes(database: Database, retention: Retention):
    with database.write() as connection:
        connection.execute(
            outcomes.insert(),
            [
                {
                    "id": f"out_{number}", "conversation_id": "c", "tenant": "acme",
                    "subject": "ada", "kind": "answer", "question": "q", "confidence": 0.5,
                    "band": "low", "review_required": False, "writer": "x", "elapsed_ms": 1,
                    "body": {}, "signals": {}, "created_at": NOW - timedelta(days=200),
                }
                for number in range(5_001)
            ],
        )  # fmt: skip
    retention.apply(NOW)
    assert left(database)["outcomes"] == 0
