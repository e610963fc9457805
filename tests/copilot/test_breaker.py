"""A model that keeps failing is left alone for a while, then tried by one."""

from collections.abc import Callable

import pytest

from copilot.breaker import Breaker, State, Ticket
from governance.chat_policy import BreakerPolicy


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def admitted(breaker: Breaker) -> Ticket:
    ticket = breaker.admits()
    assert ticket is not None
    return ticket


def closed(time: Time) -> Breaker:
    return Breaker(lambda: BreakerPolicy(failures=3, pause_seconds=30), time)


def fails(breaker: Breaker) -> None:
    for _ in range(3):
        breaker.failed(admitted(breaker))


def opened(time: Time) -> Breaker:
    breaker = closed(time)
    fails(breaker)
    return breaker


def test_failures_in_a_row_open_it() -> None:
    breaker = opened(Time())
    assert breaker.state is State.OPEN
    assert not breaker.admits()


def test_a_success_between_them_does_not() -> None:
    breaker = Breaker(lambda: BreakerPolicy(failures=2, pause_seconds=30), Time())
    for _ in range(5):
        breaker.failed(admitted(breaker))
        breaker.succeeded(admitted(breaker))
    assert breaker.state is State.CLOSED


def test_after_the_pause_one_tries_and_its_success_closes_it() -> None:
    time = Time()
    breaker = opened(time)
    time.now = 30.0
    trial = admitted(breaker)
    assert breaker.state is State.HALF_OPEN
    assert not breaker.admits()
    breaker.succeeded(trial)
    assert breaker.state is State.CLOSED
    assert breaker.admits()


def test_a_failed_try_opens_it_for_another_pause() -> None:
    time = Time()
    breaker = opened(time)
    time.now = 30.0
    breaker.failed(admitted(breaker))
    time.now = 59.0
    assert not breaker.admits()
    time.now = 60.0
    assert breaker.admits()


def test_a_try_that_was_given_up_lets_the_next_one_try() -> None:
    time = Time()
    breaker = opened(time)
    time.now = 30.0
    breaker.undecided(admitted(breaker))
    assert breaker.admits()


REPORTS = [Breaker.succeeded, Breaker.failed, Breaker.undecided]


@pytest.mark.parametrize("report", REPORTS)
def test_a_call_from_before_does_not_end_the_pause_or_prolong_it(
    report: Callable[[Breaker, Ticket], None],
) -> None:
    time = Time()
    breaker = closed(time)
    late = admitted(breaker)
    fails(breaker)
    time.now = 29.0
    report(breaker, late)
    assert breaker.state is State.OPEN
    assert not breaker.admits()
    time.now = 30.0
    assert breaker.admits()


@pytest.mark.parametrize("report", REPORTS)
def test_a_call_from_before_does_not_speak_for_the_one_that_tries(
    report: Callable[[Breaker, Ticket], None],
) -> None:
    time = Time()
    breaker = closed(time)
    late = admitted(breaker)
    fails(breaker)
    time.now = 30.0
    trial = admitted(breaker)
    report(breaker, late)
    assert breaker.state is State.HALF_OPEN
    assert not breaker.admits()
    breaker.succeeded(trial)
    assert breaker.state is State.CLOSED
