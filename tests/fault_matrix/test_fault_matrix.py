"""Whatever dies, fails or is removed by hand in whichever step: the end is right, and nothing is left over."""

import pytest

from tests.fault_matrix.cells import Cell, all_cells
from tests.fault_matrix.facts import known
from tests.fault_matrix.operations import OPERATIONS, Operation
from tests.fault_matrix.plain import watch
from tests.fault_matrix.play import play
from tests.fault_matrix.results import has_right_result, keep_result
from tests.fault_matrix.sample import is_sampled
from tests.fault_matrix.stage import Stage
from tests.fault_matrix.steps import steps_of

QUICK = "create hosted_service site-killed-during create-hosted-service"  # the cell that `make test` plays


def marks_of(cell: Cell) -> list[pytest.MarkDecorator]:
    sampled = [pytest.mark.fault_sample] if is_sampled(cell) else []
    return sampled if cell.name == QUICK else [*sampled, pytest.mark.slow]


CELLS = [pytest.param(cell, id=cell.name.replace(" ", "-"), marks=marks_of(cell)) for cell in all_cells()]


@pytest.mark.parametrize("cell", CELLS)
def test_an_operation_comes_to_its_right_end(stage: Stage, cell: Cell) -> None:
    if has_right_result(cell):
        pytest.skip("played before")

    outcome = play(stage, cell)

    keep_result(cell, outcome)
    assert outcome.faults == []
    assert outcome.path in cell.expected


@pytest.mark.slow
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_what_is_kept_of_each_step_is_what_it_does(stage: Stage, operation: Operation) -> None:
    facts = watch(stage, operation)

    kept = known()[operation.name]
    assert list(facts) == list(steps_of(operation)) == list(kept)
    for step, seen in facts.items():
        assert seen.targets == tuple(kept[step].targets)
        assert seen.pieces == kept[step].pieces
        assert seen.writes <= kept[step].writes  # it varies with what else goes on
