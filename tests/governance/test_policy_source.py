import json
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pytest
from sqlalchemy import select

from foundation.database import Database, open_database
from governance import policy_source
from governance.audit import HOUSE, Action
from governance.audit.chain import audit_lines
from governance.policy import PolicyError
from governance.policy_source import PolicySource

SHIPPED = files("governance").joinpath("policy.yaml").read_text("utf-8")


def clock() -> datetime:
    return datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path):
    opened = open_database(f"sqlite:///{tmp_path / 'c.db'}")
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def _looks_every_time(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(policy_source, "LOOK_EVERY_SECONDS", 0.0)


def told(database: Database) -> list[tuple[str, dict[str, object]]]:
    with database.read() as connection:
        rows = connection.execute(
            select(audit_lines).where(audit_lines.c.tenant == HOUSE).order_by(audit_lines.c.number)
        ).all()
    return [(row.action, json.loads(row.sealed)["details"]) for row in rows]


def test_a_changed_file_takes_effect_at_once_and_its_diff_is_on_the_record(
    database: Database, tmp_path: Path
):
    path = tmp_path / "policy.yaml"
    path.write_text(SHIPPED)
    source = PolicySource(path, database, clock)
    assert source.current().answers.passages == 10
    path.write_text(SHIPPED.replace("passages: 10", "passages: 7"))
    assert source.current().answers.passages == 7
    action, details = told(database)[-1]
    assert action == Action.POLICY_CHANGED
    assert "-  passages: 10" in str(details["diff"])
    assert "+  passages: 7" in str(details["diff"])


def test_a_broken_file_changes_nothing_and_is_told_once(database: Database, tmp_path: Path):
    path = tmp_path / "policy.yaml"
    path.write_text(SHIPPED)
    source = PolicySource(path, database, clock)
    path.write_text(SHIPPED + "\nnonsense: 1\n")
    for _ in range(3):
        assert source.current().answers.passages == 10
    path.unlink()
    assert source.current().answers.passages == 10
    refused = [one for one, _ in told(database) if one == Action.POLICY_REJECTED]
    assert len(refused) == 2
    path.write_text(SHIPPED.replace("passages: 10", "passages: 6"))
    assert source.current().answers.passages == 6


def test_the_same_policy_is_not_told_again_at_the_next_start(database: Database):
    PolicySource(None, database, clock)
    PolicySource(None, database, clock)
    assert [one for one, _ in told(database)].count(Action.POLICY_CHANGED) == 1


def test_a_policy_that_is_broken_at_the_start_is_refused_with_its_line(
    database: Database, tmp_path: Path
):
    path = tmp_path / "policy.yaml"
    path.write_text("answers:\n  threshold: 2\n")
    with pytest.raises(PolicyError, match="line 2"):
        PolicySource(path, database, clock)
