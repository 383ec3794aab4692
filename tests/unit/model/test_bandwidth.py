"""Tests of the bandwidth plan."""

from datetime import UTC, datetime

import pytest

from clouddp.model.bandwidth import BandwidthPlan, HoursRule, Opening, Priority, Weekday, opening_at

WORKDAYS = (Weekday.MONDAY, Weekday.TUESDAY, Weekday.WEDNESDAY, Weekday.THURSDAY, Weekday.FRIDAY)
PLAN = BandwidthPlan(
    rules=(
        HoursRule(days=WORKDAYS, from_hour=8, until_hour=18, opening=Opening.HIGH),
        HoursRule(days=(Weekday.FRIDAY,), from_hour=16, until_hour=24, opening=Opening.ALL),
    )
)


@pytest.mark.parametrize(
    ("moment", "opening"),
    [
        (datetime(2026, 11, 23, 7, 59, tzinfo=UTC), Opening.ALL),  # a Monday
        (datetime(2026, 11, 23, 8, 0, tzinfo=UTC), Opening.HIGH),
        (datetime(2026, 11, 23, 17, 59, tzinfo=UTC), Opening.HIGH),
        (datetime(2026, 11, 23, 18, 0, tzinfo=UTC), Opening.ALL),
        (datetime(2026, 11, 27, 17, 0, tzinfo=UTC), Opening.ALL),  # a Friday: the later rule counts
        (datetime(2026, 11, 28, 12, 0, tzinfo=UTC), Opening.ALL),  # a Saturday
    ],
)
def test_hours_are_as_the_last_rule_that_names_them_says(moment: datetime, opening: Opening) -> None:
    assert opening_at(PLAN, moment) is opening


def test_an_opening_admits_its_priorities_and_higher_ones() -> None:
    admitted = {opening: [priority for priority in Priority if opening.admits(priority)] for opening in Opening}

    assert admitted == {
        Opening.ALL: [Priority.HIGH, Priority.MEDIUM, Priority.LOW],
        Opening.MEDIUM_AND_HIGH: [Priority.HIGH, Priority.MEDIUM],
        Opening.HIGH: [Priority.HIGH],
        Opening.CLOSED: [],
    }
