"""Locks by key, kept only while somebody holds or awaits one."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class KeyedLocks:
    """One lock for each key in use, so that their number never exceeds that of the threads."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._used: dict[str, tuple[threading.Lock, int]] = {}

    @contextmanager
    def holding(self, key: str) -> Iterator[None]:
        """Wait for the key's lock and hold it while the block lasts."""
        with self._guard:
            lock, users = self._used.get(key, (threading.Lock(), 0))
            self._used[key] = lock, users + 1
        try:
            with lock:
                yield
        finally:
            with self._guard:
                lock, users = self._used[key]
                if users == 1:
                    del self._used[key]
                else:
                    self._used[key] = lock, users - 1

    def __len__(self) -> int:
        """Count the keys in use."""
        with self._guard:
            return len(self._used)
