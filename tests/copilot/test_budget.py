"""Tokens of a tenant's day are taken before the model is asked, and what is left is given back."""

from datetime import UTC, datetime, timedelta

import pytest

from copilot.budget import Budget, tokens_of
from copilot.model_reply import ModelUnavailableError, Trouble
from governance.chat_policy import ChatModelPolicy
from governance.limit_counters import MemoryCounters

POLICY = ChatModelPolicy(reply_tokens=100, tokens_per_day=1_000, tenants={"small": 150})


class Calendar:
    now = datetime(2026, 11, 23, 23, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class Unreachable(MemoryCounters):
    def incr(self, key: str, expiry: float, amount: int = 1) -> int:  # noqa: ARG002 - the port
        raise ConnectionError

    @property
    def base_exceptions(self) -> type[Exception]:
        return ConnectionError


class Failing(MemoryCounters):
    """Shared counters that are there only now and then."""

    there = True

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        if not self.there:
            raise ConnectionError
        return super().incr(key, expiry, amount)

    @property
    def base_exceptions(self) -> type[Exception]:
        return ConnectionError


def budget(counters: MemoryCounters | None = None) -> tuple[Budget, Calendar]:
    calendar = Calendar()
    return Budget(lambda: POLICY, counters or MemoryCounters(), calendar), calendar


def test_a_day_that_is_used_up_refuses_and_the_next_day_does_not() -> None:
    house, calendar = budget()
    for _ in range(2):
        house.take("acme", 300)(100)
    with pytest.raises(ModelUnavailableError) as caught:
        house.take("acme", 300)
    assert caught.value.trouble is Trouble.OVER_BUDGET
    calendar.now += timedelta(hours=1)
    house.take("acme", 300)


def test_what_a_reply_did_not_need_is_given_back() -> None:
    house, _ = budget()
    for _ in range(3):
        house.take("acme", 250)(10)


def test_a_question_that_was_never_sent_costs_nothing() -> None:
    house, _ = budget()
    for _ in range(5):
        house.take("acme", 700)(None)
    house.take("acme", 700)


def test_questions_at_once_do_not_overdraw_together() -> None:
    house, _ = budget()
    settle = house.take("acme", 700)
    with pytest.raises(ModelUnavailableError):
        house.take("acme", 200)
    settle(0)
    house.take("acme", 100)


def test_one_tenants_budget_is_not_anothers() -> None:
    house, _ = budget()
    house.take("acme", 800)
    house.take("bolt", 800)
    with pytest.raises(ModelUnavailableError):
        house.take("small", 100)


def test_shared_counters_that_do_not_answer_leave_nobody_without_a_limit() -> None:
    house, _ = budget(Unreachable())
    house.take("acme", 800)
    with pytest.raises(ModelUnavailableError):
        house.take("acme", 800)


def test_what_is_given_back_while_shared_counters_fail_grants_nothing_extra() -> None:
    counters = Failing()
    house, _ = budget(counters)
    settle = house.take("acme", 700)
    counters.there = False
    settle(None)
    house.take("acme", 700)
    with pytest.raises(ModelUnavailableError):
        house.take("acme", 700)


def test_what_was_taken_while_shared_counters_failed_is_not_given_back_to_them() -> None:
    counters = Failing()
    house, _ = budget(counters)
    house.take("acme", 700)
    counters.there = False
    settle = house.take("acme", 700)
    counters.there = True
    settle(None)
    with pytest.raises(ModelUnavailableError):
        house.take("acme", 700)


def test_a_refusal_while_shared_counters_fail_grants_nothing_extra() -> None:
    class FailsSecond(Failing):
        def incr(self, key: str, expiry: float, amount: int = 1) -> int:
            counted = super().incr(key, expiry, amount)
            self.there = False
            return counted

    house, _ = budget(FailsSecond())
    with pytest.raises(ModelUnavailableError):
        house.take("acme", 5_000)
    house.take("acme", 700)
    with pytest.raises(ModelUnavailableError):
        house.take("acme", 700)


def test_control_words_of_a_model_are_counted_as_text() -> None:
    assert tokens_of("<|endoftext|>") > 1
