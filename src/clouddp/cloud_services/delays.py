"""What keeps the work on a cloud service from going on just now; in memory, since the next try finds it out again."""

import threading

from clouddp.model.cloud_service import Problem
from clouddp.model.errors import TemporaryError


class Delays:
    """The last passing failure of each service whose step is being tried again. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._delays: dict[str, Problem] = {}

    def note(self, service_id: str, error: TemporaryError) -> None:
        """Keep why a step is tried again."""
        arguments = {name: str(value) for name, value in error.arguments.items()}
        with self._lock:
            self._delays[service_id] = Problem(code=error.code, arguments=arguments)

    def clear(self, service_id: str) -> None:
        """Forget it: the work goes on, or has ended."""
        with self._lock:
            self._delays.pop(service_id, None)

    def find(self, service_id: str) -> Problem | None:
        """Say what the work waits for to pass; None while nothing is in its way."""
        with self._lock:
            return self._delays.get(service_id)
