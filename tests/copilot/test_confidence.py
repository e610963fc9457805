import json
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot.confidence import Calibration, Signals, signals_of
from copilot.extractive import ExtractiveWriter
from copilot.question import read_question
from foundation.errors import ConfigurationError
from retrieval.passage import Passage
from tests.copilot.passages import passage, statistics_of

MASKED = "Masked copies of production are deleted after 60 days. They can be extended once."
OTHERS = [
    passage(
        f"Copies of invoices are kept for {years} years.",
        document=f"doc_{years}",
        title="Archive",
        rank=years,
        cosine=0.3,
        keywords=4.0,
    )
    for years in range(2, 8)
]


def confidence(question: str, *passages: Passage) -> float:
    read = read_question(question)
    statistics = statistics_of(*passages)
    draft = ExtractiveWriter().write(read, passages, statistics)
    return Calibration.load().probability(signals_of(read, passages, draft, statistics))


def test_a_passage_ahead_of_the_rest_is_trusted_more_than_one_among_equals() -> None:
    answer = passage(MASKED, title="Data handling", cosine=0.8, keywords=25.0)
    near_miss = passage(OTHERS[0].chunk.text, title="Archive", cosine=0.34, keywords=4.2)
    question = "When are masked copies of production deleted?"
    assert confidence(question, answer, *OTHERS) > 0.7
    assert confidence(question, near_miss, *OTHERS) < 0.3


def test_nothing_found_is_no_confidence() -> None:
    assert confidence("When are masked copies deleted?") == 0.0


def test_a_question_without_a_telling_word_is_no_confidence() -> None:
    assert confidence("How do I do this?", passage(MASKED)) == 0.0


def test_the_shipped_calibration_says_what_it_was_fitted_on() -> None:
    shipped = Calibration.load()
    assert shipped.cases > 1000
    assert shipped.fitted_on
    assert shipped.reliability


@given(st.fixed_dictionaries({field.name: st.floats(0, 1) for field in fields(Signals)}))
def test_more_evidence_never_lowers_confidence(values: dict[str, float]) -> None:
    shipped = Calibration.load()
    lower = shipped.probability(Signals(**values))
    for name in ("cosine", "keyword_lead", "cover_lead", "passage_cover", "exact"):
        assert shipped.probability(Signals(**{**values, name: values[name] + 0.1})) >= lower


@pytest.mark.parametrize(
    "content", ["", "[]", '{"intercept": 1}', '{"intercept": "x", "coefficients": {}}']
)
def test_a_file_that_is_no_calibration_is_refused_in_one_line(tmp_path: Path, content: str) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(content)
    with pytest.raises(ConfigurationError, match="not a calibration file"):
        Calibration.load(path)


def test_a_calibration_for_unknown_signals_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    content = {
        "intercept": 0,
        "coefficients": {"moon_phase": 1},
        "lookup_from": 0.3,
        "lookup_reliability": 0.9,
        "fitted_on": "x",
        "fitted_at": "2026-01-01",
        "cases": 1,
        "reliability": {},
    }
    path.write_text(json.dumps(content))
    with pytest.raises(ConfigurationError, match="moon_phase"):
        Calibration.load(path)


CODES = passage(
    "| Code | Meaning |\n| ERR-4012 | The tax profile of the order is missing. |\n"
    "| ERR-4013 | The ledger is closed. |",
    title="Error codes",
    cosine=0.4,
    keywords=6.0,
)


def test_a_code_that_the_picked_row_defines_is_trusted() -> None:
    assert confidence("what does ERR-4012 mean", CODES, *OTHERS) > 0.7


def test_a_code_that_is_defined_nowhere_is_not() -> None:
    assert confidence("what does ERR-4999 mean", CODES, *OTHERS) < 0.4


def test_a_year_that_the_passage_lacks_lowers_confidence() -> None:
    sla = passage(
        "A P1 ticket is answered in 30 minutes.", title="Support", cosine=0.7, keywords=20
    )
    doubt = 1 - confidence("How fast is a P1 ticket answered?", sla, *OTHERS)
    with_a_year = confidence("How fast is a P1 ticket answered in 2029?", sla, *OTHERS)
    assert 1 - with_a_year > 2 * doubt


def test_neighbouring_words_of_the_question_that_stand_together_raise_confidence() -> None:
    together = passage("Masked copies are deleted after sixty days.", cosine=0.5, keywords=9.0)
    apart = passage(
        "Masked are the cards of all customers in every report. Rooms and copies, once printed by "
        "the office, stay until they are deleted.",
        cosine=0.5,
        keywords=9.0,
    )
    question = read_question("When are masked copies deleted?")
    signals = []
    for one in (together, apart):
        statistics = statistics_of(one, *OTHERS)
        draft = ExtractiveWriter().write(question, (one, *OTHERS), statistics)
        found = signals_of(question, (one, *OTHERS), draft, statistics)
        assert found is not None
        signals.append(found)
    assert signals[0].pairs > signals[1].pairs
    assert signals[0].passage_cover == signals[1].passage_cover


def test_where_next_to_nothing_is_found_the_passage_speaks_for_itself() -> None:
    answer = passage(MASKED, title="Data handling", cosine=0.8, keywords=25.0)
    assert confidence("When are masked copies of production deleted?", answer) > 0.7
    assert confidence("When is the stock counted?", replace(answer, dense_score=0.1)) < 0.3
