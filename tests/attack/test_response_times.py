"""What counts as a house whose answers take longer because of what it hides."""

from random import Random

from attack.response_times import Times

DRAW = Random(3)


def answers(middle, number=400):
    return [DRAW.gauss(middle, 0.5) for _ in range(number)]


def test_houses_that_are_alike_differ_by_less_than_noise():
    times = Times(kind="search", alike=answers(8), other=answers(8), hidden=answers(8))
    assert abs(times.difference) < times.noise
    assert 0.4 < times.slower < 0.6


def test_a_house_that_reads_what_it_hides_is_found_out():
    times = Times(kind="search", alike=answers(8), other=answers(8), hidden=answers(9))
    assert times.difference > times.noise
    assert times.slower > 0.8
