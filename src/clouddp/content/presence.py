"""Which objects one store holds in `content/`, as known to all who put and delete there at the same time."""

import threading
from typing import Final

from clouddp.store.base import ObjectStore

CONTENT_FOLDER: Final = "content"


class Presence:
    """What one store holds. Everybody of this process who puts or deletes there shares one, so it stays true.

    `deleting` is held by whoever lists or deletes: nobody learns of an object that is about to go. What other programs
    delete is seen at the next look.
    """

    def __init__(self) -> None:
        self.deleting = threading.RLock()
        self._lengths: dict[str, int] | None = None
        self._sending: set[str] = set()
        self._arrived: dict[str, int] | None = None  # while somebody looks: what a list may have missed
        self._changed = threading.Condition()

    def look(self, store: ObjectStore) -> None:
        """List the store unless that was done before."""
        with self.deleting:
            if self._lengths is None:
                self.look_again(store)

    def look_again(self, store: ObjectStore) -> None:
        """List the store."""
        with self.deleting:
            with self._changed:
                self._arrived = {}
            found = {name.removeprefix(f"{CONTENT_FOLDER}/"): length for name, length in store.list(CONTENT_FOLDER)}
            with self._changed:
                self._lengths = found | self._arrived
                self._arrived = None

    def length(self, name: str) -> int | None:
        """Give the length of an object; None when it is not there."""
        return (self._lengths or {}).get(name)

    def put(self, store: ObjectStore, name: str, body: bytes, *, overwrite: bool = False) -> bool:
        """Send an object, unless it is there with this length; say whether it was sent.

        Two that need the same object at once send it once.
        """
        with self._changed:
            self._changed.wait_for(lambda: name not in self._sending)
            if not overwrite and self.length(name) == len(body):
                return False
            self._sending.add(name)
        try:
            store.put(f"{CONTENT_FOLDER}/{name}", body)
            self.note(name, len(body))
        finally:
            with self._changed:
                self._sending.discard(name)
                self._changed.notify_all()
        return True

    def note(self, name: str, length: int | None) -> None:
        """Remember that an object is there with this length, or that it is not there."""
        with self._changed:
            for known in (self._lengths, self._arrived):
                if known is None:
                    continue
                if length is None:
                    known.pop(name, None)
                else:
                    known[name] = length
