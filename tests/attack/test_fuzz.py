"""Whatever the OpenAPI document allows, and what it does not, gets an answer that it tells of."""

import pytest

from attack.fuzz import fuzz
from governance.principal import Role

# Warnings of a library that looks at what it generates, not of ours.
pytestmark = pytest.mark.filterwarnings("ignore")


def test_as_each_role_every_answer_is_as_documented():
    found = fuzz(60)
    assert [one.role for one in found] == list(Role)
    wrong = [told for one in found for told in one.details.values()]
    assert not wrong, wrong[0]
    assert sum(one.cases for one in found) > 300
