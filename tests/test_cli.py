"""The command line as people and programs use it, each command in a process of its own."""

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import jwt
import pytest

import cli
from foundation.clock import parse_date
from foundation.errors import InvalidRequestError
from foundation.folder_lock import FolderLock
from governance.document import DocType
from retrieval.query import LARGEST_LIMIT

ROOT = Path(__file__).parents[1]


def run(*arguments: str, data: Path | None = None, **environment: str):
    command = [sys.executable, str(ROOT / "cli.py"), *arguments]
    if data is not None:
        command += ["--data-dir", str(data)]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        cwd=data.parent if data else None,
        env={k: v for k, v in os.environ.items() if not k.startswith("COPILOT_")} | environment,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("cli")


@pytest.fixture(scope="module")
def data(folder: Path) -> Path:
    """A data folder with a small corpus in it."""
    corpus = folder / "corpus"
    corpus.mkdir()
    (corpus / "codes.md").write_text(
        "# Error codes\n\n## What does ERR-4012 mean?\n\n"
        "ERR-4012 means that the tax profile of the order is missing. Assign one and retry.\n"
    )
    (corpus / "sla.md").write_text(
        "# Support\n\n## How fast is a critical ticket answered?\n\n"
        "A critical ticket is answered within four hours.\n"
    )
    (corpus / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing more")
    done = run(
        "ingest", str(corpus), "--tenant", "northstar", "--audience", "partners",
        "--approval", "approved", "--json", data=folder / "data",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert set(report) == {
        "added", "updated", "unchanged", "removed", "failed", "chunks", "seconds",
    }  # fmt: skip
    assert report["added"] == 2
    assert [one["path"] for one in report["failed"]] == ["broken.pdf"]
    return folder / "data"


def test_search_prints_one_json_object(data: Path):
    done = run("search", "ERR-4012", "--tenant", "acme", "--json", data=data)
    first = json.loads(done.stdout)["passages"][0]
    assert first["uri"] == "codes.md"
    assert set(first) == {
        "id", "document_id", "uri", "title", "doc_type", "version", "heading_path", "page",
        "text", "dense_score", "keyword_score", "rank",
    }  # fmt: skip


def test_ask_answers_with_a_quote_of_the_source(data: Path):
    done = run("ask", "What does ERR-4012 mean?", "--tenant", "acme", "--json", data=data)
    outcome = json.loads(done.stdout)
    assert done.returncode == 0
    assert outcome["kind"] == "answer"
    assert "tax profile" in outcome["text"]
    assert outcome["citations"][0]["uri"] == "codes.md"
    assert outcome["citations"][0]["quote"] in (data.parent / "corpus/codes.md").read_text()


def test_what_the_documents_do_not_say_goes_to_a_person(data: Path):
    done = run("ask", "Who won the regatta of 1987?", "--tenant", "acme", "--json", data=data)
    outcome = json.loads(done.stdout)
    assert outcome["kind"] == "escalation"
    assert set(outcome["escalation"]) == {
        "id", "reason", "missing", "queue", "priority", "due_at",
    }  # fmt: skip


def test_a_stranger_finds_nothing_and_learns_nothing(data: Path):
    narrowed = ("--doc-type", "pricing", "--tenant", "other", "--json")
    assert json.loads(run("search", "ERR-4012", *narrowed, data=data).stdout) == {"passages": []}


def test_without_a_tenant_the_only_owner_asks(data: Path):
    done = run("search", "critical ticket", "--json", data=data)
    assert json.loads(done.stdout)["passages"][0]["uri"] == "sla.md"


def test_documents_are_listed_withdrawn_and_gone_with_the_next_search(folder: Path, data: Path):
    del folder
    listed = [
        json.loads(line)
        for line in run("documents", "list", "--json", data=data).stdout.splitlines()
    ]
    sla = next(one for one in listed if one["uri"] == "sla.md")
    assert sla["state"] == "approved"
    assert run("documents", "withdraw", sla["id"], data=data).returncode == 0
    found = run("search", "critical ticket", "--tenant", "acme", "--json", data=data)
    assert "sla.md" not in {one["uri"] for one in json.loads(found.stdout)["passages"]}
    again = run("documents", "withdraw", sla["id"], data=data)
    assert again.returncode == 1
    assert again.stderr.count("\n") == 1


def test_a_token_is_one_line_and_json_says_when_it_ends(data: Path):
    plain = run("token", "--tenant", "acme", "--role", "partner_consultant", data=data)
    assert plain.stdout.count(".") == 2
    shown = run("token", "--tenant", "acme", "--role", "admin", "--ttl", "30m", "--json", data=data)
    assert json.loads(shown.stdout)["expires_in"] == 1800


def test_a_token_is_nobody_elses_unless_it_says_whose(data: Path):
    def subject(*more: str) -> str:
        done = run("token", "--tenant", "a", "--role", "admin", *more, data=data)
        return jwt.decode(done.stdout.strip(), options={"verify_signature": False})["sub"]

    first, second = subject(), subject()
    assert first.startswith("user-")
    assert first != second
    assert subject("--subject", "kim") == "kim"


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("fly",),
        ("ask",),
        ("search", "x", "-k", "0"),
        ("search", "x", "--role", "emperor", "--tenant", "acme"),
        ("search", "x", "--attribute", "gold", "--tenant", "acme"),
        ("search", "x", "--doc-type", "novel", "--tenant", "acme"),
        ("token", "--tenant", "acme", "--role", "admin", "--ttl", "soon"),
        ("ingest", "--approval", "perhaps", "x"),
        ("documents", "approve"),
        ("ask", "x", "--tenant", "acme", "--conversation", "../../etc"),
        ("ask", "x", "--tenant", "acme", "--conversation", ""),
        ("ask", "x", "--tenant", "acme", "--conversation", "y" * 65),
    ],
)
def test_bad_usage_exits_2_without_a_traceback(arguments: tuple[str, ...], tmp_path: Path):
    done = run(*arguments, data=tmp_path / "data")
    assert done.returncode == 2
    assert done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("search", "x", "-k", "0"), "argument -k: must be 1 or more"),
        (("search", "x", "-k", f"{LARGEST_LIMIT + 1}"), f"must be {LARGEST_LIMIT} or less"),
        (("search", "x", "-k", "\u00b2"), "is not a number"),
        (("ingest", "x", "--workers", "0"), "argument --workers: must be 1 or more"),
        (("search", "x", "--tenant", "Acme Inc"), "--tenant: 'Acme Inc' is not a tenant id"),
        (("search", "x", "--tenant", ""), "'' is not a tenant id"),
        (("ask", "x", "--tenant", "a b"), "is not a tenant id"),
        (("token", "--tenant", "a/b", "--role", "admin"), "is not a tenant id"),
        (("token", "--tenant", "a", "--role", "admin", "--ttl", "\u00b2h"), "--ttl takes a number"),
        (("ingest", ""), "a PATH is empty"),
        (("ingest", __file__, "--prune"), "--prune compares a whole folder"),
        (("ask", "caf\udce9"), "is not UTF-8"),
        (("search", "x", "--product", "\udcff"), "is not UTF-8"),
        (("ingest", "\udcff"), "is not UTF-8"),
    ],
)
def test_bad_usage_says_what_is_wrong_with_it(
    arguments: tuple[str, ...], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    try:
        code: object = cli.main([*arguments, "--data-dir", str(tmp_path / "data")])
    except SystemExit as left:
        code = left.code
    assert code == 2
    assert says in capsys.readouterr().err


def test_as_many_passages_as_the_house_gives_may_be_asked_for():
    options = cli.build_parser().parse_args(["search", "x", "-k", f"{LARGEST_LIMIT}"])
    assert options.k == LARGEST_LIMIT


def test_bytes_that_are_no_text_are_bad_usage_in_a_real_shell(tmp_path: Path):
    done = run("ask", os.fsdecode(b"caf\xe9"), data=tmp_path / "data")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("day", ["2026-W01-1", "20260101", "2026-1-1", "2026-13-01", ""])
def test_a_day_is_written_in_one_way_only(day: str):
    with pytest.raises(InvalidRequestError, match="YYYY-MM-DD"):
        parse_date(day, what="--as-of")
    assert parse_date("2026-01-31", what="--as-of") == date(2026, 1, 31)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("ingest", "nowhere"), "no such file or folder"),
        (("search", "x", "--as-of", "yesterday", "--tenant", "acme"), "YYYY-MM-DD"),
        (("search", "x", "--as-of", "2999-01-01", "--tenant", "acme"), "in the future"),
        (("ask", "  ", "--tenant", "acme"), "empty"),
        (("policy", "check", "nowhere.yaml"), "cannot be read"),
        (("documents", "show", "doc_nothing"), "no document"),
        (("eval", "run", "nowhere.jsonl"), "nowhere.jsonl"),
    ],
)
def test_a_failure_is_one_line_that_says_what_to_do(
    arguments: tuple[str, ...], says: str, data: Path
):
    done = run(*arguments, data=data)
    assert done.returncode == 1
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"COPILOT_DATABASE_URL": "mysql://u:hunter2@host/x"}, "sqlite or postgresql"),
        ({"COPILOT_JWT_SECRET": "hunter2"}, "at least 32 bytes"),
        ({"COPILOT_EMBEDDER_DTYPE": "int3"}, "COPILOT_EMBEDDER_DTYPE"),
        ({"COPILOT_JWT_JWKS_URL": "http://u:hunter2@host/keys"}, "must begin with https"),
        ({"COPILOT_JWT_JWKS_URL": "https://host/keys?k=hunter2"}, "tokens come from the issuer"),
    ],
)
def test_a_bad_setting_is_named_and_its_value_is_not_shown(
    environment: dict[str, str], says: str, tmp_path: Path
):
    done = run("token", "--tenant", "a", "--role", "admin", data=tmp_path / "d", **environment)
    if done.returncode == 0:
        done = run("documents", "list", data=tmp_path / "d", **environment)
    assert done.returncode == 1
    assert says in done.stderr
    assert "hunter2" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_policy_with_a_mistake_names_the_line(tmp_path: Path):
    policy = tmp_path / "policy.yaml"
    shipped = (ROOT / "governance/policy.yaml").read_text()
    policy.write_text(shipped)
    assert run("policy", "check", str(policy), data=tmp_path / "d").returncode == 0
    lines = shipped.replace("threshold: 0.", "threshold: 7.").splitlines()
    policy.write_text("\n".join(lines))
    number = next(n for n, line in enumerate(lines, 1) if "threshold: 7." in line)
    done = run("policy", "check", str(policy), data=tmp_path / "d")
    assert done.returncode == 1
    assert f"line {number}" in done.stderr


def test_every_mistake_in_a_policy_is_listed_for_people_and_for_machines(tmp_path: Path):
    policy = tmp_path / "policy.yaml"
    policy.write_text("answers:\n  threshold: 7\nescalation: {}\n")
    done = run("policy", "check", str(policy), data=tmp_path / "d")
    assert done.returncode == 1
    assert f"{policy} line 2: answers.threshold: " in done.stdout
    assert f"{policy} line 3: escalation: is not known here" in done.stdout
    assert done.stderr.count("\n") == 1
    told = run("policy", "check", str(policy), "--json", data=tmp_path / "d")
    assert told.returncode == 1
    found = json.loads(told.stdout)
    assert found["valid"] is False
    assert {one["line"] for one in found["errors"]} == {1, 2, 3}


def test_help_imports_nothing_heavy():
    done = subprocess.run(
        [sys.executable, "-X", "importtime", str(ROOT / "cli.py"), "--help"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert " argparse\n" in done.stderr
    for heavy in ("torch", "numpy", "sqlalchemy", "pydantic", "fastapi", "unstructured"):
        assert f" {heavy}\n" not in done.stderr


def test_the_kinds_of_document_the_command_line_knows_are_the_kinds_there_are():
    parser = cli.build_parser()
    for kind in DocType:
        parser.parse_args(["ingest", "x", "--doc-type", kind.value])
    assert "reference" in {kind.value for kind in DocType}


def test_while_the_service_runs_ingest_says_where_documents_go(data: Path, folder: Path):
    lock = FolderLock(data / "index" / "lock", remedy="wait")
    try:
        done = run("ingest", str(folder / "corpus"), "--tenant", "northstar", data=data)
    finally:
        lock.release()
    assert done.returncode == 1
    assert f"process {os.getpid()}" in done.stderr
    assert "POST /v1/documents" in done.stderr
    assert done.stderr.count("\n") == 1
