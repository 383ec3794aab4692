"""Tests of the rate limit over all transfers together, on a clock that tests turn."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from clouddp.distribution_manager.rate import Pace, RateLimit
from clouddp.model.errors import TemporaryError
from clouddp.store.object_store import open_folder
from clouddp.store.throttle import Throttled


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def _seconds_to_pass(clock: Clock, limit: RateLimit, counts: list[int]) -> float:
    start = clock.seconds
    for count in counts:
        while wait := limit.try_pass(count):
            clock.seconds += wait
    return clock.seconds - start


def test_without_a_limit_everything_passes() -> None:
    clock = Clock()

    assert _seconds_to_pass(clock, RateLimit(clock), [10**12] * 3) == 0


def test_octets_pass_at_the_rate_however_large_the_objects_are() -> None:
    clock = Clock()
    limit = RateLimit(clock)
    limit.change(1_000)

    assert _seconds_to_pass(clock, limit, [1] + [100] * 100) == pytest.approx(9.9, abs=0.2)
    assert _seconds_to_pass(clock, limit, [4_000, 4_000, 1]) == pytest.approx(8.1, abs=0.2)


def test_a_long_pause_gives_leave_for_one_second_at_most() -> None:
    clock = Clock()
    limit = RateLimit(clock)
    limit.change(1_000)
    clock.seconds += 3_600

    assert _seconds_to_pass(clock, limit, [500] * 20) == pytest.approx(8.5, abs=0.6)


def test_a_new_rate_holds_for_those_who_wait_already() -> None:
    clock = Clock()
    limit = RateLimit(clock)
    limit.change(1)
    limit.try_pass(1_000)
    assert limit.try_pass(1) == 1.0

    limit.change(1_000)
    assert _seconds_to_pass(clock, limit, [1]) == pytest.approx(1.0, abs=0.01)
    limit.change(None)
    assert limit.try_pass(10**9) == 0


def _raise_when_set(stopping: threading.Event) -> Callable[[], None]:
    def check() -> None:
        if stopping.is_set():
            raise TemporaryError("content.publishing_stopped")

    return check


def test_a_throttled_store_counts_what_is_sent_and_fetched(tmp_path: Path) -> None:
    counted: list[int] = []
    store = Throttled(open_folder(tmp_path), counted.append)

    store.put("content/a", b"12345")
    assert store.get("content/a") == b"12345"
    assert (store.length("content/a"), list(store.list(""))) == (5, [("content/a", 5)])
    store.delete("content/a")

    assert counted == [5, 0, 5]


def test_who_is_told_to_stop_does_not_wait_for_its_turn_and_sends_nothing(tmp_path: Path) -> None:
    clock, stopping = Clock(), threading.Event()
    limit = RateLimit(clock)
    limit.change(1)
    limit.try_pass(10**9)
    store = Throttled(open_folder(tmp_path), Pace(limit, stopping, check=_raise_when_set(stopping)).pass_bytes)

    threading.Timer(0.05, stopping.set).start()
    with pytest.raises(TemporaryError):
        store.put("content/a", b"12345")

    assert store.length("content/a") is None
