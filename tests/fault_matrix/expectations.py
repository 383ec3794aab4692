"""What each fault is expected to end in: data, read from top to bottom, the first row that matches holds."""

from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Protocol


class Path(StrEnum):
    """How an operation comes to its end."""

    DONE = "done"  # by itself
    AFTER_RETRY = "error, done after retry"
    AFTER_REPAIR = "error, done after repair"
    REPAIRED = "done, repaired after reconcile"  # too late for the operation to notice
    CANCELLED = "cancelled, all gone"


class Named(Protocol):
    """Something with a name."""

    @property
    def name(self) -> str:
        """What it is called."""


class Struck(Protocol):
    """What a row looks at of a cell."""

    @property
    def operation(self) -> Named:
        """What was asked for."""

    @property
    def step(self) -> str:
        """Where the fault strikes."""

    @property
    def fault(self) -> Named:
        """What goes wrong."""

    @property
    def target(self) -> str:
        """What is struck."""


@dataclass(frozen=True)
class Row:
    """A fault on a kind of step, by globs, and the paths that are right then; more than one where it is a race."""

    fault: str
    operation: str
    step: str
    target: str
    paths: tuple[Path, ...]

    def is_about(self, cell: Struck) -> bool:
        globs = (
            (cell.fault.name, self.fault),
            (cell.operation.name, self.operation),
            (cell.step, self.step),
            (cell.target, self.target),
        )
        return all(fnmatchcase(value, glob) for value, glob in globs)


def _hand(operation: str, step: str, piece: str, *paths: Path) -> Row:
    return Row("removed-by-hand", operation, step, piece, paths)


EXPECTED = (
    Row("lasting-error", "*", "*", "*", (Path.AFTER_RETRY,)),
    Row("failed-operation", "*", "*", "*", (Path.AFTER_RETRY,)),
    Row("cancelled-during", "*", "*", "*", (Path.CANCELLED,)),
    # What is removed is gone: a deletion has less to do.
    _hand("delete", "*", "*", Path.DONE),
    # Whoever waits for front ends makes the deployment anew; without storage they come up in time, or never.
    _hand("*", "role_instances", "deployment", Path.DONE),
    _hand("create", "role_instances", "storage_account", Path.REPAIRED, Path.AFTER_RETRY),
    _hand("create", "role_instances", "container", Path.REPAIRED, Path.AFTER_RETRY),
    _hand("upgrade", "role_instances", "storage_account", Path.AFTER_REPAIR),
    _hand("*", "role_instances", "storage_account", Path.REPAIRED, Path.AFTER_REPAIR),
    # A creation makes what a later step looks for first; what it believes to be there is missed, and made by retry.
    _hand("create", "container", "storage_account", Path.DONE),
    _hand("create", "ready", "*", Path.REPAIRED),
    _hand("create", "*", "*", Path.AFTER_RETRY),
    # An operation that has no more to do with a piece does not miss it.
    _hand("*", "settlement", "*", Path.REPAIRED),
    _hand("*", "older_packages", "deployment", Path.REPAIRED),
    _hand("*", "other_certificates", "*", Path.REPAIRED),
    _hand("stop", "*", "*", Path.REPAIRED),
    # What the others need is for repair to make.
    _hand("*", "*", "*", Path.AFTER_REPAIR),
    Row("*", "*", "*", "*", (Path.DONE,)),
)


def expected_paths(cell: Struck) -> tuple[Path, ...]:
    """Find the paths that are right for a cell; the last row is about all of them."""
    return next(row.paths for row in EXPECTED if row.is_about(cell))
