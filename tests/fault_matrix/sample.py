"""A pairwise part of the matrix: every operation with every fault that it has, and every step, at least once."""

from functools import cache

from tests.fault_matrix.cells import Cell, all_cells


def is_sampled(cell: Cell) -> bool:
    """Say whether the cell is in the sample; the same cells every time."""
    return cell.name in _sample()


def pairs_of(cell: Cell) -> frozenset[tuple[str, str]]:
    """Name what a cell covers."""
    return frozenset({(cell.operation.name, cell.fault.name), (cell.operation.name, cell.step)})


@cache
def _sample() -> frozenset[str]:
    """Take the cell that covers most of what is not covered yet, until all is."""
    cells = list(all_cells())
    missing = frozenset[tuple[str, str]]().union(*map(pairs_of, cells))
    taken = set()
    while missing:
        best = max(cells, key=lambda cell: len(pairs_of(cell) & missing))
        taken.add(best.name)
        missing -= pairs_of(best)
    return frozenset(taken)
