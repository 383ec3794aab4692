"""Take measurements in turns, and say what is typical of them and how far they spread."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


class Scale(StrEnum):
    """How much a benchmark does."""

    QUICK = "quick"  # tiny: shows that it runs, its numbers mean nothing
    NORMAL = "normal"
    FULL = "full"

    def choose(self, *, quick: T, normal: T, full: T) -> T:
        """Give the value for this scale."""
        return {Scale.QUICK: quick, Scale.NORMAL: normal, Scale.FULL: full}[self]


@dataclass(frozen=True, slots=True)
class Sample:
    """Repeated measurements of one thing."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The typical value."""
        return statistics.median(self.values)

    @property
    def low(self) -> float:
        """The least value."""
        return min(self.values)

    @property
    def high(self) -> float:
        """The greatest value."""
        return max(self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a report."""

    what: str
    unit: str
    sample: Sample
    goal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a benchmark found."""

    title: str
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What a benchmark is given."""

    scale: Scale
    folder: Path  # its own, removed afterwards

    @property
    def rounds(self) -> int:
        """How often each contender runs."""
        return self.scale.choose(quick=1, normal=5, full=5)


def take_turns(contenders: Mapping[str, Callable[[], T]], rounds: int) -> dict[str, list[T]]:
    """Run each contender in turns, so that other work hits all alike; before several rounds once for warmth."""
    taken: dict[str, list[T]] = {name: [] for name in contenders}
    names = list(contenders)
    for number in range(0 if rounds > 1 else 1, rounds + 1):
        for name in names if number % 2 else reversed(names):
            result = contenders[name]()
            if number:
                taken[name].append(result)
    return taken


def pair_ratios(above: Sequence[float], below: Sequence[float]) -> Sample:
    """Divide what was measured in the same turn."""
    return Sample(tuple(one / other for one, other in zip(above, below, strict=True)))
