"""How many octets all transfers together may pass at a moment."""

import threading
from collections.abc import Callable
from typing import Final

_BURST_SECONDS: Final = 1.0  # of the rate may pass at once after a pause
_SHORTEST_WAIT_SECONDS: Final = 0.001
_LONGEST_WAIT_SECONDS: Final = 1.0  # then somebody may have changed the rate


class RateLimit:
    """A bucket that fills with the rate; who finds it above zero may pass, and the next ones wait for the debt."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._bytes_per_second: int | None = None
        self._level = 0.0
        self._filled_at = clock()
        self._lock = threading.Lock()

    def change(self, bytes_per_second: int | None) -> None:
        """Set the rate from now on; None lets everything pass."""
        with self._lock:
            if bytes_per_second == self._bytes_per_second:
                return
            self._fill()
            self._level = min(self._level, 0.0) if bytes_per_second else 0.0
            self._bytes_per_second = bytes_per_second

    def try_pass(self, count: int) -> float:
        """Let `count` octets pass and give 0; or give the seconds after which to ask again."""
        with self._lock:
            self._fill()
            rate = self._bytes_per_second
            if rate is None or self._level >= 0:
                self._level -= count if rate is not None else 0
                return 0.0
            return min(max(-self._level / rate, _SHORTEST_WAIT_SECONDS), _LONGEST_WAIT_SECONDS)

    def _fill(self) -> None:
        now = self._clock()
        if self._bytes_per_second is not None:
            gained = (now - self._filled_at) * self._bytes_per_second
            self._level = min(self._level + gained, self._bytes_per_second * _BURST_SECONDS)
        self._filled_at = now


class Pace:
    """One attempt's leave to pass octets: not faster than the plan, and not once it is told to stop."""

    def __init__(self, limit: RateLimit, stopping: threading.Event, *, check: Callable[[], None]) -> None:
        self._limit = limit
        self._stopping = stopping
        self._check = check  # raises when the attempt shall end

    def pass_bytes(self, count: int) -> None:
        """Wait until the octets may pass; raises when the attempt is told to stop."""
        self._check()
        while wait_seconds := self._limit.try_pass(count):
            self._stopping.wait(wait_seconds)
            self._check()
