"""The containers of the cloud distribution points as object stores, opened with keys that the cloud hands out."""

import threading
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Final, TypeVar

from clouddp.cloud_services.clouds import Clouds
from clouddp.cloud_services.ports import ServiceRecords
from clouddp.model.errors import NotFoundError, RefusedError
from clouddp.store.base import ObjectStore

CONTAINER: Final = "clouddp"

_Result = TypeVar("_Result")


class CloudStores:
    """Opens stores by distribution point. Keys stay in memory, and go when the store refuses them."""

    def __init__(self, records: ServiceRecords, clouds: Clouds) -> None:
        self._records = records
        self._clouds = clouds
        self._lock = threading.Lock()
        self._open: dict[str, ObjectStore] = {}

    def open_store(self, distribution_point_id: str) -> ObjectStore:
        """Give the store of a distribution point; its key is asked for when it is first used.

        Raises:
            NotFoundError: there is no such distribution point.
        """
        if self._records.find(distribution_point_id) is None:
            raise NotFoundError("cloud.distribution_point_unknown", id=distribution_point_id)
        return _KeyedStore(self, distribution_point_id)

    def opened(self, distribution_point_id: str) -> ObjectStore:
        """Give the store opened with the key at hand, or with one asked for now."""
        with self._lock:
            known = self._open.get(distribution_point_id)
        if known is not None:
            return known
        service = self._records.find(distribution_point_id)
        if service is None:
            raise NotFoundError("cloud.distribution_point_unknown", id=distribution_point_id)
        store = self._clouds.connect(service).storage.open_container(service.service_name, CONTAINER)
        with self._lock:
            return self._open.setdefault(distribution_point_id, store)

    def drop(self, distribution_point_id: str) -> None:
        """Forget the key at hand."""
        with self._lock:
            self._open.pop(distribution_point_id, None)


class _KeyedStore:
    """Does everything with the key at hand, and once more with a fresh one when that is refused."""

    def __init__(self, stores: CloudStores, distribution_point_id: str) -> None:
        self._stores = stores
        self._id = distribution_point_id

    def put(self, name: str, body: bytes) -> None:
        """Save the object."""
        self._with_fresh_key(lambda store: store.put(name, body))

    def get(self, name: str) -> bytes:
        """Fetch the object."""
        return self._with_fresh_key(lambda store: store.get(name))

    def length(self, name: str) -> int | None:
        """Ask for the object's length."""
        return self._with_fresh_key(lambda store: store.length(name))

    def delete(self, name: str) -> None:
        """Remove the object."""
        self._with_fresh_key(lambda store: store.delete(name))

    def list(self, prefix: str) -> Iterator[tuple[str, int]]:
        """List all objects; a key that is refused in the middle is refused for good."""
        yield from self._with_fresh_key(lambda store: _begun(store.list(prefix)))

    def _with_fresh_key(self, use: Callable[[ObjectStore], _Result]) -> _Result:
        try:
            return use(self._stores.opened(self._id))
        except RefusedError:
            self._stores.drop(self._id)
            return use(self._stores.opened(self._id))


def _begun(entries: Iterator[tuple[str, int]]) -> Iterator[tuple[str, int]]:
    first = next(entries, None)
    return iter(()) if first is None else chain((first,), entries)
