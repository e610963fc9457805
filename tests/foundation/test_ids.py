"""An id tells when it was made, and nothing that is none does."""

import time

import pytest

from foundation.ids import derived_id, made_at, new_id


def test_an_id_tells_when_it_was_made() -> None:
    before = time.time()
    made = made_at(new_id("job"))
    assert made is not None
    assert before - 0.001 <= made <= time.time()


@pytest.mark.parametrize("other", ["", "job", "job_x", "job_" + "g" * 32, derived_id("doc", "a")])
def test_what_is_no_such_id_tells_nothing(other: str) -> None:
    assert made_at(other) is None
