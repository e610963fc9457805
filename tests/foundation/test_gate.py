import pytest

from foundation.gate import BusyError, Gate


def test_who_comes_when_it_is_full_is_told_and_who_leaves_makes_room() -> None:
    gate = Gate(2)
    with gate.place():
        with gate.place(), pytest.raises(BusyError, match="in a moment"), gate.place():
            pass
        with gate.place():
            pass


def test_a_failure_gives_its_place_back() -> None:
    gate = Gate(1)
    for _ in range(3):
        with pytest.raises(KeyError), gate.place():
            raise KeyError
