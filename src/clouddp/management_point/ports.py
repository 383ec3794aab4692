"""What the management point asks of the site."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from clouddp.model.client import RegisteredClient
from clouddp.model.cloud_service import CloudService


class Clients(Protocol):
    """The clients of the site. Safe to call from many threads."""

    def register(self, token: str, *, public_key: Mapping[str, object], name: str) -> str:
        """Use a registration token once and return the new client's id; raises RefusedError, InvalidInputError."""

    def find(self, client_id: str) -> RegisteredClient | None:
        """Return the client; None when there is none."""

    def is_cloud_allowed(self) -> bool:
        """Say whether the setting *Allow access to cloud distribution point* is Yes."""


class LocatedContent(Protocol):
    """A version that is on a distribution point, and what a client needs to open it."""

    @property
    def package_id(self) -> str:
        """The package."""

    @property
    def version_number(self) -> int:
        """Its version, counted from 1."""

    @property
    def version_id(self) -> str:
        """The opaque id of the version."""

    @property
    def statement(self) -> str:
        """What the site signed about it."""

    @property
    def manifest_name(self) -> str:
        """The object that holds the manifest."""

    @property
    def manifest_length(self) -> int:
        """Its stored length."""

    @property
    def manifest_key(self) -> bytes:
        """The key that opens it."""

    @property
    def distribution_point_ids(self) -> tuple[str, ...]:
        """Where all of it is."""


class Contents(Protocol):
    """The distributed content."""

    def located_content(self, package_id: str, version_id: str | None = None) -> LocatedContent | None:
        """Give this version, or the newest that is on a distribution point; None when there is none."""


class Services(Protocol):
    """The cloud distribution points."""

    def list(self) -> Sequence[CloudService]:
        """Give all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRecords:
    """All that the management point reads of the site."""

    clients: Clients
    contents: Contents
    services: Services
