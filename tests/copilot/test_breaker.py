"""A model that keeps failing is left alone for a while, then tried by one."""

from copilot.breaker import Breaker, State
from governance.chat_policy import BreakerPolicy


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def opened(time: Time) -> Breaker:
    breaker = Breaker(lambda: BreakerPolicy(failures=3, pause_seconds=30), time)
    for _ in range(3):
        assert breaker.admits()
        breaker.failed()
    return breaker


def test_failures_in_a_row_open_it() -> None:
    breaker = opened(Time())
    assert breaker.state is State.OPEN
    assert not breaker.admits()


def test_a_success_between_them_does_not() -> None:
    breaker = Breaker(lambda: BreakerPolicy(failures=2, pause_seconds=30), Time())
    for _ in range(5):
        breaker.failed()
        breaker.succeeded()
    assert breaker.state is State.CLOSED


def test_after_the_pause_one_tries_and_its_success_closes_it() -> None:
    time = Time()
    breaker = opened(time)
    time.now = 30.0
    assert breaker.admits()
    assert breaker.state is State.HALF_OPEN
    assert not breaker.admits()
    breaker.succeeded()
    assert breaker.state is State.CLOSED
    assert breaker.admits()


def test_a_failed_try_opens_it_for_another_pause() -> None:
    time = Time()
    breaker = opened(time)
    time.now = 30.0
    assert breaker.admits()
    breaker.failed()
    time.now = 59.0
    assert not breaker.admits()
    time.now = 60.0
    assert breaker.admits()


def test_a_try_that_was_given_up_lets_the_next_one_try() -> None:
    time = Time()
    breaker = opened(time)
    time.now = 30.0
    assert breaker.admits()
    breaker.undecided()
    assert breaker.admits()
