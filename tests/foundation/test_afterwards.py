import threading
import time

import pytest

from foundation import afterwards as module
from foundation.afterwards import Afterwards


def test_things_are_done_one_after_another_in_another_thread():
    after, seen = Afterwards(), []
    for number in range(5):
        after.do(lambda number=number: seen.append((number, threading.current_thread().name)))
    after.close()
    assert seen == [(number, "afterwards") for number in range(5)]


def test_whoever_asks_does_not_wait_and_may_learn_when_it_is_done():
    after, go = Afterwards(), threading.Event()
    done = after.do(lambda: go.wait(10))
    assert done is not None
    assert not done.is_set()
    go.set()
    assert done.wait(10)
    after.close()


def test_one_that_fails_is_logged_and_stops_nothing(caplog: pytest.LogCaptureFixture):
    after, seen = Afterwards(), []
    after.do(lambda: 1 // 0)
    done = after.do(lambda: seen.append(1))
    assert done
    assert done.wait(10)
    after.close()
    assert seen == [1]
    assert "ZeroDivisionError" in caplog.text


def test_a_later_one_waits_for_its_time_and_holds_up_nothing():
    after, seen = Afterwards(), []
    began = time.monotonic()
    later = after.do(lambda: seen.append("later"), in_seconds=0.1)
    after.do(lambda: seen.append("now"))
    assert later
    assert later.wait(10)
    assert time.monotonic() - began >= 0.1
    assert seen == ["now", "later"]
    after.close()


def test_at_the_end_whatever_waits_is_done_at_once_and_then_nothing_more():
    after, seen = Afterwards(), []
    after.do(lambda: seen.append(1), in_seconds=3600)
    after.close()
    assert seen == [1]
    assert after.do(lambda: seen.append(2)) is None
    after.close()
    assert seen == [1]


def test_no_more_than_so_many_things_wait(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "MOST_WAITING", 2)
    after, go = Afterwards(), threading.Event()
    started = threading.Event()
    after.do(lambda: (started.set(), go.wait(10)))
    assert started.wait(10)
    assert after.do(lambda: None)
    assert after.do(lambda: None)
    assert after.do(lambda: None) is None
    go.set()
    after.close()


def test_it_can_end_without_having_begun():
    Afterwards().close()
