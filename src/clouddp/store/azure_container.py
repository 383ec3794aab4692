"""A store in one container of Azure Blob storage, or of anything that speaks its protocol."""

from collections.abc import Iterator
from contextlib import contextmanager

import obstore
from obstore.exceptions import BaseError
from obstore.store import AzureStore

from clouddp.model.errors import NotFoundError
from clouddp.store.azure_errors import our_error
from clouddp.store.object_name import check_object_name


class AzureContainer:
    """Keeps each object as a block blob of its name."""

    def __init__(self, store: AzureStore, *, container: str) -> None:
        self._store = store
        self._container = container

    def put(self, name: str, body: bytes) -> None:
        """Put the blob in one request, which the service commits as a whole."""
        check_object_name(name)
        with self._our_errors(name):
            obstore.put(self._store, name, body, use_multipart=False)

    def get(self, name: str) -> bytes:
        """Fetch the blob."""
        check_object_name(name)
        with self._our_errors(name):
            return obstore.get(self._store, name).bytes().to_bytes()

    def length(self, name: str) -> int | None:
        """Ask for the blob's properties."""
        check_object_name(name)
        try:
            with self._our_errors(name):
                return obstore.head(self._store, name)["size"]
        except NotFoundError:
            return None

    def delete(self, name: str) -> None:
        """Delete the blob."""
        check_object_name(name)
        try:
            with self._our_errors(name):
                obstore.delete(self._store, name)
        except NotFoundError as error:
            if error.code != "store.object_missing":
                raise

    def list(self, prefix: str) -> Iterator[tuple[str, int]]:
        """List the blobs, page by page."""
        if prefix:
            check_object_name(prefix)
        with self._our_errors(""):
            for page in obstore.list(self._store, prefix or None):
                yield from ((entry["path"], entry["size"]) for entry in page)

    @contextmanager
    def _our_errors(self, name: str) -> Iterator[None]:
        try:
            yield
        except (BaseError, FileNotFoundError) as error:
            raise our_error(error, name=name, container=self._container) from error
