"""A journal of what was asked of a cloud, for connections that no cloud distribution point keeps."""

import threading
import time
from collections.abc import Callable

from clouddp.providers.base import AskedOperation


class MemoryJournal:
    """Forgets everything with its process."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._asked: dict[str, tuple[str, float]] = {}

    def note(self, subject: str, request_id: str) -> None:
        """Keep what was asked."""
        with self._lock:
            self._asked[subject] = request_id, self._now()

    def find(self, subject: str) -> AskedOperation | None:
        """Give what was asked last."""
        with self._lock:
            known = self._asked.get(subject)
        return None if known is None else AskedOperation(request_id=known[0], age_seconds=self._now() - known[1])

    def forget(self, subject: str) -> None:
        """Drop what has ended."""
        with self._lock:
            self._asked.pop(subject, None)
