"""The bandwidth plan: how fast content is sent, and at what hours which priority."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Priority(StrEnum):
    """How urgent a package is; a higher one goes first and makes lower ones pause."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """Order priorities: 0 is the most urgent."""
        return tuple(Priority).index(self)


class Weekday(StrEnum):
    """A day of the week, Monday first as Python counts."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


class Opening(StrEnum):
    """Which priorities may be sent."""

    ALL = "all"
    MEDIUM_AND_HIGH = "medium_and_high"
    HIGH = "high"
    CLOSED = "closed"

    def admits(self, priority: Priority) -> bool:
        """Say whether content of this priority may be sent."""
        admitted = {Opening.ALL: 3, Opening.MEDIUM_AND_HIGH: 2, Opening.HIGH: 1, Opening.CLOSED: 0}
        return priority.rank < admitted[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursRule:
    """What may be sent on these days from one full hour until another, UTC."""

    days: tuple[Weekday, ...]
    from_hour: int  # 0 to 23
    until_hour: int  # 1 to 24, after from_hour
    opening: Opening


@dataclass(frozen=True, slots=True, kw_only=True)
class BandwidthPlan:
    """How the site uses its line; hours that no rule names are open for all."""

    limit_bytes_per_second: int | None = None  # of all transfers together; None is as fast as can be
    rules: tuple[HoursRule, ...] = ()


def opening_at(plan: BandwidthPlan, moment: datetime) -> Opening:
    """Say which priorities may be sent at a moment (aware, UTC); of several rules the last one counts."""
    day = tuple(Weekday)[moment.weekday()]
    for rule in reversed(plan.rules):
        if day in rule.days and rule.from_hour <= moment.hour < rule.until_hour:
            return rule.opening
    return Opening.ALL
