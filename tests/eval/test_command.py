"""`eval run` over a small house with real parts."""

import json

import pytest

import cli
from copilot.record_tables import outcomes
from foundation.database import open_database
from governance.audit import Action
from governance.audit.chain import audit_lines
from tests.fakes.judge_server import judge_server

CASES = [
    {
        "id": "sla",
        "question": "When do gold partners get a first response?",
        "principal": {"tenant": "acme", "roles": ["partner_consultant"]},
        "expected": "answer",
        "reference": "Within two hours.",
        "gold": [{"uri": "sla.md", "quote": "Gold partners get a first response within two"}],
        "category": "plain",
    },
    {
        "id": "parrots",
        "question": "Which parrots may be kept in a bathtub?",
        "principal": {"tenant": "acme", "roles": ["partner_consultant"]},
        "expected": "escalation",
        "category": "off_topic",
    },
    {
        "id": "staff",
        "question": "What is the codename of the new pricing?",
        "principal": {"tenant": "acme", "roles": ["partner_consultant"]},
        "expected": "escalation",
        "must_not_cite": ["plan.md"],
        "forbidden": ["Bluebird"],
        "category": "other_tenant",
    },
    {
        "id": "auditor",
        "question": "May an auditor ask?",
        "principal": {"tenant": "acme", "roles": ["auditor"]},
        "expected": "escalation",
        "category": "crash",
    },
]


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    folder = tmp_path_factory.mktemp("house")
    docs = folder / "docs"
    docs.mkdir()
    (docs / "corpus.yaml").write_text(
        "owner: northstar\n"
        "defaults: {audience: [partners], approval: approved}\n"
        'documents: [{match: "plan.md", audience: [internal]}]\n'
    )
    (docs / "sla.md").write_text(
        "# Support SLA\n\n## Response targets\n\n"
        "Gold partners get a first response within two hours.\n"
    )
    (docs / "plan.md").write_text("# Plan\n\nBluebird is the codename of the new pricing.\n")
    (folder / "cases.jsonl").write_text("\n".join(map(json.dumps, CASES)))
    assert cli.main(["ingest", str(docs), "--data-dir", str(folder / "data"), "--json"]) == 0
    return folder


def evaluate(house, *more):
    data = ["--data-dir", str(house / "data")]
    return cli.main(["eval", "run", str(house / "cases.jsonl"), *data, *more])


def test_the_report_for_machines_is_one_object_and_no_answer_leaks(house, capsys):
    capsys.readouterr()
    assert evaluate(house, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["cases"] == len(CASES)
    assert report["overall"]["leaks"] == 0
    assert report["categories"]["plain"]["hit@1"] == 1.0
    assert report["categories"]["plain"]["exact_quotes"] == 1.0
    assert report["categories"]["off_topic"]["right_kind"] == 1.0


def test_a_case_that_crashes_is_a_miss_with_its_error_and_the_run_goes_on(house, capsys):
    capsys.readouterr()
    assert evaluate(house, "--json") == 0
    misses = {miss["id"]: miss for miss in json.loads(capsys.readouterr().out)["misses"]}
    assert misses["auditor"]["cause"] == "crashed"
    assert "ForbiddenError" in misses["auditor"]["error"]


def test_people_get_a_table_and_every_miss_in_a_line(house, capsys):
    capsys.readouterr()
    assert evaluate(house) == 0
    printed = capsys.readouterr().out
    assert "category" in printed
    assert [line for line in printed.splitlines() if line.startswith("auditor [crashed]")]


def test_an_evaluation_leaves_no_outcome_behind_and_one_line_in_the_audit(house):
    database = open_database(f"sqlite:///{house / 'data' / 'copilot.db'}")

    def told():
        with database.read() as connection:
            assert connection.execute(outcomes.select()).all() == []
            return [line.action for line in connection.execute(audit_lines.select())]

    before = told()
    evaluate(house)
    assert told()[len(before) :] == [Action.EVALUATED]
    database.close()


def test_a_dataset_with_mistakes_is_refused_in_one_line(house, capsys):
    (house / "wrong.jsonl").write_text("{}")
    data = ["--data-dir", str(house / "data")]
    assert cli.main(["eval", "run", str(house / "wrong.jsonl"), *data]) == 1
    error = capsys.readouterr().err
    assert error.startswith("partner-copilot: wrong.jsonl line 1: id: Field required")
    assert error.count("\n") == 1


def test_a_judge_scores_the_answers_and_its_cost_is_told(house, capsys, monkeypatch):
    pytest.importorskip("ragas", reason="the extra `eval` is not installed")
    with judge_server() as server:
        monkeypatch.setenv("COPILOT_JUDGE_MODEL", "openai:judge")
        monkeypatch.setenv("COPILOT_JUDGE_BASE_URL", server.url)
        monkeypatch.setenv("COPILOT_JUDGE_API_KEY", "k")
        monkeypatch.setenv("COPILOT_JUDGE_PRICE", "1,2")
        capsys.readouterr()
        assert evaluate(house, "--json", "--judge", "--repeat", "2") == 0
        report = json.loads(capsys.readouterr().out)
        asked = len(server.prompts)
        assert evaluate(house, "--judge", "--repeat", "2") == 0
        assert len(server.prompts) == asked
    plain = report["categories"]["plain"]
    assert plain["faithfulness"] == 1.0
    assert plain["bands"]["faithfulness"] == [1.0, 1.0]
    assert report["judge"]["calls"] == asked > 0
    assert report["judge"]["cost"] > 0
    assert "judge openai:judge" in capsys.readouterr().out


def test_a_judge_that_is_not_there_is_told_with_what_failed(house, capsys, monkeypatch):
    pytest.importorskip("ragas", reason="the extra `eval` is not installed")
    monkeypatch.setenv("COPILOT_JUDGE_MODEL", "openai:judge")
    monkeypatch.setenv("COPILOT_JUDGE_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("COPILOT_JUDGE_API_KEY", "k")
    capsys.readouterr()
    evaluate(house, "--judge")
    assert "the first score that could not be had: " in capsys.readouterr().out


@pytest.mark.parametrize("number", ["0", "-1", "many", "1000"])
def test_a_number_of_runs_that_makes_no_sense_is_refused(house, capsys, number):
    with pytest.raises(SystemExit) as left:
        evaluate(house, "--judge", "--repeat", number)
    assert left.value.code == 2
    assert "--repeat" in capsys.readouterr().err


def test_a_judge_that_is_not_set_is_told_before_a_case_is_asked(house, capsys):
    capsys.readouterr()
    assert evaluate(house, "--judge") == 1
    error = capsys.readouterr().err
    assert "COPILOT_JUDGE_MODEL" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("run", "cases.jsonl", "--repeat", "2"), "--judge"),
        (("drift", "--since", "soon"), "YYYY-MM-DD"),
        (("propose", "proposals.jsonl", "--most", "0"), "1 or more"),
        (("calibrate", "--from-corpus", "--questions", "none"), "not a number"),
    ],
)
def test_bad_usage_is_told_before_anything_is_opened(capsys, arguments, told):
    try:
        code = cli.main(["eval", *arguments])
    except SystemExit as left:
        code = left.code
    assert code == 2
    assert told in capsys.readouterr().err
