"""The gate on the sample corpus: open for this release, shut for every way it was made worse."""

import json
import math
from dataclasses import replace

import pytest

import cli
from bench.gated_sample import BASELINE, CASES, asked, sample_house
from bench.worlds import SAMPLE
from copilot.calibration_file import calibration_json
from copilot.confidence import Calibration
from eval.command import write_report
from eval.dataset import read_dataset
from eval.evaluation import evaluate
from eval.gate import compare
from eval.report.making import report_of
from eval.report.schemas import read_report
from eval.score import Metric, Score
from retrieval.index import DenseField
from tests.fakes.sabotaged_house import OneLegged, SabotagedHouse, Unfiltered, Unsuperseding

# Enough of each that what is sabotaged shows, and few enough that five runs take no minute.
ASKED_AGAIN = {"plain_fact": 30, "identifier": 10, "superseded": 11, "other_tenant": 9}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    made = sample_house(tmp_path_factory.mktemp("sample"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def whole(house):
    return asked(house)


@pytest.fixture(scope="module")
def some():
    """Cases that the sabotaged houses are asked."""
    left = dict(ASKED_AGAIN)
    chosen = []
    for case in read_dataset(CASES):
        if left.get(case.category, 0):
            left[case.category] -= 1
            chosen.append(case)
    return tuple(chosen)


@pytest.fixture(scope="module")
def before(whole, some):
    """What the whole house made of them."""
    ids = {one.id for one in some}
    judged = [one for one in whole.judged if one.case.id in ids]
    header = whole.report.header.model_copy(
        update={"dataset": whole.report.header.dataset.model_copy(update=told(some))}
    )
    return report_of(judged, header)


def told(cases):
    return {"cases": len(cases), "sha256": "some"}


def gated(tmp_path, report, before):
    """The exit code of the gate, and its verdict."""
    report = report.model_copy(
        update={"header": report.header.model_copy(update={"dataset": before.header.dataset})}
    )
    after = tmp_path / "after"
    after.mkdir()
    write_report(report, after)
    write_report(before, tmp_path)
    arguments = ["--baseline", str(tmp_path / "report.json")]
    code = cli.main(["eval", "gate", str(after / "report.json"), *arguments])
    return code, compare(report, before)


def test_this_release_passes_the_gate(whole, tmp_path, capsys):
    write_report(whole.report, tmp_path)
    code = cli.main(["eval", "gate", str(tmp_path / "report.json"), "--baseline", str(BASELINE)])
    printed = capsys.readouterr()
    assert code == 0, f"{printed.out}{printed.err}\nsee CONTRIBUTING.md, Change what is answered"


def test_the_committed_baseline_holds_no_text_and_says_who_promoted_it():
    baseline = read_report(BASELINE)
    assert baseline.promoted
    assert baseline.promoted.note
    assert not baseline.misses


def test_the_same_house_passes_again(before, tmp_path):
    assert gated(tmp_path, before, before)[0] == 0


def test_without_fusion_it_is_red(house, some, before, tmp_path):
    bad = SabotagedHouse(house, index=OneLegged(house.index, DenseField.TEXT))
    code, verdict = gated(tmp_path, evaluate(bad, some, "some").report, before)
    assert code == 1
    assert {"right", "mrr", "ndcg@10"} <= {one.figure for one in verdict.worse}


def test_without_the_filter_it_is_red(house, some, before, tmp_path):
    bad = SabotagedHouse(house, catalog=Unfiltered)
    code, verdict = gated(tmp_path, evaluate(bad, some, "some").report, before)
    assert code == 1
    assert any(one.startswith("leak: ") for one in verdict.faults)


def test_with_superseded_documents_cited_it_is_red(house, some, before, tmp_path):
    bad = SabotagedHouse(house, catalog=Unsuperseding)
    code, verdict = gated(tmp_path, evaluate(bad, some, "some").report, before)
    assert code == 1
    assert any(one.startswith("superseded_citation: ") for one in verdict.faults)


def test_with_a_calibration_fitted_for_other_signals_it_is_red(house, some, before, tmp_path):
    old = replace(Calibration.load(), signals_version=0)
    house.own_calibration_file.write_text(json.dumps(calibration_json(old)), "utf-8")
    try:
        report = evaluate(SabotagedHouse(house), some, "some").report
    finally:
        house.own_calibration_file.unlink()
    code, verdict = gated(tmp_path, report, before)
    assert code == 1
    assert any(one.startswith("the calibration is stale: ") for one in verdict.faults)


class Speechless:
    """A scorer that has no number for one case."""

    def __init__(self, case_id):
        self._case_id = case_id

    def scores(self, case, _):
        value = math.nan if case.id == self._case_id else 1.0
        return (Score(metric=Metric.SEMANTIC_SIMILARITY, value=value, reason="none came"),)


def test_with_a_metric_that_is_not_a_number_it_is_red(house, some, before, tmp_path):
    report = evaluate(house, some, "some", scorers=[Speechless(some[0].id)]).report
    code, verdict = gated(tmp_path, report, before)
    assert code == 1
    assert "semantic_similarity is not a number" in verdict.faults


@pytest.fixture(scope="module")
def conversations(house):
    path = SAMPLE / "conversations.jsonl"
    return evaluate(house, read_dataset(path), path.name).judged


@pytest.mark.parametrize("half", ["conv-dev", "conv-held"])
def test_follow_ups_find_the_document_that_they_are_about(conversations, half):
    hits = [one.value(Metric.HIT_1) for one in conversations if one.case.id.startswith(half)]
    assert len(hits) >= 30
    assert sum(hits) >= 0.85 * len(hits)


def test_no_conversation_shows_what_its_asker_may_not_read(conversations):
    assert len(conversations) >= 60
    assert not any(one.value(Metric.LEAK) for one in conversations)
