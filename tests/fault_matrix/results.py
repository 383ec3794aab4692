"""What was seen of each cell, kept in a folder while a table is being made."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.fault_matrix.cells import Cell
from tests.fault_matrix.play import Outcome

FOLDER = "CLOUDDP_FAULT_MATRIX_RESULTS"
OR = ", or "


@dataclass(frozen=True, kw_only=True)
class Result:
    """One line of the table."""

    operation: str
    step: str
    fault: str
    target: str
    expected: str
    seen: str
    problem: str
    delays: int
    seconds: float
    faults: tuple[str, ...]

    @property
    def is_right(self) -> bool:
        return self.seen in self.expected.split(OR) and not self.faults


def keep_result(cell: Cell, outcome: Outcome) -> None:
    """Write down what was seen, where a table is wanted."""
    if FOLDER in os.environ:
        result = Result(
            operation=cell.operation.name,
            step=cell.step,
            fault=cell.fault.name,
            target=cell.target,
            expected=OR.join(cell.expected),
            seen=outcome.path or "no good end",
            problem=outcome.problem,
            delays=outcome.delays,
            seconds=outcome.seconds,
            faults=tuple(outcome.faults),
        )
        _file_of(cell).write_text(json.dumps(asdict(result)), encoding="utf-8")


def has_right_result(cell: Cell) -> bool:
    """Say whether the cell was played before, in a run that was interrupted, and ended as expected."""
    return FOLDER in os.environ and _file_of(cell).exists() and _read(_file_of(cell)).is_right


def read_results(folder: Path) -> dict[str, Result]:
    """Give what was written down, by the names of the cells."""
    results = {}
    for path in folder.iterdir():
        result = _read(path)
        parts = (result.operation, result.step, result.fault, result.target)
        results[" ".join(part for part in parts if part)] = result
    return results


def _file_of(cell: Cell) -> Path:
    return Path(os.environ[FOLDER]) / f"{cell.name.replace(' ', '-').replace(':', '-')}.json"


def _read(path: Path) -> Result:
    found = json.loads(path.read_text(encoding="utf-8"))
    return Result(**{**found, "faults": tuple(found["faults"])})
