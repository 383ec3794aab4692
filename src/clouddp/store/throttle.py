"""A store that lets no octet pass before it may."""

from collections.abc import Callable, Iterator

from clouddp.store.base import ObjectStore


class Throttled:
    """Asks before it sends or fetches an object; `pass_bytes` waits until so many octets may pass, or raises."""

    def __init__(self, store: ObjectStore, pass_bytes: Callable[[int], None]) -> None:
        self._store = store
        self._pass_bytes = pass_bytes

    def put(self, name: str, body: bytes) -> None:
        """Save the object once its octets may pass."""
        self._pass_bytes(len(body))
        self._store.put(name, body)

    def get(self, name: str) -> bytes:
        """Fetch the object, and let its octets count before the next ones pass."""
        self._pass_bytes(0)
        body = self._store.get(name)
        self._pass_bytes(len(body))
        return body

    def length(self, name: str) -> int | None:
        """Ask for the length."""
        return self._store.length(name)

    def delete(self, name: str) -> None:
        """Remove the object."""
        self._store.delete(name)

    def list(self, prefix: str) -> Iterator[tuple[str, int]]:
        """List the objects."""
        return self._store.list(prefix)
