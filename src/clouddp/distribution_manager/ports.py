"""What the distribution manager needs of the rest of the site."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from clouddp.content.format.entries import ChunkEntry
from clouddp.content.publish import ChunkLedger
from clouddp.model.cloud_service import CloudService
from clouddp.model.content import Distribution, PackageVersion
from clouddp.model.exchange import Scope
from clouddp.model.status import Component, Severity
from clouddp.store.base import ObjectStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One distribution that is not finished, with what it is of."""

    version: PackageVersion
    distribution: Distribution
    quick_tries: int  # transient failures in a row

    @property
    def id(self) -> str:
        """Name the transfer, as the journal does."""
        return f"{self.distribution.version_id}.{self.distribution.distribution_point_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptManifest:
    """The manifest of a version, made once: its object, its key, and what the site signed about it."""

    name: str
    length: int
    key: bytes = field(repr=False)
    statement: str


class DistributionRecords(Protocol):
    """Distributions in the site database; they outlive the process."""

    def unfinished(self) -> Sequence[Transfer]:
        """Give all distributions that are neither done nor given up, oldest first."""

    def save(self, distribution: Distribution, *, quick_tries: int) -> None:
        """Keep how a distribution stands."""

    def drop(self, distribution: Distribution) -> None:
        """Forget a distribution whose distribution point is gone."""


class ManifestRecords(Protocol):
    """Manifests and the chunks they describe."""

    def find_manifest(self, version_id: str) -> KeptManifest | None:
        """Give the manifest of a version; None before the version was first published."""

    def keep_manifest(self, version_id: str, manifest: KeptManifest, chunks: Sequence[ChunkEntry]) -> None:
        """Keep a manifest and its chunks, all or nothing."""

    def ledger(self, version_id: str) -> ChunkLedger:
        """Give the ledger of a version."""


class StoreOpener(Protocol):
    """Opens the storage of distribution points."""

    def open_store(self, distribution_point_id: str) -> ObjectStore:
        """Give the store of a distribution point."""


class ScopeWriter(Protocol):
    """Writes signed scopes."""

    def write_scope(self, distribution_point_id: str, scope: Scope) -> None:
        """Let the front ends of a distribution point answer these objects for a version."""


class StatementSigner(Protocol):
    """Signs statements about package versions."""

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Give the claims as a signed statement."""


class CloudServices(Protocol):
    """What the site knows of its cloud distribution points."""

    def find(self, service_id: str) -> CloudService | None:
        """Give a cloud distribution point; None when it is gone."""


class StatusReporter(Protocol):
    """Takes status messages."""

    def report(
        self, number: int, severity: Severity, component: Component, *, object_id: str | None = None, **insertions: str
    ) -> None:
        """Keep a message of this moment."""
