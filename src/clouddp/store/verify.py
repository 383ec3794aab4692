"""A store that looks, once something was put, whether all that arrived is as long as what was sent."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from clouddp.store.base import ObjectStore

_FEW: Final = 8  # objects that are asked for one by one; a list answers for thousands at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """An object that is not as long as what was sent."""

    name: str
    sent_length: int
    found_length: int | None  # None when it is not there


class Verifying:
    """Remembers what it puts, and compares that with what the store says it holds when it is asked to."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._sent: dict[str, int] = {}
        self._lock = threading.Lock()

    def differences(self) -> Sequence[Difference]:
        """Say which of the objects that were put since the last time are not there as they were sent."""
        with self._lock:
            sent, self._sent = self._sent, {}
        found = self._found(sent)
        return [
            Difference(name=name, sent_length=length, found_length=found.get(name))
            for name, length in sent.items()
            if found.get(name) != length
        ]

    def put(self, name: str, body: bytes) -> None:
        """Save the object."""
        self._store.put(name, body)
        with self._lock:
            self._sent[name] = len(body)

    def get(self, name: str) -> bytes:
        """Fetch the object."""
        return self._store.get(name)

    def length(self, name: str) -> int | None:
        """Ask for the length."""
        return self._store.length(name)

    def delete(self, name: str) -> None:
        """Remove the object."""
        self._store.delete(name)

    def list(self, prefix: str) -> Iterator[tuple[str, int]]:
        """List the objects."""
        return self._store.list(prefix)

    def _found(self, sent: dict[str, int]) -> dict[str, int | None]:
        if len(sent) <= _FEW:
            return {name: self._store.length(name) for name in sent}
        folders = {name.rpartition("/")[0] for name in sent}
        return {name: length for folder in folders for name, length in self._store.list(folder)}
