"""Operations that wait for a thread, each from the moment that it may begin."""

import heapq
import itertools
import threading
from datetime import UTC, datetime
from typing import Final, Generic, TypeVar

from clouddp.fabric.state import Clock

Item = TypeVar("Item")

_ALWAYS: Final = datetime.min.replace(tzinfo=UTC)


class DueQueue(Generic[Item]):
    """Hands out items when they are due, the earliest first. Safe to use from many threads."""

    def __init__(self, *, now: Clock) -> None:
        self._now = now
        self._changed = threading.Condition()
        self._waiting: list[tuple[datetime, int, Item]] = []
        self._numbers = itertools.count()
        self._is_closed = False

    def put(self, item: Item, *, due_at: datetime | None) -> None:
        """Have an item handed out, not before `due_at`; at once without one."""
        with self._changed:
            heapq.heappush(self._waiting, (due_at or _ALWAYS, next(self._numbers), item))
            self._changed.notify()

    def get(self) -> Item | None:
        """Wait for an item that is due; None once the queue is closed, whatever waits in it."""
        with self._changed:
            while not self._is_closed:
                left = (self._waiting[0][0] - self._now()).total_seconds() if self._waiting else None
                if left is not None and left <= 0:
                    return heapq.heappop(self._waiting)[2]
                self._changed.wait(left)
        return None

    def close(self) -> None:
        """Hand out nothing more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
