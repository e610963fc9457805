"""`eval gate` on the command line: exit codes, what is printed, who promotes."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

import cli
from eval.baseline import BASELINE
from eval.report.schemas import read_report, written
from tests.eval.reports import answered, case, handed_over, report


def put(path, broken=0, observation=None):
    """A report in which the first `broken` cases came to something else."""
    instead = observation or handed_over()
    pairs = [(case(at), instead if at < broken else answered()) for at in range(40)]
    path.write_text(written(report(pairs)), "utf-8")
    return str(path)


@pytest.fixture
def good(tmp_path):
    return put(tmp_path / "good.json")


@pytest.fixture
def baseline(tmp_path, good):
    path = tmp_path / "baseline.json"
    arguments = ["--baseline", str(path), "--update", "--by", "ana", "--note", "first"]
    assert cli.main(["eval", "gate", good, *arguments]) == 0
    return str(path)


def test_a_promoted_report_says_who_and_why_and_holds_no_texts(baseline):
    promoted = read_report(Path(baseline)).promoted
    assert (promoted.by, promoted.note) == ("ana", "first")
    assert "What is fact" not in Path(baseline).read_text("utf-8")


def test_a_good_report_passes(good, baseline, capsys):
    assert cli.main(["eval", "gate", good, "--baseline", baseline]) == 0
    assert "passed: 0 worse" in capsys.readouterr().out


def test_a_worse_one_fails_and_says_in_what(baseline, tmp_path, capsys):
    worse = put(tmp_path / "worse.json", broken=12)
    assert cli.main(["eval", "gate", worse, "--baseline", baseline]) == 1
    printed = capsys.readouterr().out
    assert "WORSE          right: 1.000 -> 0.700" in printed
    assert "FAILED" in printed
    assert "by ana" in printed


def test_machines_get_one_object(baseline, tmp_path, capsys):
    worse = put(tmp_path / "worse.json", broken=12)
    capsys.readouterr()
    assert cli.main(["eval", "gate", worse, "--baseline", baseline, "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert not told["passed"]
    assert "right" in {one["figure"] for one in told["worse"]}


def test_a_report_with_a_leak_cannot_be_promoted(baseline, tmp_path, capsys):
    [quote] = answered().citations
    leak = answered(citations=(replace(quote, readable=False),))
    leaking = put(tmp_path / "leaking.json", broken=1, observation=leak)
    before = (tmp_path / "baseline.json").read_text()
    assert cli.main(["eval", "gate", leaking, "--baseline", baseline, "--update"]) == 1
    assert "leak: 1 where none is tolerated" in capsys.readouterr().err
    assert (tmp_path / "baseline.json").read_text() == before


def test_without_a_name_no_other_questions_take_the_place_of_the_samples(good, capsys):
    before = BASELINE.read_bytes()
    assert cli.main(["eval", "gate", good, "--update", "--note", "mine"]) == 1
    assert "--baseline" in capsys.readouterr().err
    assert BASELINE.read_bytes() == before


def test_without_a_baseline_it_says_how_to_make_one(good, tmp_path, capsys):
    assert cli.main(["eval", "gate", good, "--baseline", str(tmp_path / "none.json")]) == 1
    assert "--update" in capsys.readouterr().err


def test_other_questions_are_refused_in_a_line(baseline, tmp_path, capsys):
    other = tmp_path / "other.json"
    other.write_text(written(report([(case(1), answered())])), "utf-8")
    assert cli.main(["eval", "gate", str(other), "--baseline", baseline]) == 1
    assert capsys.readouterr().err.count("\n") == 1
