"""What a place that keeps objects promises, whichever cloud or disk it is."""

from collections.abc import Iterator
from typing import Protocol


class ObjectStore(Protocol):
    """Keeps ciphertext by name. Safe to call from many threads.

    Names are relative paths with `/`, such as `content/ab12` or `state/scope/7`; a name that could leave the store
    is refused with InvalidInputError. Every method raises TemporaryError("store.unreachable") when trying again may
    work, and RefusedError("store.refused") when the store does not accept our credentials.
    """

    def put(self, name: str, body: bytes) -> None:
        """Save all of body, or nothing; replaces an older object. On return it survives a crash of the store."""

    def get(self, name: str) -> bytes:
        """Return the whole object; raises NotFoundError when there is none."""

    def length(self, name: str) -> int | None:
        """Return the stored length in bytes; None when there is no such object."""

    def delete(self, name: str) -> None:
        """Remove the object; an absent one is fine."""

    def list(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Yield name and length of every object below the folder `prefix` (`""` = all), in any order."""
