import random
from dataclasses import fields, replace

from hypothesis import given
from hypothesis import strategies as st

from copilot.confidence import Calibration, Signals
from eval.calibration.drift import FEWEST, drift, shares_of, stability_index


def asked(count: int, lead: float, seed: int) -> list[dict[str, float]]:
    draw = random.Random(seed)
    return [
        {field.name: draw.gauss(lead if field.name == "keyword_lead" else 0.5, 0.2)
         for field in fields(Signals)}
        for _ in range(count)
    ]  # fmt: skip


def fitted() -> Calibration:
    cases = asked(400, 0.5, 1)
    spread = {
        field.name: shares_of([one[field.name] for one in cases]) for field in fields(Signals)
    }
    return replace(Calibration.load(), spread=spread)


def test_questions_like_those_of_the_calibration_have_not_drifted():
    assert drift(fitted(), asked(400, 0.5, 2)).moved == ()


def test_a_signal_that_fell_is_named():
    found = drift(fitted(), asked(400, 0.1, 2))
    assert found.moved == ("keyword_lead",)
    assert found.signals[0].signal == "keyword_lead"


def test_a_few_questions_say_nothing():
    found = drift(fitted(), asked(FEWEST - 1, 0.1, 2))
    assert found.signals == ()
    assert "too few" in found.reason


def test_records_of_earlier_signals_are_passed_over():
    old = [{"cosine": 0.3}] * FEWEST
    assert "too few" in drift(fitted(), old).reason


@given(st.lists(st.floats(-2, 2), min_size=1, max_size=60))
def test_the_same_values_have_not_moved(values: list[float]):
    assert stability_index(shares_of(values), values) < 1e-9
