"""The storage of distribution points, where one cut connection does not end a transfer."""

from typing import Final

from clouddp.distribution_manager.ports import StoreOpener
from clouddp.store.base import ObjectStore
from clouddp.store.retry import Retrying

_ATTEMPTS: Final = 4  # within some 1.4 seconds; then the transfer ends, and is itself tried again


class SteadyStores:
    """Opens stores that repeat a request which failed temporarily."""

    def __init__(self, stores: StoreOpener) -> None:
        self._stores = stores

    def open_store(self, distribution_point_id: str) -> ObjectStore:
        """Give the store of a distribution point."""
        return Retrying(self._stores.open_store(distribution_point_id), attempts=_ATTEMPTS)
