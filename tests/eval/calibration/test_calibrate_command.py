"""`eval calibrate` and `eval drift` over a small house with real parts."""

import json

import pytest

import cli
from copilot.confidence import Calibration

pytest.importorskip("sklearn")

TOPICS = [
    f"{what} {thing}"
    for what in ("Booking", "Printing", "Returning", "Cancelling", "Renewing", "Sharing")
    for thing in ("pallets", "invoices", "vouchers", "licences", "samples", "crates")
]


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    folder = tmp_path_factory.mktemp("house")
    docs = folder / "docs"
    docs.mkdir()
    (docs / "corpus.yaml").write_text(
        "owner: northstar\ndefaults: {audience: [partners], approval: approved}\n"
    )
    for topic in TOPICS:
        what, thing = topic.split()
        (docs / f"{what}-{thing}.md").write_text(
            f"# {topic}\n\n## How {what.lower()} of {thing} works\n\n"
            f"{what} {thing} takes place every week in hall {len(thing)}.\n"
        )
    assert cli.main(["ingest", str(docs), "--data-dir", str(folder / "data"), "--json"]) == 0
    return folder


def run(house, *more):
    return cli.main(["eval", *more, "--data-dir", str(house / "data"), "--json"])


def test_headings_make_a_calibration_that_takes_force(house, capsys):
    capsys.readouterr()
    assert run(house, "calibrate", "--from-corpus") == 0
    told = json.loads(capsys.readouterr().out)
    written = Calibration.load(house / "data" / "calibration.json")
    assert told["version"] == written.version
    assert written.cases == told["cases"] >= 60
    assert "<svg" in (house / "data" / "calibration.html").read_text()
    for name in ("calibration.json", "calibration.html"):
        assert (house / "data" / name).stat().st_mode & 0o777 == 0o600
    assert run(house, "drift") == 0
    drift = json.loads(capsys.readouterr().out)
    assert (drift["version"], drift["own"], drift["stale"]) == (written.version, True, False)
    assert "too few" in drift["drift"]["reason"]


def test_too_few_cases_are_refused_in_one_line_and_nothing_is_written(house, capsys):
    case = {
        "id": "one",
        "question": "Where are pallets booked?",
        "principal": {"tenant": "acme", "roles": ["partner_consultant"]},
        "expected": "answer",
        "gold": [{"uri": "Booking-pallets.md"}],
        "category": "plain",
    }
    (house / "few.jsonl").write_text(json.dumps(case))
    output = house / "few-calibration.json"
    assert run(house, "calibrate", str(house / "few.jsonl"), "--output", str(output)) == 1
    error = capsys.readouterr().err
    assert "too few cases" in error or "one class" in error
    assert error.count("\n") == 1
    assert not output.exists()


@pytest.mark.parametrize("output", [".", "/", "report.html"])
def test_what_is_no_file_to_write_to_is_told_before_anything_is_asked(house, output):
    assert run(house, "calibrate", "--from-corpus", "--output", output) == 2


def test_a_dataset_and_the_corpus_at_once_are_bad_usage(house):
    with pytest.raises(SystemExit) as left:
        run(house, "calibrate", "x.jsonl", "--from-corpus")
    assert left.value.code == 2
