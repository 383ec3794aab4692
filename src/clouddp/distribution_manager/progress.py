"""How far running transfers are, how fast they go, and how long they will take; kept in memory."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_WINDOW_SECONDS: Final = 20.0  # over which speed is an average


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveProgress:
    """A running transfer at this moment."""

    done_bytes: int
    sent_bytes: int
    bytes_per_second: int  # sent
    seconds_left: int | None  # None as long as nobody can say


class Speedometer:
    """Measures one transfer."""

    def __init__(self, *, total_bytes: int, clock: Callable[[], float]) -> None:
        self._total_bytes = total_bytes
        self._clock = clock
        self._samples: deque[tuple[float, int, int]] = deque()
        self._lock = threading.Lock()

    def note(self, *, done_bytes: int, sent_bytes: int) -> None:
        """Take a reading."""
        now = self._clock()
        with self._lock:
            self._samples.append((now, done_bytes, sent_bytes))
            while len(self._samples) > 2 and now - self._samples[1][0] > _WINDOW_SECONDS:
                self._samples.popleft()

    def read(self) -> LiveProgress:
        """Say how it goes; who stands still gets slower with time."""
        now = self._clock()
        with self._lock:
            if not self._samples:
                return LiveProgress(done_bytes=0, sent_bytes=0, bytes_per_second=0, seconds_left=None)
            (first, first_done, first_sent), (_last, done, sent) = self._samples[0], self._samples[-1]
        seconds = max(now - first, 0.001)
        done_rate = (done - first_done) / seconds
        return LiveProgress(
            done_bytes=done,
            sent_bytes=sent,
            bytes_per_second=int((sent - first_sent) / seconds),
            seconds_left=int((self._total_bytes - done) / done_rate) if done_rate > 0 else None,
        )
