"""The attack on isolation finds nothing in this house, and what is wrong in a broken one."""

from functools import cached_property

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from attack.attacked import ATTACKED, operations
from attack.house import AttackedHouse, served
from attack.isolation import CrossedError, attack, machine
from attack.judge import CROSSED, WITHHELD, Tally
from governance.visible_catalog import VisibleCatalog

FEW = settings(
    max_examples=7,
    stateful_step_count=20,
    deadline=None,
    database=None,
    derandomize=True,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)


def test_no_history_of_a_world_shows_anybody_what_is_not_theirs():
    tally = Tally()
    run_state_machine_as_test(machine(tally, stop_at_once=True), settings=FEW)
    assert tally.requests > 1_500
    assert set(tally.operations) == set(ATTACKED)


def test_every_operation_has_its_attack(tmp_path):
    with served(tmp_path) as door:
        assert operations(door.app) == set(ATTACKED)


class Forgetful(VisibleCatalog):
    """Forgets who asks: what the first may read, all may read."""

    def __init__(self, *parts):
        super().__init__(*parts)
        self._first = None

    def visibility(self, *asked):
        self._first = self._first or super().visibility(*asked)
        return self._first


class Miserly(VisibleCatalog):
    """Opens no passage to anybody."""

    def chunks(self, *_):
        return {}


def house_with(catalog):
    class Broken(AttackedHouse):
        @cached_property
        def visible_catalog(self):
            return catalog(self.catalog, self.clock)

    return Broken


@pytest.mark.parametrize(("catalog", "what"), [(Forgetful, CROSSED), (Miserly, WITHHELD)])
def test_a_broken_house_is_found_out(catalog, what):
    tally = Tally()
    histories = machine(tally, kind=house_with(catalog))
    while not tally.found[what] and tally.requests < 4_000:
        attack(histories, tally.requests + 1, worlds=2)
    assert tally.found[what]


def test_what_was_found_ends_a_history_at_once():
    histories = machine(Tally(), stop_at_once=True, kind=house_with(Forgetful))
    with pytest.raises(CrossedError, match=CROSSED):
        run_state_machine_as_test(histories, settings=FEW)
