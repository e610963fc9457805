"""`audit` and `retention` on the command line."""

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, update

import cli
from foundation.clock import system_clock
from foundation.database import Database, open_database
from governance.audit import Action, AuditEvent, record
from governance.audit.chain import audit_heads, audit_lines
from governance.audit.key import audit_key, check_key


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a small record: three lines of acme's, one of bolt's."""
    folder = tmp_path / "data"
    database = opened(folder)
    check_key(database, audit_key(folder))
    for tenant, actor in (("acme", "ada"), ("acme", "eve"), ("bolt", "bo"), ("acme", "ada")):
        with database.write() as connection:
            record(
                connection,
                AuditEvent(tenant=tenant, at=system_clock(), action=Action.SEARCHED, actor=actor),
            )
    database.close()
    return folder


def opened(folder: Path) -> Database:
    return open_database(f"sqlite:///{folder / 'copilot.db'}", outside_key=audit_key(folder))


def run(data: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    capsys.readouterr()
    status = cli.main([*arguments, "--data-dir", str(data)])
    return status, capsys.readouterr().out


def falsify(data: Path) -> None:
    database = opened(data)
    with database.write() as connection:
        connection.execute(
            update(audit_lines)
            .where(audit_lines.c.tenant == "acme", audit_lines.c.number == 2)
            .values(action="x")
        )
    database.close()


def test_a_whole_record_is_one_line_a_chain(data: Path, capsys: Any):
    status, out = run(data, capsys, "audit", "verify")
    assert status == 0
    assert [line.partition(",")[0] for line in out.splitlines()] == [
        "(house): whole", "acme: whole", "bolt: whole",
    ]  # fmt: skip


def test_what_was_altered_is_named_and_ends_with_1(data: Path, capsys: Any):
    falsify(data)
    status, out = run(data, capsys, "audit", "verify")
    assert status == 1
    assert "acme: line 2: altered" in out
    status, out = run(data, capsys, "audit", "verify", "--json")
    [acme] = [one for one in json.loads(out)["chains"] if one["tenant"] == "acme"]
    assert (status, acme["findings"][0]["number"]) == (1, 2)


def test_what_was_cut_behind_an_anchor_is_named(data: Path, tmp_path: Path, capsys: Any):
    file = str(tmp_path / "elsewhere.jsonl")
    assert run(data, capsys, "audit", "anchor", file)[0] == 0
    assert run(data, capsys, "audit", "verify", "--anchors", file)[0] == 0
    database = opened(data)
    with database.write() as connection:
        connection.execute(
            delete(audit_lines).where(audit_lines.c.tenant == "acme", audit_lines.c.number == 3)
        )
    database.close()
    status, out = run(data, capsys, "audit", "verify", "--anchors", file)
    assert status == 1
    assert "acme: line 3: anchor" in out


def test_a_record_that_was_wiped_as_a_whole_is_missed(data: Path, capsys: Any):
    # Any command that decides by the policy notes what the record was like.
    assert run(data, capsys, "retention")[0] == 0
    database = opened(data)
    with database.write() as connection:
        connection.execute(delete(audit_lines))
        connection.execute(delete(audit_heads))
    for begun_again in (False, True):
        if begun_again:
            with database.write() as connection:
                event = AuditEvent(tenant="acme", at=system_clock(), action=Action.SEARCHED)
                record(connection, event)
        status, out = run(data, capsys, "audit", "verify")
        assert status == 1
        assert "(house)" in out
    database.close()


def test_an_export_can_be_verified_by_who_has_nothing_else(data: Path, capsys: Any):
    status, out = run(data, capsys, "audit", "export", "--tenant", "acme")
    assert status == 0
    *lines, last = [json.loads(line) for line in out.splitlines()]
    previous = "0" * 64
    for number, line in enumerate(lines, start=1):
        sealed = line.pop("sealed")
        hash_ = line.pop("hash")
        assert hashlib.sha256(sealed.encode()).hexdigest() == line["seal"]
        told = json.dumps(line, sort_keys=True, separators=(",", ":"))
        assert hashlib.sha256(told.encode()).hexdigest() == hash_
        assert (line["number"], line["previous"]) == (number, previous)
        previous = hash_
    assert last == {"head": {"tenant": "acme", "number": 4, "hash": previous}}
    # The export tells of itself.
    assert lines[-1]["action"] == Action.AUDIT_EXPORTED


def test_the_program_in_the_docs_verifies_an_export_and_no_falsified_one(data: Path, capsys: Any):
    docs = (Path(__file__).parents[1] / "docs" / "security.md").read_text()
    [program] = re.findall(r"```python\n(.*?)```", docs, flags=re.DOTALL)

    def verified() -> bool:
        _, out = run(data, capsys, "audit", "export", "--tenant", "acme")
        done = subprocess.run(
            [sys.executable, "-c", program], input=out, text=True, capture_output=True, check=False
        )
        return done.returncode == 0

    assert verified()
    falsify(data)
    assert not verified()


def test_an_export_can_be_narrowed(data: Path, capsys: Any):
    _, out = run(data, capsys, "audit", "export", "--tenant", "acme", "--actor", "eve")
    numbers = [json.loads(line).get("number") for line in out.splitlines()]
    assert numbers == [2, None]
    _, out = run(data, capsys, "audit", "export", "--tenant", "acme", "--to", "2020-01-01")
    assert len(out.splitlines()) == 1
    assert run(data, capsys, "audit", "export", "--from", "soon")[0] == 2


def test_an_export_of_everything_has_every_chain(data: Path, capsys: Any):
    _, out = run(data, capsys, "audit", "export")
    heads = [
        one["head"]["tenant"] for line in out.splitlines() if "head" in (one := json.loads(line))
    ]
    assert heads == ["", "acme", "bolt"]


def test_retention_says_what_would_go_and_takes_it_out_when_told(data: Path, capsys: Any):
    database = opened(data)
    with database.write() as connection:
        record(
            connection,
            AuditEvent(
                tenant="acme",
                at=system_clock().replace(year=2020),
                action=Action.SEARCHED,
                actor="ada",
            ),
        )
    database.close()
    status, out = run(data, capsys, "retention")
    assert status == 0
    assert "would go" in out
    assert "--apply" in out
    status, out = run(data, capsys, "retention", "--json")
    assert json.loads(out)["applied"] is False
    assert {one["class"] for one in json.loads(out)["due"]} == {"searches", "audit_details"}
    assert run(data, capsys, "retention", "--apply")[0] == 0
    assert run(data, capsys, "retention")[1] == "nothing is too old\n"
    assert run(data, capsys, "audit", "verify")[0] == 0
