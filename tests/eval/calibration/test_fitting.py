import random
import sys
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot.confidence import Calibration, Signals
from eval.calibration.fitting import FEWEST, CalibrationError, calibration_of, fit
from eval.calibration.observing import Seen
from eval.calibration.thresholds import lowest_threshold, thresholds, wilson_lower
from foundation.errors import ConfigurationError

pytest.importorskip("sklearn")


def seen(number: int, *, right: bool, lead: float, kind: str = "faq", **more: float) -> Seen:
    values = {field.name: 0.5 for field in fields(Signals)} | {"keyword_lead": lead} | more
    return Seen(
        question=f"q{number}",
        signals=Signals(**values),
        right=right,
        kinds=frozenset({kind}),
        held_out=not right,
    )


def cases(count: int, seed: int = 1) -> list[Seen]:
    """Questions asked with their document, well ahead of the rest, and without it."""
    draw = random.Random(seed)
    return [
        seen(number, right=right, lead=draw.gauss(0.8 if right else 0.2, 0.25))
        for number in range(count)
        for right in (True, False)
    ]


def test_what_tells_right_from_wrong_is_weighed_and_the_rest_is_not():
    fitted = fit(cases(100))
    assert set(fitted.model.coefficients) == {"keyword_lead"}
    assert fitted.model.coefficients["keyword_lead"] > 0
    right = [p for p, one in zip(fitted.unseen, cases(100), strict=True) if one.right]
    assert sum(p > 0.5 for p in right) > 0.8 * len(right)


def test_a_signal_that_misleads_by_chance_gets_no_weight_against_reason():
    backwards = [seen(one.question, right=not one.right, lead=one.signals.keyword_lead)
                 for one in cases(60)]  # fmt: skip
    assert "keyword_lead" not in fit(backwards).model.coefficients


def test_the_better_kind_out_of_fold_is_kept():
    fitted = fit(cases(100))
    bent = bool(fitted.model.line)
    assert bent == (fitted.log_loss["isotonic"] < fitted.log_loss["logistic"])


def test_questions_that_are_right_only_in_a_middle_band_get_a_line_that_never_falls():
    draw = random.Random(3)
    stepped = [
        seen(number, right=(lead := draw.random()) > 0.5 and draw.random() < 0.9, lead=lead)
        for number in range(400)
    ]
    made = calibration_of(fit(stepped), Calibration.load(), stepped)
    leads = [at / 20 for at in range(21)]
    confidence = [made.probability(seen(0, right=True, lead=lead).signals) for lead in leads]
    assert confidence == sorted(confidence)
    assert confidence[0] < 0.1
    assert 0.8 < confidence[-1] < 1.0


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        (FEWEST + 10, 0, "one class.*must not be answered"),
        (0, FEWEST + 10, "one class.*answered rightly"),
        (FEWEST + 10, FEWEST - 1, "too few cases.*--from-corpus"),
    ],
)
def test_too_little_to_learn_from_is_refused(right: int, wrong: int, message: str):
    labels = [True] * right + [False] * wrong
    little = [seen(at, right=ok, lead=0.5) for at, ok in enumerate(labels)]
    with pytest.raises(CalibrationError, match=message):
        fit(little)


def test_a_kind_with_too_few_cases_inherits_the_pooled_threshold():
    many = [seen(at, right=at % 10 > 0, lead=0, kind="faq") for at in range(100)]
    few = [seen(at, right=True, lead=0, kind="policy") for at in range(5)]
    found = thresholds([*many, *few], [0.9] * 100 + [0.8] * 5, precision=0.85, certainty=0.8)
    assert set(found.kinds) == {"faq"}
    assert found.pooled == 0.8


def test_a_precision_that_nothing_proves_has_no_threshold():
    assert lowest_threshold([(0.99, True)] * 10, 0.95, 0.95) is None
    assert lowest_threshold([(0.99, True)] * 100, 0.95, 0.95) == 0.99


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=200))
def test_from_a_threshold_on_the_bound_holds(pairs: list[tuple[float, bool]]):
    threshold = lowest_threshold(pairs, 0.7, 0.9)
    if threshold is not None:
        answered = [ok for p, ok in pairs if p >= threshold]
        assert wilson_lower(sum(answered), len(answered), 0.9) >= 0.7


def test_the_wilson_bound_is_the_textbook_one():
    # 8 of 10, two-sided 95%: 0.490 (Brown, Cai and DasGupta, 2001).
    assert wilson_lower(8, 10, 0.975) == pytest.approx(0.490, abs=0.001)


def test_without_scikit_learn_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ConfigurationError, match=r"\[eval\]"):
        fit(cases(60))


def test_cases_that_only_stand_for_questions_move_known_weights_and_do_not_replace_them():
    shipped = Calibration.load()
    free, drawn = fit(cases(100)).model, fit(cases(100), shipped).model
    assert "cosine" not in free.coefficients
    lead = shipped.coefficients["keyword_lead"]
    assert (
        min(lead, free.coefficients["keyword_lead"])
        < drawn.coefficients["keyword_lead"]
        < max(lead, free.coefficients["keyword_lead"])
    )
