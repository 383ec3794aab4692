"""One site server in one directory: a lock that the operating system takes back when the process ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clouddp.model.errors import ConflictError


@contextmanager
def sole_server(lock: Path) -> Iterator[None]:
    """Hold the lock; the file names the process that has it.

    Raises:
        ConflictError: another process has it.
    """
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(descriptor, 32).decode(errors="replace").strip() or "?"
            raise ConflictError("site.already_running", path=lock.parent, process=holder) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)
