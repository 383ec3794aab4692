"""A store that drops what it is given and only remembers how long it was."""

from collections.abc import Iterator, Mapping
from typing import Self

from clouddp.model.errors import NotFoundError
from clouddp.model.exchange import Scope


class NullStore:
    """Costs nothing, so that what is measured is the site's own work; safe from many threads."""

    def __init__(self, lengths: Mapping[str, int] | None = None) -> None:
        self._lengths = dict(lengths or {})

    def copy(self) -> Self:
        """Make another that was given the same."""
        return type(self)(self._lengths)

    def put(self, name: str, body: bytes) -> None:
        """Remember the length alone."""
        self._lengths[name] = len(body)

    def get(self, name: str) -> bytes:
        """Give nothing back, ever."""
        raise NotFoundError("store.object_missing", name=name)

    def length(self, name: str) -> int | None:
        """Give the length that was put."""
        return self._lengths.get(name)

    def delete(self, name: str) -> None:
        """Forget the length."""
        self._lengths.pop(name, None)

    def list(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Give what was put."""
        return iter([entry for entry in self._lengths.items() if entry[0].startswith(prefix)])


class NullStores:
    """Opens the one null store, and drops scopes as well."""

    def __init__(self) -> None:
        self._store = NullStore()

    def open_store(self, distribution_point_id: str) -> NullStore:  # noqa: ARG002 (one store for all)
        """Give the store."""
        return self._store

    def write_scope(self, distribution_point_id: str, scope: Scope) -> None:
        """Drop the scope."""
