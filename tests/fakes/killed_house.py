"""A house at work that is killed, and whether what was done and what is on record agree."""

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from copilot.record_tables import escalations, feedback, outcome_citations, outcomes
from foundation.database import open_database
from governance.audit import Action
from governance.audit.chain import audit_lines
from governance.audit.key import audit_key
from governance.audit.verification import verify
from governance.tables import approval_steps, versions

_PROGRAM = Path(__file__).parent / "working_house.py"
_APPROVALS = (Action.DOCUMENT_WITHDRAWN, Action.DOCUMENT_SUBMITTED, Action.DOCUMENT_APPROVED)
_ROOT = Path(__file__).parents[2]


def work_and_die(folder: Path, seconds: float) -> None:
    """Let a house in this folder work for so long, then end it with SIGKILL."""
    process = subprocess.Popen(
        [sys.executable, str(_PROGRAM), str(folder)], stdout=subprocess.PIPE, text=True, cwd=_ROOT
    )
    with process:
        assert process.stdout is not None
        if process.stdout.readline() == "at work\n":
            time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
    if process.returncode != -signal.SIGKILL:
        message = f"the house ended by itself, with {process.returncode}"
        raise RuntimeError(message)


def disagreements(folder: Path) -> tuple[list[str], int]:
    """Where record and deeds of the house in this folder differ, and how many deeds there are."""
    data = folder / "data"
    database = open_database(f"sqlite:///{data / 'copilot.db'}", outside_key=audit_key(data))
    try:
        found = [str(one) for one in verify(database).findings]
        with database.read() as connection:
            found += _compared(connection)
            deeds = len(_told(connection, Action.QUESTION_ASKED, *_APPROVALS))
    finally:
        database.close()
    return found, deeds


def _compared(connection: Connection) -> Iterator[str]:
    steps = approval_steps.c
    for what, told, done in (
        (
            "outcomes",
            _told(connection, Action.QUESTION_ASKED),
            _done(connection, outcomes.c.id),
        ),
        (
            "hand-overs",
            _told(connection, Action.ESCALATED),
            _done(connection, escalations.c.id, escalations.c.reason == "user_request"),
        ),
        (
            "opinions",
            _told(connection, Action.FEEDBACK_GIVEN),
            _done(connection, feedback.c.outcome_id),
        ),
        (
            "approvals",
            ["" for _ in _told(connection, *_APPROVALS)],
            ["" for _ in _done(connection, steps.id, steps.from_state != "")],
        ),
    ):
        if Counter(told) != Counter(done):
            yield f"{what}: {len(told)} on record, {len(done)} done"
    cited = set(_done(connection, outcome_citations.c.outcome_id))
    if not cited <= set(_done(connection, outcomes.c.id)):
        yield "a citation without its outcome"
    for version in connection.execute(select(versions)):
        last = connection.execute(
            select(steps.to_state)
            .where(steps.document_id == version.document_id)
            .order_by(steps.id.desc())
        ).scalar()
        if last != version.approval:
            yield f"a version is {version.approval}, its last step led to {last}"


def _told(connection: Connection, *actions: Action) -> list[str]:
    lines = connection.execute(
        select(audit_lines.c.sealed).where(audit_lines.c.action.in_(actions))
    )
    return [json.loads(line.sealed)["target"] for line in lines]


def _done(
    connection: Connection, column: ColumnElement[Any], *conditions: ColumnElement[bool]
) -> list[Any]:
    return list(connection.execute(select(column).where(*conditions)).scalars())
