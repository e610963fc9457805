"""How much one may ask for: counted per person and per tenant, and never against another."""

import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from fakeredis import FakeRedis, FakeServer
from hypothesis import example, given
from hypothesis import strategies as st
from limits import RateLimitItemPerSecond
from limits.storage import RedisStorage, Storage
from limits.strategies import SlidingWindowCounterRateLimiter

from foundation.errors import ConfigurationError
from governance.audit import CONSOLE
from governance.limit_counters import MemoryCounters
from governance.limit_policy import LimitPolicy, Rate, RateLimits, RouteGroup, TenantLimits
from governance.limiting import (
    TRY_AGAIN_SECONDS,
    Exceeded,
    LimitedError,
    Limits,
    counters_at,
    seconds_until_free,
)
from governance.principal import Principal, Role

START = 1_800_000_000.0


class Watch:
    """Seconds that a test lets pass."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


def limits(policy: LimitPolicy, watch: Callable[[], float]) -> Limits:
    return Limits(lambda: policy, MemoryCounters(watch), now=watch)


def asker(subject: str = "ada", tenant: str = "acme") -> Principal:
    return Principal(subject=subject, tenant=tenant, roles=frozenset({Role.PARTNER_CONSULTANT}))


def rate(amount: int, seconds: int = 60) -> Rate:
    return Rate(amount=amount, seconds=seconds)


def refused(limit: Limits, who: Principal, group: RouteGroup = RouteGroup.READ) -> Exceeded | None:
    try:
        limit.admit(who, group)
    except LimitedError as error:
        return error.exceeded
    return None


def policy(
    *, subject: RateLimits | None = None, tenant: RateLimits | None = None, **rest: object
) -> LimitPolicy:
    return LimitPolicy.model_validate(
        {"per_subject": subject or RateLimits(), "per_tenant": tenant or RateLimits(), **rest}
    )


class TestCounting:
    def test_as_many_as_allowed_are_let_in_and_not_one_more(self) -> None:
        limit = limits(policy(subject=RateLimits(all=rate(3))), Watch())
        assert [refused(limit, asker()) for _ in range(3)] == [None] * 3
        told = refused(limit, asker())
        assert told is not None
        assert (told.name, told.amount, told.seconds) == ("subject", 3, 60)

    def test_another_person_of_the_same_tenant_has_their_own(self) -> None:
        limit = limits(policy(subject=RateLimits(all=rate(1))), Watch())
        assert refused(limit, asker("ada")) is None
        assert refused(limit, asker("ada"))
        assert refused(limit, asker("bo")) is None

    def test_a_persons_keys_are_no_more_persons(self) -> None:
        limit = limits(policy(subject=RateLimits(all=rate(2))), Watch())
        keys = [replace(asker(f"key:{number}"), accountable="ada") for number in range(3)]
        assert [refused(limit, one) is None for one in (keys[0], asker("ada"), *keys)] == [
            True, True, False, False, False,
        ]  # fmt: skip
        others = replace(asker("key:9"), accountable="bo")
        assert refused(limit, others) is None

    def test_keys_made_at_the_console_count_each_for_itself(self) -> None:
        limit = limits(policy(subject=RateLimits(all=rate(1))), Watch())
        for number in range(3):
            key = replace(asker(f"key:{number}"), accountable=CONSOLE)
            assert refused(limit, key) is None
            assert refused(limit, key)

    def test_people_on_a_hosts_page_are_together_as_much_as_ten(self) -> None:
        limit = limits(policy(subject=RateLimits(all=rate(2))), Watch())
        visitors = [replace(asker(f"page/{at}"), minted_by="k1") for at in range(30)]
        told = [refused(limit, one) for one in visitors]
        assert [one is None for one in told] == [True] * 20 + [False] * 10
        assert told[-1] is not None
        assert (told[-1].name, told[-1].amount) == ("widgets", 20)
        another = replace(asker("page/0"), subject="else/0", minted_by="k2")
        assert [refused(limit, another) is None for _ in range(3)] == [True, True, False]

    def test_a_tenant_shares_one_and_another_tenant_never_feels_it(self) -> None:
        limit = limits(policy(tenant=RateLimits(all=rate(2))), Watch())
        assert refused(limit, asker("ada")) is None
        assert refused(limit, asker("bo")) is None
        told = refused(limit, asker("cy"))
        assert told is not None
        assert told.name == "tenant"
        assert refused(limit, asker("cy", tenant="bolt")) is None

    def test_who_has_reached_their_own_limit_takes_nothing_from_colleagues(self) -> None:
        limit = limits(
            policy(subject=RateLimits(all=rate(1)), tenant=RateLimits(all=rate(2))), Watch()
        )
        for _ in range(10):
            refused(limit, asker("ada"))
        assert refused(limit, asker("bo")) is None

    def test_a_group_is_counted_for_itself(self) -> None:
        limit = limits(policy(subject=RateLimits(upload=rate(1))), Watch())
        assert refused(limit, asker(), RouteGroup.UPLOAD) is None
        told = refused(limit, asker(), RouteGroup.UPLOAD)
        assert told is not None
        assert told.name == "subject-upload"
        assert refused(limit, asker(), RouteGroup.SEARCH) is None

    def test_names_that_look_alike_joined_are_still_two(self) -> None:
        limit = limits(policy(subject=RateLimits(all=rate(1))), Watch())
        for tenant, subject in (("a/b", "c"), ("a", "b/c"), ("a\x1fb", "c"), ("a", "b\x1fc")):
            assert refused(limit, asker(subject, tenant)) is None
            assert refused(limit, asker(subject, tenant))

    def test_a_tenant_may_have_limits_of_its_own(self) -> None:
        own = TenantLimits(questions_per_day=1, per_subject=RateLimits(search=rate(1)))
        limit = limits(policy(subject=RateLimits(all=rate(5)), tenants={"acme": own}), Watch())
        assert refused(limit, asker(), RouteGroup.ASK) is None
        told = refused(limit, asker(), RouteGroup.ASK)
        assert told is not None
        assert told.name == "questions-per-day"
        assert [refused(limit, asker(tenant="bolt"), RouteGroup.ASK) for _ in range(5)] == [
            None
        ] * 5
        # What it names stands instead of what holds for all.
        assert [refused(limit, asker(), RouteGroup.READ) for _ in range(9)] == [None] * 9

    def test_a_policy_that_changes_holds_from_the_next_request_on(self) -> None:
        current = [policy(subject=RateLimits(all=rate(1)))]
        limit = Limits(lambda: current[0], MemoryCounters())
        refused(limit, asker())
        assert refused(limit, asker())
        current[0] = policy(subject=RateLimits(all=rate(100)))
        assert refused(limit, asker()) is None


class TestComingBack:
    @given(
        amount=st.integers(1, 20),
        steps=st.lists(st.floats(0, 90, allow_nan=False), min_size=1, max_size=60),
    )
    @example(amount=1, steps=[0.0, 2.0])
    def test_who_waits_as_long_as_told_is_let_in(self, amount: int, steps: list[float]) -> None:
        watch = Watch()
        limit = limits(policy(subject=RateLimits(all=rate(amount))), watch)
        for step in steps:
            watch.now += step
            told = refused(limit, asker())
            if told is not None:
                assert 1 <= told.retry_after <= 2 * 60 + 1
                watch.now += told.retry_after
                assert refused(limit, asker()) is None

    @given(
        amount=st.integers(1, 30),
        steps=st.lists(st.floats(0, 20, allow_nan=False), min_size=1, max_size=200),
    )
    def test_no_minute_has_more_than_twice_what_is_allowed(
        self, amount: int, steps: list[float]
    ) -> None:
        watch = Watch()
        limit = limits(policy(subject=RateLimits(all=rate(amount))), watch)
        let_in = []
        for step in steps:
            watch.now += step
            if refused(limit, asker()) is None:
                let_in.append(watch.now)
        for moment in let_in:
            assert sum(moment <= one < moment + 60 for one in let_in) <= 2 * amount

    def test_a_daily_quota_comes_back_a_day_after_its_first_question(self) -> None:
        watch = Watch()
        limit = limits(policy(questions_per_day=2), watch)
        refused(limit, asker(), RouteGroup.ASK)
        watch.now += 3_600
        refused(limit, asker("bo"), RouteGroup.ASK)
        told = refused(limit, asker("cy"), RouteGroup.ASK)
        assert told is not None
        assert 82_799 <= told.retry_after <= 82_801
        # A search is no question.
        assert refused(limit, asker("cy"), RouteGroup.SEARCH) is None
        watch.now += told.retry_after
        assert refused(limit, asker("cy"), RouteGroup.ASK) is None

    def test_nothing_counted_means_no_wait(self) -> None:
        assert seconds_until_free(limit=5, length=60, before=0, before_left=0, count=0, left=9) == 0


class TestMemory:
    def test_counters_do_not_grow_without_end(self) -> None:
        counters = MemoryCounters(most=10)
        for number in range(1_000):
            counters.incr(f"name-{number}", 60)
        assert counters.reset() == 10

    def test_a_name_in_use_is_not_forgotten(self) -> None:
        counters = MemoryCounters(most=3)
        for number in range(50):
            counters.incr("kept", 60)
            counters.incr(f"name-{number}", 60)
        assert counters.get("kept") == 50

    def test_threads_together_are_let_in_exactly_as_often_as_allowed(self) -> None:
        counters = MemoryCounters()
        sliding = SlidingWindowCounterRateLimiter(counters)
        item = RateLimitItemPerSecond(500, 3_600)
        let_in: list[bool] = []

        def ask() -> None:
            let_in.extend(sliding.hit(item, "x") for _ in range(200))

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert sum(let_in) == 500


REDIS = os.environ.get("COPILOT_TEST_REDIS_URL", "")
"""A server to count on; without one, a fake of its commands and scripts in this process."""


@pytest.fixture
def shared() -> Callable[[], Storage]:
    if REDIS:
        return lambda: counters_at(REDIS, 60)
    server = FakeServer()

    def opened() -> Storage:
        pool = FakeRedis(server=server).connection_pool
        return RedisStorage("redis://unused", connection_pool=pool)

    return opened


class TestSharedCounters:
    def test_two_processes_count_together(self, shared: Callable[[], Storage]) -> None:
        said = policy(subject=RateLimits(all=rate(3)), questions_per_day=2)
        first = Limits(lambda: said, shared())
        second = Limits(lambda: said, shared())
        assert first.waits
        who = asker(f"of-two-processes-{time.time_ns()}")
        assert refused(first, who) is None
        assert refused(second, who) is None
        assert refused(first, who) is None
        told = refused(second, who)
        assert told is not None
        assert 1 <= told.retry_after <= 121
        tenant = f"asking-{time.time_ns()}"
        assert [
            getattr(refused(one, asker(f"q{at}", tenant), RouteGroup.ASK), "name", None)
            for at, one in enumerate((first, second, first))
        ] == [None, None, "questions-per-day"]

    def test_where_they_do_not_answer_the_process_counts_by_itself(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as found:
            port = found.getsockname()[1]
        failures: list[int] = []
        watch = Watch()
        limit = Limits(
            lambda: policy(subject=RateLimits(all=rate(2))),
            counters_at(f"redis://:hunter2-canary@127.0.0.1:{port}/0"),
            on_failure=lambda: failures.append(1),
            now=watch,
        )
        assert refused(limit, asker()) is None
        assert refused(limit, asker()) is None
        assert refused(limit, asker()) is not None
        assert failures == [1]
        assert "counts by itself" in caplog.text
        assert "hunter2-canary" not in caplog.text
        watch.now += TRY_AGAIN_SECONDS + 1
        refused(limit, asker())
        assert failures == [1, 1]

    def test_one_that_never_answers_costs_moments_and_not_minutes(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            limit = Limits(
                lambda: policy(subject=RateLimits(all=rate(2))),
                counters_at(f"redis://127.0.0.1:{silent.getsockname()[1]}/0"),
            )
            done = threading.Thread(target=lambda: refused(limit, asker()))
            done.start()
            done.join(timeout=20)
            assert not done.is_alive()

    @pytest.mark.parametrize("url", ["redis://:hunter2@[bad", "nonsense", "async+redis://x"])
    def test_an_address_that_is_none_is_told_and_not_shown(self, url: str) -> None:
        with pytest.raises(ConfigurationError, match="COPILOT_LIMITS_URL") as caught:
            counters_at(url)
        assert "hunter2" not in str(caught.value)
