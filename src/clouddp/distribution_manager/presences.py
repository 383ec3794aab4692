"""What is known of the stores of all distribution points, and who is at work there."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from clouddp.content.presence import Presence


@dataclass(slots=True)
class _Shared:
    presence: Presence = field(default_factory=Presence)
    users: int = 0


class Presences:
    """One presence a distribution point, kept as long as somebody uses it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, _Shared] = {}
        self._sending: Counter[tuple[str, str]] = Counter()

    @contextmanager
    def used(self, distribution_point_id: str) -> Iterator[Presence]:
        """Share what is known of a store while the block lasts."""
        with self._lock:
            shared = self._known.setdefault(distribution_point_id, _Shared())
            shared.users += 1
        try:
            yield shared.presence
        finally:
            with self._lock:
                shared.users -= 1
                if not shared.users and self._known.get(distribution_point_id) is shared:
                    del self._known[distribution_point_id]

    @contextmanager
    def sending(self, version_id: str, distribution_point_id: str) -> Iterator[Presence]:
        """As `used`, for somebody who sends a version there."""
        place = (version_id, distribution_point_id)
        with self._lock:
            self._sending[place] += 1
        try:
            with self.used(distribution_point_id) as presence:
                yield presence
        finally:
            with self._lock:
                self._sending[place] -= 1

    def is_sending(self, version_id: str, distribution_point_id: str) -> bool:
        """Say whether somebody sends the version there at this moment."""
        with self._lock:
            return self._sending[version_id, distribution_point_id] > 0

    def forget(self, distribution_point_id: str) -> None:
        """Have those who begin from now on look at the store themselves."""
        with self._lock:
            self._known.pop(distribution_point_id, None)
