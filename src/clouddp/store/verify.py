"""A store that looks, after each put, whether what arrived is as long as what was sent."""

from collections.abc import Iterator

from clouddp.model.errors import TemporaryError
from clouddp.store.base import ObjectStore


class Verifying:
    """Asks the store for the length of what it was just given; an object that is not all there is put again."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def put(self, name: str, body: bytes) -> None:
        """Save the object; raises TemporaryError("store.length_differs") when another length is found."""
        self._store.put(name, body)
        found = self._store.length(name)
        if found != len(body):
            raise TemporaryError(
                "store.length_differs", name=name, sent=len(body), found=found or 0, retry_after_seconds=5
            )

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
