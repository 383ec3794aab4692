"""The matrix is whole: every step of the code, every row of what is expected, every pair in the sample."""

import pytest

from tests.fault_matrix.cells import all_cells
from tests.fault_matrix.expectations import EXPECTED, Row
from tests.fault_matrix.facts import known
from tests.fault_matrix.faults import FAULTS
from tests.fault_matrix.operations import OPERATIONS
from tests.fault_matrix.sample import is_sampled, pairs_of
from tests.fault_matrix.steps import steps_of

CELLS = all_cells()


def test_every_step_of_every_workflow_meets_every_kind_of_death() -> None:
    met = {(cell.operation.name, cell.step, cell.fault.name) for cell in CELLS}

    deaths = ("site-killed-before", "site-killed-after", "cloud-killed-before")
    steps = [(operation.name, step) for operation in OPERATIONS for step in steps_of(operation)]
    assert [(*step, death) for step in steps for death in deaths if (*step, death) not in met] == []


def test_every_fault_strikes_somewhere() -> None:
    assert {cell.fault.name for cell in CELLS} == {fault.name for fault in FAULTS}


def test_what_is_known_of_steps_is_about_steps_that_there_are() -> None:
    assert {name: list(steps) for name, steps in known().items()} == {
        operation.name: list(steps_of(operation)) for operation in OPERATIONS
    }


@pytest.mark.parametrize("row", EXPECTED, ids=lambda row: f"{row.fault}, {row.operation}, {row.step}, {row.target}")
def test_every_row_of_what_is_expected_decides_something(row: Row) -> None:
    earlier = EXPECTED[: EXPECTED.index(row)]

    assert [cell.name for cell in CELLS if row.is_about(cell) and not any(other.is_about(cell) for other in earlier)]


def test_the_sample_covers_what_the_matrix_does_with_few_cells() -> None:
    sample = [cell for cell in CELLS if is_sampled(cell)]

    assert frozenset().union(*map(pairs_of, sample)) == frozenset().union(*map(pairs_of, CELLS))
    assert len(sample) <= 130
