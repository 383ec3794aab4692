"""The cells of the matrix: every fault on every step of every operation, as far as it can strike there."""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tests.fault_matrix.expectations import Path, expected_paths
from tests.fault_matrix.facts import facts_of
from tests.fault_matrix.faults import FAULTS, Fault
from tests.fault_matrix.operations import OPERATIONS, Operation
from tests.fault_matrix.steps import steps_of

LIKE_OTHERS = frozenset({"container", "hosted_service"})
"""Pieces that are removed by hand before an operation's first step only: later it is like the account's removal, or the
deployment's. In a creation each piece is removed before each step."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One fault, on one thing, in one step of one operation."""

    operation: Operation
    step: str
    fault: Fault
    target: str

    @property
    def name(self) -> str:
        parts = (self.operation.name, self.step, self.fault.name, self.target)
        return " ".join(part for part in parts if part)

    @property
    def expected(self) -> tuple[Path, ...]:
        return expected_paths(self)


def all_cells() -> tuple[Cell, ...]:
    return tuple(cell for operation in OPERATIONS for cell in _cells_of(operation))


def _cells_of(operation: Operation) -> Iterator[Cell]:
    steps = steps_of(operation)
    for step in steps:
        for fault in FAULTS:
            if fnmatchcase(operation.name, fault.only):
                targets = fault.targets(facts_of(operation, step))
                if operation.begins != "none" and step != steps[0]:
                    targets = [target for target in targets if target not in LIKE_OTHERS]
                for target in targets:
                    yield Cell(operation=operation, step=step, fault=fault, target=target)
