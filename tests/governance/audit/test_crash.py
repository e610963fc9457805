"""SIGKILL at any moment: what was done and what is on record agree."""

import random
from pathlib import Path

from tests.fakes.killed_house import disagreements, work_and_die

KILLS = 3


def test_killed_at_any_moment_record_and_deeds_agree(tmp_path: Path):
    """`attack.record` kills more often."""
    chance = random.Random(20261123)
    before = 0
    for _ in range(KILLS):
        work_and_die(tmp_path, chance.uniform(0.1, 0.7))
        found, deeds = disagreements(tmp_path)
        assert not found
        assert deeds > before
        before = deeds
