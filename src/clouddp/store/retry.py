"""A store that tries again when trying again may work."""

import random
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from clouddp.model.errors import TemporaryError
from clouddp.store.base import ObjectStore

_Result = TypeVar("_Result")
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 20.0


class Retrying:
    """Repeats what failed temporarily, with pauses that double and spread; the last failure is the caller's."""

    def __init__(
        self,
        store: ObjectStore,
        *,
        attempts: int,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._attempts = attempts
        self._sleep = sleep
        self._chance = chance

    def put(self, name: str, body: bytes) -> None:
        """Save the object, again if need be: a put replaces."""
        self._repeat(lambda: self._store.put(name, body))

    def get(self, name: str) -> bytes:
        """Fetch the object, again from its beginning if need be."""
        return self._repeat(lambda: self._store.get(name))

    def length(self, name: str) -> int | None:
        """Ask for the length, again if need be."""
        return self._repeat(lambda: self._store.length(name))

    def delete(self, name: str) -> None:
        """Remove the object, again if need be: an absent one is fine."""
        self._repeat(lambda: self._store.delete(name))

    def list(self, prefix: str) -> Iterator[tuple[str, int]]:
        """List all, from the beginning if need be; nothing is given out before the list is complete."""
        yield from self._repeat(lambda: list(self._store.list(prefix)))

    def _repeat(self, attempt: Callable[[], _Result]) -> _Result:
        for number in range(self._attempts - 1):
            try:
                return attempt()
            except TemporaryError:
                self._sleep(self._pause_seconds(number))
        return attempt()

    def _pause_seconds(self, number: int) -> float:
        longest = min(_FIRST_PAUSE_SECONDS * (1 << number), _LONGEST_PAUSE_SECONDS)
        return longest * (0.5 + self._chance() / 2)
