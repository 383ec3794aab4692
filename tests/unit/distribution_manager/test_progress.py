"""Tests of speed and time left, on a clock that tests turn."""

from clouddp.distribution_manager.progress import Speedometer


class Clock:
    def __init__(self) -> None:
        self.seconds = 5.0

    def __call__(self) -> float:
        return self.seconds


def test_nobody_can_say_how_long_it_takes_before_anything_is_done() -> None:
    seen = Speedometer(total_bytes=1_000, clock=Clock()).read()

    assert (seen.bytes_per_second, seen.seconds_left) == (0, None)


def test_speed_is_what_was_sent_and_time_left_what_is_to_be_done() -> None:
    clock = Clock()
    meter = Speedometer(total_bytes=10_000, clock=clock)
    meter.note(done_bytes=0, sent_bytes=0)
    clock.seconds += 10

    meter.note(done_bytes=2_000, sent_bytes=1_000)

    seen = meter.read()
    assert (seen.done_bytes, seen.sent_bytes) == (2_000, 1_000)
    assert (seen.bytes_per_second, seen.seconds_left) == (100, 40)


def test_what_is_long_past_does_not_count() -> None:
    clock = Clock()
    meter = Speedometer(total_bytes=100_000, clock=clock)
    for second in range(100):
        clock.seconds = float(second)
        meter.note(done_bytes=second * 10, sent_bytes=second * (10 if second > 50 else 1))

    assert 9 <= meter.read().bytes_per_second <= 11


def test_who_stands_still_gets_slower() -> None:
    clock = Clock()
    meter = Speedometer(total_bytes=1_000, clock=clock)
    meter.note(done_bytes=0, sent_bytes=0)
    clock.seconds += 1
    meter.note(done_bytes=100, sent_bytes=100)
    before = meter.read()

    clock.seconds += 99

    assert before.bytes_per_second == 100
    assert meter.read().bytes_per_second == 1
