"""What each fault is expected to end in: data, read from top to bottom, the first row that matches holds."""

from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase


class Path(StrEnum):
    """How an operation comes to its end."""

    DONE = "done"  # by itself
    AFTER_RETRY = "error, done after retry"
    AFTER_REPAIR = "error, done after repair"
    CANCELLED = "cancelled, all gone"


@dataclass(frozen=True)
class Row:
    """A fault on a kind of step, by globs, and the path that is right then."""

    fault: str
    operation: str
    step: str
    target: str
    path: Path


EXPECTED = (
    Row("lasting-error", "*", "*", "*", Path.AFTER_RETRY),
    Row("failed-operation", "*", "*", "*", Path.AFTER_RETRY),
    Row("cancelled-during", "*", "*", "*", Path.CANCELLED),
    Row("removed-by-hand", "delete", "*", "*", Path.DONE),
    Row("*", "*", "*", "*", Path.DONE),
)


def expected_path(*, fault: str, operation: str, step: str, target: str) -> Path:
    for row in EXPECTED:
        globs = ((fault, row.fault), (operation, row.operation), (step, row.step), (target, row.target))
        if all(fnmatchcase(value, glob) for value, glob in globs):
            return row.path
    raise LookupError(fault, operation, step, target)
