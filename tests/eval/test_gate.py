"""The gate: what got worse beyond chance, and what is never weighed."""

from dataclasses import replace

import pytest

from eval.gate import compare, faults_of
from eval.observation import Observation, Standing
from eval.report.schemas import CalibrationJson, ReportError, ReportJson, read_report, written
from tests.eval.reports import answered, case, handed_over, report, silent

CASES = [case(number) for number in range(40)] + [silent(number) for number in range(40, 60)]


def seen(one, **changes):
    return answered(**changes) if one.gold else handed_over(**changes)


def run(broken=(), instead=None, **header) -> ReportJson:
    """A report in which the `broken` cases came to something else."""
    pairs = [
        (one, (instead or handed_over()) if at in broken else seen(one))
        for at, one in enumerate(CASES)
    ]
    return report(pairs, **header)


BASELINE = run()


def figures(differences):
    return {one.figure for one in differences}


def test_the_same_report_passes():
    verdict = compare(run(), BASELINE)
    assert verdict.passed
    assert not verdict.better
    assert verdict.compared > 10


def test_one_flipped_case_is_within_the_noise():
    assert compare(run(broken={3}), BASELINE).passed


def test_a_quarter_of_the_answers_lost_is_worse_and_is_named():
    verdict = compare(run(broken=set(range(10))), BASELINE)
    assert not verdict.passed
    assert {"right", "right_kind", "right in the category plain"} <= figures(verdict.worse)
    [right] = [one for one in verdict.worse if one.figure == "right"]
    assert right.after < right.before
    assert right.band.high < 0


def test_what_got_better_is_told_and_passes():
    verdict = compare(BASELINE, run(broken=set(range(10))))
    assert verdict.passed
    assert "right" in figures(verdict.better)


def test_a_small_category_that_fails_whole_is_seen():
    rare = [replace(one, category="rare") if at < 4 else one for at, one in enumerate(CASES)]
    before = report([(one, seen(one)) for one in rare])
    after = report([(one, handed_over() if at < 4 else seen(one)) for at, one in enumerate(rare)])
    assert "right in the category rare" in figures(compare(after, before).worse)


def test_confidence_that_no_longer_tells_anything_is_worse():
    flat = [(one, seen(one, confidence=0.5)) for one in CASES]
    assert {"auroc", "brier"} <= figures(compare(report(flat), BASELINE).worse)


def test_a_hair_in_every_case_is_not_worse():
    hair = [(one, seen(one, confidence=0.799 if one.gold else 0.201)) for one in CASES]
    assert compare(report(hair), BASELINE).passed


def cited(**changes):
    [quote] = answered().citations
    return answered(citations=(replace(quote, **changes),))


@pytest.mark.parametrize(
    ("observation", "told"),
    [
        (cited(readable=False), "leak: 1 where none is tolerated (case-0)"),
        (cited(exact=False), "exact_quotes: 1 where none is tolerated"),
        (cited(standing=Standing.SUPERSEDED), "superseded_citation: 1"),
        (cited(standing=Standing.UNAPPROVED), "unapproved_citation: 1"),
        (Observation(error="ValueError: boom"), "1 cases crash that did not (case-0)"),
    ],
)
def test_a_single_case_of_what_is_never_weighed_closes_the_gate(observation, told):
    verdict = compare(run(broken={0}, instead=observation), BASELINE)
    assert not verdict.passed
    assert any(told in fault for fault in verdict.faults)


def test_it_closes_the_gate_even_where_the_baseline_has_it_too():
    leaking = run(broken={0}, instead=cited(readable=False))
    assert not compare(leaking, leaking).passed


def test_a_metric_that_is_not_a_number_closes_the_gate():
    whole = BASELINE.model_dump(mode="json")
    whole["cases"][0]["scores"]["ndcg@10"] = None
    whole["figures"]["ndcg@10"] = None
    verdict = compare(ReportJson.model_validate(whole), BASELINE)
    assert "ndcg@10 is not a number" in verdict.faults


def test_a_metric_that_is_missing_closes_the_gate():
    whole = BASELINE.model_dump(mode="json")
    for one in whole["cases"]:
        one["scores"].pop("ndcg@10", None)
    del whole["figures"]["ndcg@10"]
    assert "ndcg@10 is missing" in compare(ReportJson.model_validate(whole), BASELINE).faults


def test_safety_that_was_not_checked_is_not_safety():
    whole = BASELINE.model_dump(mode="json")
    for one in whole["cases"]:
        del one["scores"]["leak"]
    assert any("leak is missing" in one for one in faults_of(ReportJson.model_validate(whole)))


def test_safety_that_was_checked_of_some_cases_only_is_not_safety():
    cases = [
        one
        if at
        else one.model_copy(update={"scores": {k: v for k, v in one.scores.items() if k != "leak"}})
        for at, one in enumerate(BASELINE.cases)
    ]
    verdict = compare(BASELINE.model_copy(update={"cases": cases}), BASELINE)
    assert not verdict.passed
    assert any(one.startswith("leak: 1 cases were not checked") for one in verdict.faults)


def test_a_stale_calibration_closes_the_gate():
    stale = CalibrationJson(
        version="0", fitted_at="2026-01-01", fitted_on="", cases=9, stale="fitted for others"
    )
    verdict = compare(run(calibration=stale), BASELINE)
    assert verdict.faults == ("the calibration is stale: fitted for others",)


def test_a_run_that_did_not_end_closes_the_gate():
    whole = BASELINE.model_dump(mode="json")
    whole["cases"] = whole["cases"][:30]
    assert any("did not end" in one for one in faults_of(ReportJson.model_validate(whole)))


def judged_by_a_model(shift, spread):
    """A report in which a model judged every answer, five runs around a mean."""
    whole = BASELINE.model_dump(mode="json")
    answered_cases = [one for one in whole["cases"] if one["got"] == "answer"]
    for one in answered_cases:
        one["scores"]["faithfulness"] = 0.8 + shift
    whole["figures"]["faithfulness"] = 0.8 + shift
    low, high = 0.8 + shift - spread, 0.8 + shift + spread
    whole["judged"] = {"faithfulness": {"low": low, "high": high, "runs": 5, "failed": 0}}
    return ReportJson.model_validate(whole)


def test_what_a_judge_says_is_worse_only_where_its_runs_do_not_overlap():
    before = judged_by_a_model(0.0, 0.05)
    assert compare(judged_by_a_model(-0.08, 0.05), before).passed
    assert figures(compare(judged_by_a_model(-0.2, 0.05), before).worse) == {"faithfulness"}


def test_a_report_about_other_questions_is_refused():
    other = report([(one, seen(one)) for one in CASES[:-1]])
    with pytest.raises(ReportError, match="run the baseline's questions"):
        compare(other, BASELINE)


def test_other_documents_and_another_day_are_told():
    other = run(day="2027-02-01", corpus={"sha256": "d" * 64, "documents": 4})
    verdict = compare(other, BASELINE)
    assert verdict.passed
    assert len(verdict.remarks) == 2


def test_a_report_survives_writing_and_reading(tmp_path):
    made = run(broken={1, 50})
    (tmp_path / "report.json").write_text(written(made), "utf-8")
    assert read_report(tmp_path / "report.json") == made


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"format": 2}', "\x00"])
def test_a_file_that_is_no_report_is_told_in_a_line(tmp_path, text):
    (tmp_path / "report.json").write_text(text)
    with pytest.raises(ReportError, match="is not a report") as caught:
        read_report(tmp_path / "report.json")
    assert "\n" not in str(caught.value)


def test_what_is_no_number_in_a_file_is_none_here(tmp_path):
    path = tmp_path / "report.json"
    told = written(BASELINE)
    spoilt = told.replace('"hit@1": 1.0', '"hit@1": NaN')
    assert spoilt != told
    path.write_text(spoilt)
    verdict = compare(read_report(path), BASELINE)
    assert not verdict.passed
    assert "hit@1 is not a number" in verdict.faults
