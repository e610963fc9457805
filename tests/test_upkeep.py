"""The jobs of the house over its real parts."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api import application
from assembly import Assembly
from foundation.settings import Settings
from foundation.telemetry import Telemetry
from governance import housekeeping as keeping
from governance.housekeeping import Housekeeping, Ran
from governance.notices import Notice, NoticeKind, Outbox, put
from tests.fakes.inbox import receiving
from tests.fakes.waiting import wait_until
from upkeep import housekeeping

POLICY = (Path(__file__).parents[1] / "governance" / "policy.yaml").read_text()


@pytest.fixture
def assembly(tmp_path: Path) -> Iterator[Assembly]:
    policy = tmp_path / "policy.yaml"
    anchors = tmp_path / "anchors.jsonl"
    policy.write_text(POLICY.replace("audit:\n", f"audit:\n  anchor_file: {anchors}\n"))
    with receiving() as inbox:
        settings = Settings(
            _env_file=None,
            data_dir=tmp_path / "data",
            policy_file=policy,
            webhook_url=inbox.url,  # type: ignore[arg-type]
            webhook_secret="whsec_" + "QUJD" * 12,  # type: ignore[arg-type]
        )
        made = Assembly(settings)
        made.inbox = inbox  # type: ignore[attr-defined]
        yield made
        made.close()


def told(assembly: Assembly, **body: object) -> None:
    with assembly.database.write() as connection:
        notice = Notice(
            kind=NoticeKind.SECURITY_EVENT, tenant="acme", body=body, at=assembly.clock()
        )
        put(connection, notice)


def test_every_job_does_its_work_over_an_empty_house(assembly: Assembly) -> None:
    telemetry = Telemetry()
    ran = housekeeping(assembly, telemetry).run_all()
    assert [one.job for one in ran] == [
        "webhooks", "reviews", "revocations", "deletions", "retention", "anchors",
    ]  # fmt: skip
    assert not any(one.failure for one in ran)
    assert b'copilot_jobs_total{job="retention",result="done"} 1.0' in telemetry.exposition()


def test_a_notice_leaves_without_personal_data(assembly: Assembly) -> None:
    told(assembly, subject="kim.larsen@acme.example", signal="probing", count=7)
    ran = housekeeping(assembly, Telemetry()).run_all()
    assert ran[0] == Ran(job="webhooks", did="1 delivered, 0 to be tried again, 0 given up")
    [arrived] = assembly.inbox.arrived  # type: ignore[attr-defined]
    assert json.loads(arrived.body)["data"] == {
        "subject": "<EMAIL>",
        "signal": "probing",
        "count": 7,
    }


def test_heads_of_the_record_are_written_elsewhere(assembly: Assembly, tmp_path: Path) -> None:
    assembly.policy.current()
    housekeeping(assembly, Telemetry()).run_all()
    lines = (tmp_path / "anchors.jsonl").read_text().splitlines()
    assert json.loads(lines[0])["number"] >= 1


def test_what_runs_beside_the_service_starts_and_ends_with_it(
    assembly: Assembly, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "LOOK_EVERY_SECONDS", 0.01)
    made: list[Housekeeping] = []

    def beside(parts: Assembly, telemetry: Telemetry) -> Housekeeping:
        made.append(housekeeping(parts, telemetry))
        return made[-1]

    told(assembly, signal="probing")
    with TestClient(application(assembly.settings, lambda: assembly, beside=beside)):
        outbox = Outbox(assembly.database)
        wait_until(lambda: outbox.waiting() == 0)
    started = time.monotonic()
    made[0].stop()
    assert time.monotonic() - started < 5, "it has ended already"
