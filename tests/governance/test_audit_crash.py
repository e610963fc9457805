"""SIGKILL at any moment: what was done and what is on record agree."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from sqlalchemy import Connection, select

from copilot.record_tables import escalations, feedback, outcome_citations, outcomes
from foundation.database import open_database
from governance.audit import Action
from governance.audit_chain import audit_lines
from governance.audit_key import audit_key
from governance.audit_verification import verify
from governance.tables import approval_steps, versions

PROGRAM = Path(__file__).parent / "working_house.py"
KILLS = 3
APPROVALS = (Action.DOCUMENT_WITHDRAWN, Action.DOCUMENT_SUBMITTED, Action.DOCUMENT_APPROVED)


def start(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "at work\n"
    return process


def told(connection: Connection, *actions: Action) -> list[str]:
    """The targets of the lines that tell of these deeds."""
    lines = connection.execute(
        select(audit_lines.c.sealed).where(audit_lines.c.action.in_(actions))
    )
    return [json.loads(line.sealed)["target"] for line in lines]


def done(connection: Connection, column: object, *conditions: object) -> list[str]:
    return list(connection.execute(select(column).where(*conditions)).scalars())  # type: ignore[call-overload]


def assert_record_and_deeds_agree(connection: Connection) -> None:
    asked = done(connection, outcomes.c.id)
    assert sorted(told(connection, Action.QUESTION_ASKED)) == sorted(asked)
    assert set(done(connection, outcome_citations.c.outcome_id)) <= set(asked)
    by_hand = done(connection, escalations.c.id, escalations.c.reason == "user_request")
    assert sorted(told(connection, Action.ESCALATED)) == sorted(by_hand)
    rated = done(connection, feedback.c.outcome_id)
    assert sorted(told(connection, Action.FEEDBACK_GIVEN)) == sorted(rated)
    moved = done(connection, approval_steps.c.to_state, approval_steps.c.from_state != "")
    assert len(told(connection, *APPROVALS)) == len(moved)
    for version in connection.execute(select(versions)):
        steps = select(approval_steps.c.to_state).where(
            approval_steps.c.document_id == version.document_id
        )
        last = connection.execute(steps.order_by(approval_steps.c.id.desc())).scalars().first()
        assert last == version.approval


def test_killed_at_any_moment_record_and_deeds_agree(tmp_path: Path):
    chance = random.Random(20261123)
    asked = moved = 0
    for _ in range(KILLS):
        process = start(tmp_path)
        time.sleep(chance.uniform(0.1, 0.7))
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        process.stdout.close()
        data = tmp_path / "data"
        database = open_database(f"sqlite:///{data / 'copilot.db'}", outside_key=audit_key(data))
        found = verify(database)
        assert found.whole, [str(one) for one in found.findings]
        with database.read() as connection:
            assert_record_and_deeds_agree(connection)
            asked = len(told(connection, Action.QUESTION_ASKED))
            moved = len(told(connection, *APPROVALS))
        database.close()
    assert asked
    assert moved
