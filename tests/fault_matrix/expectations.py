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
    """A fault on a kind of step, by globs, and the path that is right then."""

    fault: str
    operation: str
    step: str
    target: str
    path: Path

    def is_about(self, cell: Struck) -> bool:
        globs = (
            (cell.fault.name, self.fault),
            (cell.operation.name, self.operation),
            (cell.step, self.step),
            (cell.target, self.target),
        )
        return all(fnmatchcase(value, glob) for value, glob in globs)


EXPECTED = (
    Row("lasting-error", "*", "*", "*", Path.AFTER_RETRY),
    Row("failed-operation", "*", "*", "*", Path.AFTER_RETRY),
    Row("cancelled-during", "*", "*", "*", Path.CANCELLED),
    # What is removed is gone: a deletion has less to do.
    Row("removed-by-hand", "delete", "*", "*", Path.DONE),
    # Whoever waits for front ends makes the deployment anew.
    Row("removed-by-hand", "*", "role_instances", "deployment", Path.DONE),
    # A creation makes what a later step looks for first; what it believes to be there is missed, and made by retry.
    Row("removed-by-hand", "create", "container", "storage_account", Path.DONE),
    Row("removed-by-hand", "create", "role_instances", "storage_account", Path.REPAIRED),
    Row("removed-by-hand", "create", "role_instances", "container", Path.REPAIRED),
    Row("removed-by-hand", "create", "ready", "*", Path.REPAIRED),
    Row("removed-by-hand", "create", "*", "*", Path.AFTER_RETRY),
    # An operation that has no more to do with a piece does not miss it.
    Row("removed-by-hand", "*", "settlement", "*", Path.REPAIRED),
    Row("removed-by-hand", "*", "older_packages", "deployment", Path.REPAIRED),
    Row("removed-by-hand", "*", "other_certificates", "*", Path.REPAIRED),
    Row("removed-by-hand", "upgrade", "role_instances", "storage_account", Path.AFTER_REPAIR),
    Row("removed-by-hand", "*", "role_instances", "storage_account", Path.REPAIRED),
    Row("removed-by-hand", "stop", "*", "*", Path.REPAIRED),
    Row("removed-by-hand", "start", "running_state", "storage_account", Path.REPAIRED),
    # What the others need is for repair to make.
    Row("removed-by-hand", "*", "*", "*", Path.AFTER_REPAIR),
    Row("*", "*", "*", "*", Path.DONE),
)


def expected_path(cell: Struck) -> Path:
    """Find the path that is right for a cell; the last row is about all of them."""
    return next(row.path for row in EXPECTED if row.is_about(cell))
