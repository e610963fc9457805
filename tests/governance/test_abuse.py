"""Who does too much of what hardly anybody does: told once a window, whatever the traffic."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from foundation.database import Database, open_database
from governance.abuse import AbuseWatch, Asker, Crossing, SecurityEvents, ThrottledError
from governance.abuse_policy import AbusePolicy, Signal, Threshold
from governance.audit import CONSOLE, HOUSE, Action
from governance.audit.chain import audit_lines
from governance.identity import Refusal
from governance.notices import NoticeKind, Outbox
from governance.principal import Principal, Role
from governance.vigilance import Vigilance, askers_of, doings_of

ADA = Asker(tenant="acme", name="ada", roles=("partner_consultant",))
NOBODY = Asker(tenant="", name="5f3e")
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Seconds:
    def __init__(self) -> None:
        self.now = 100_000.0

    def __call__(self) -> float:
        return self.now


def watch(seconds: Seconds, *, most: int = 100, **said: Threshold) -> AbuseWatch:
    policy = AbusePolicy(**said)
    return AbuseWatch(lambda: policy, now=seconds, most=most)


class TestCounting:
    def test_the_one_that_reaches_the_threshold_is_told(self) -> None:
        found = watch(Seconds(), denials=Threshold(count=3, minutes=10))
        told = [found.note(ADA, Signal.DENIALS) for _ in range(5)]
        assert [one is not None for one in told] == [False, False, True, False, False]
        assert told[2] == Crossing(
            asker=ADA, signal=Signal.DENIALS, count=3, minutes=10, throttle_seconds=0
        )

    def test_who_goes_on_is_told_of_again_in_the_next_window(self) -> None:
        seconds = Seconds()
        found = watch(seconds, denials=Threshold(count=3, minutes=10))
        times = []
        for _ in range(3 * 60):
            seconds.now += 10
            if found.note(ADA, Signal.DENIALS):
                times.append(seconds.now)
        assert len(times) == 3
        assert all(later - sooner >= 600 for sooner, later in pairwise(times))

    def test_what_is_spread_over_a_long_time_is_nothing(self) -> None:
        seconds = Seconds()
        found = watch(seconds, denials=Threshold(count=3, minutes=10))
        for _ in range(50):
            seconds.now += 600
            assert found.note(ADA, Signal.DENIALS) is None

    def test_a_burst_over_the_turn_of_a_window_is_seen(self) -> None:
        seconds = Seconds()
        seconds.now = 600 * 200 - 1
        found = watch(seconds, denials=Threshold(count=10, minutes=10))
        told = [found.note(ADA, Signal.DENIALS) for _ in range(8)]
        seconds.now += 2
        told += [found.note(ADA, Signal.DENIALS) for _ in range(4)]
        assert any(told)

    def test_others_and_other_doings_are_counted_by_themselves(self) -> None:
        found = watch(
            Seconds(), denials=Threshold(count=2, minutes=1), probing=Threshold(count=2, minutes=1)
        )
        assert found.note(ADA, Signal.DENIALS) is None
        assert found.note(ADA, Signal.PROBING) is None
        assert found.note(Asker(tenant="acme", name="bo"), Signal.DENIALS) is None
        assert found.note(Asker(tenant="bolt", name="ada"), Signal.DENIALS) is None
        assert found.note(ADA, Signal.DENIALS) is not None

    def test_much_at_once_counts_as_much(self) -> None:
        found = watch(Seconds(), export=Threshold(count=100, minutes=60))
        assert found.note(ADA, Signal.EXPORT, 99) is None
        assert found.note(ADA, Signal.EXPORT, 50) is not None

    @given(
        st.lists(st.tuples(st.floats(0, 400), st.integers(1, 5)), max_size=80), st.integers(1, 30)
    )
    def test_nobody_is_told_of_who_stays_below_in_every_two_windows(
        self, steps: list[tuple[float, int]], count: int
    ) -> None:
        seconds = Seconds()
        found = watch(seconds, denials=Threshold(count=count, minutes=5))
        seen: list[tuple[float, int]] = []
        for step, amount in steps:
            seconds.now += step
            seen.append((seconds.now, amount))
            recent = sum(one for at, one in seen if at > seconds.now - 600)
            if recent < count:
                assert found.note(ADA, Signal.DENIALS, amount) is None
            else:
                found.note(ADA, Signal.DENIALS, amount)

    def test_memory_has_a_bound_and_keeps_who_was_seen_last(self) -> None:
        found = watch(Seconds(), most=10, denials=Threshold(count=50, minutes=10))
        told = []
        for number in range(60):
            told.append(found.note(ADA, Signal.DENIALS))
            for other in range(5):
                found.note(Asker(tenant="t", name=f"{number}-{other}"), Signal.DENIALS)
        assert any(told)

    def test_threads_together_cross_once(self) -> None:
        found = watch(Seconds(), denials=Threshold(count=500, minutes=10))
        told: list[Crossing | None] = []

        def ask() -> None:
            told.extend(found.note(ADA, Signal.DENIALS) for _ in range(200))

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert sum(one is not None for one in told) == 1


class TestHoldingOff:
    def test_it_lasts_as_long_as_policy_says_and_nobody_else_is_held(self) -> None:
        seconds = Seconds()
        found = watch(seconds, denials=Threshold(count=1, minutes=10, throttle_seconds=60))
        found.admit(ADA)
        found.note(ADA, Signal.DENIALS)
        with pytest.raises(ThrottledError) as caught:
            found.admit(ADA)
        assert caught.value.exceeded.retry_after == 61
        found.admit(Asker(tenant="acme", name="bo"))
        seconds.now += 61
        found.admit(ADA)

    def test_an_address_is_never_held_off(self) -> None:
        found = watch(Seconds(), denials=Threshold(count=1, minutes=10, throttle_seconds=60))
        crossing = found.note(NOBODY, Signal.DENIALS)
        assert crossing is not None
        assert crossing.throttle_seconds == 0
        found.admit(NOBODY)

    def test_as_it_ships_nobody_is(self) -> None:
        found = AbuseWatch(AbusePolicy)
        for signal in Signal:
            found.note(ADA, signal, 10**6)
        found.admit(ADA)

    def test_it_is_the_same_person_in_another_role(self) -> None:
        found = watch(Seconds(), denials=Threshold(count=1, minutes=10, throttle_seconds=60))
        found.note(ADA, Signal.DENIALS)
        with pytest.raises(ThrottledError):
            found.admit(Asker(tenant="acme", name="ada", roles=("admin",)))


PERSON = Principal(subject="ada", tenant="acme", roles=frozenset({Role.PARTNER_CONSULTANT}))


@pytest.mark.parametrize("reason", sorted(set(Refusal) - {Refusal.FORBIDDEN}))
def test_somebodys_old_credential_does_not_hold_them_off(database: Database, reason: str) -> None:
    found = watch(Seconds(), denials=Threshold(count=2, minutes=10, throttle_seconds=600))
    events = SecurityEvents(database, lambda: NOW)
    eyes = Vigilance(watch=found, events=events, later=lambda tell: tell())
    for _ in range(5):
        eyes.denied(PERSON, "5f3e", reason)
    found.admit(ADA)
    with database.read() as connection:
        [line] = connection.execute(
            select(audit_lines).where(audit_lines.c.action == Action.SECURITY_EVENT.value)
        ).all()
    assert (line.tenant, json.loads(line.sealed)["actor"]) == (HOUSE, "5f3e")


def test_what_somebody_may_not_do_is_theirs(database: Database) -> None:
    found = watch(Seconds(), denials=Threshold(count=2, minutes=10, throttle_seconds=600))
    events = SecurityEvents(database, lambda: NOW)
    eyes = Vigilance(watch=found, events=events, later=lambda tell: tell())
    for _ in range(2):
        eyes.denied(PERSON, "5f3e", Refusal.FORBIDDEN.value)
    with pytest.raises(ThrottledError):
        found.admit(ADA)


def test_what_a_key_does_is_its_makers_too() -> None:
    found = watch(Seconds(), attacks=Threshold(count=4, minutes=10, throttle_seconds=60))
    for number in range(4):
        key = replace(PERSON, subject=f"key:{number}", accountable="ada")
        for one in askers_of(key):
            found.note(one, Signal.ATTACKS)
    with pytest.raises(ThrottledError):
        found.admit(ADA)
    [of_key, of_maker] = askers_of(replace(PERSON, subject="key:9", accountable="ada"))
    found.admit(of_key)
    with pytest.raises(ThrottledError):
        found.admit(of_maker)
    assert [one.name for one in askers_of(replace(PERSON, accountable=CONSOLE))] == ["ada"]


def test_a_page_whose_visitors_do_too_much_is_told_of_and_its_other_visitors_go_on() -> None:
    found = watch(Seconds(), attacks=Threshold(count=4, minutes=10, throttle_seconds=60))
    told = []
    for number in range(40):
        visitor = replace(PERSON, subject=f"page/{number}", minted_by="k1")
        told += [found.note(one, Signal.ATTACKS) for one in askers_of(visitor)]
    [crossing] = [one for one in told if one]
    assert (crossing.asker.name, crossing.count) == ("widgets of key:k1", 40)
    assert crossing.throttle_seconds == 0
    for one in askers_of(replace(PERSON, subject="page/new", minted_by="k1")):
        found.admit(one)


class Route:
    def __init__(self, path: str) -> None:
        self.path = path


@pytest.mark.parametrize(
    ("path", "method", "status", "state", "expected"),
    [
        ("/v1/documents/{document_id}", "GET", 404, {}, [(Signal.PROBING, 1)]),
        ("/v1/documents/{document_id}", "DELETE", 404, {}, [(Signal.PROBING, 1)]),
        ("/v1/documents", "GET", 404, {}, []),
        ("/v1/documents/{document_id}", "GET", 200, {}, [(Signal.EXPORT, 1)]),
        ("/v1/documents/{document_id}", "DELETE", 200, {}, []),
        ("/v1/documents", "GET", 200, {}, []),
        ("/v1/search", "POST", 200, {"given": 7}, [(Signal.EXPORT, 7)]),
        ("/v1/search", "POST", 200, {"given": 0}, []),
        ("/v1/ask", "POST", 200, {"given": 2, "suspicious": True},
         [(Signal.EXPORT, 2), (Signal.ATTACKS, 1)]),
        ("/v1/ask", "POST", 429, {}, [(Signal.BURSTS, 1)]),
        ("/v1/ask", "POST", 429, {"held_off": True}, []),
        ("/v1/ask", "POST", 403, {}, []),
        ("/v1/ask", "POST", 422, {}, []),
        ("/v1/ask", "POST", 500, {}, []),
    ],
)  # fmt: skip
def test_what_an_answer_counts_as(
    path: str, method: str, status: int, state: dict[str, object], expected: list[object]
) -> None:
    scope = {"route": Route(path), "method": method, "state": state}
    assert list(doings_of(scope, status)) == expected


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'c.db'}")
    yield opened
    opened.close()


class TestTelling:
    CROSSING = Crossing(
        asker=ADA, signal=Signal.PROBING, count=100, minutes=10, throttle_seconds=600
    )

    def test_it_is_one_line_of_the_tenant_one_notice_and_one_count(
        self, database: Database
    ) -> None:
        counted: list[str] = []
        SecurityEvents(database, lambda: NOW, count=counted.append).tell(self.CROSSING)
        with database.read() as connection:
            [line] = connection.execute(
                select(audit_lines).where(audit_lines.c.action == Action.SECURITY_EVENT.value)
            ).all()
        assert line.tenant == "acme"
        said = json.loads(line.sealed)
        assert (said["actor"], said["roles"]) == ("ada", ["partner_consultant"])
        assert said["details"]["signal"] == "probing"
        [waiting] = Outbox(database).due(NOW, 10)
        assert waiting.notice.kind is NoticeKind.SECURITY_EVENT
        assert waiting.notice.body == {
            "tenant": "acme",
            "subject": "ada",
            "signal": "probing",
            "count": 100,
            "minutes": 10,
            "throttled_seconds": 600,
        }
        assert counted == ["probing"]

    def test_neither_is_there_without_the_other(self, database: Database) -> None:
        def broken() -> datetime:
            return "no time"  # type: ignore[return-value]

        with pytest.raises(Exception, match=r".*"):
            SecurityEvents(database, broken).tell(self.CROSSING)
        with database.read() as connection:
            assert connection.execute(select(audit_lines)).all() == []
        assert Outbox(database).waiting() == 0
