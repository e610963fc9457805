"""docs/evaluation.md defines every metric there is, and none that is not."""

import re
from pathlib import Path

import pytest

from eval.score import Metric

PAGE = (Path(__file__).parents[2] / "docs" / "evaluation.md").read_text()
ROWS = re.findall(r"^\| (`.*?) \| (.+) \|$", PAGE, flags=re.MULTILINE)


@pytest.mark.parametrize("metric", list(Metric))
def test_a_metric_is_defined(metric: Metric):
    defined = [meaning for names, meaning in ROWS if f"`{metric.value}`" in names]
    assert len(defined) == 1
    assert defined[0].strip()


def test_what_allows_no_case_at_all_is_told_to():
    _, _, safety = PAGE.partition("### Safety")
    table = safety.partition("### ")[0]
    for metric in Metric:
        assert (f"| `{metric.value}` |" in table) == metric.zero_tolerance
