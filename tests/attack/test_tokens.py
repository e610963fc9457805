"""Every credential that proves nothing is refused, told as a problem and put on record."""

from attack.check import Scale
from attack.tokens import run


def test_no_forgery_is_let_in_and_each_leaves_a_line():
    for check in run(Scale.QUICK):
        assert check.attempts > 100
        assert check.passed, check.detail
