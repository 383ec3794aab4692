"""What the distribution manager needs of the rest of the site."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from clouddp.content.format.entries import ChunkEntry
from clouddp.model.bandwidth import BandwidthPlan, Priority
from clouddp.model.cloud_service import CloudService
from clouddp.model.content import Distribution, PackageVersion, Validation, Withdrawal
from clouddp.model.exchange import Scope
from clouddp.model.status import Component, Severity
from clouddp.store.base import ObjectStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One distribution that is not finished, with what it is of."""

    version: PackageVersion
    distribution: Distribution
    quick_tries: int  # transient failures in a row
    priority: Priority = Priority.MEDIUM
    is_published: bool = True  # its manifest was made, so that it may go to several places at once

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What the site knows of objects that a version has just claimed at a distribution point."""

    known: Mapping[str, ChunkEntry]  # those that a manifest describes
    deleting: Sequence[str]  # those that were found to be garbage before


class DistributionRecords(Protocol):
    """Distributions in the site database; they outlive the process."""

    def unfinished(self) -> Sequence[Transfer]:
        """Give all distributions that are neither done nor given up, oldest first."""

    def save(self, changed: Distribution, *, quick_tries: int) -> bool:
        """Keep how a distribution stands; False when it is gone or something else is wanted of it by now."""

    def forget_distribution_point(self, service_id: str) -> None:
        """Forget everything about a distribution point that is gone."""


class ManifestRecords(Protocol):
    """Manifests and the chunks they describe."""

    def find_manifest(self, version_id: str) -> KeptManifest | None:
        """Give the manifest of a version; None before the version was first published."""

    def keep_manifest(self, version_id: str, manifest: KeptManifest, chunks: Sequence[ChunkEntry]) -> None:
        """Keep a manifest and its chunks, all or nothing."""

    def claim(self, version_id: str, distribution_point_id: str, names: Sequence[str]) -> Claim:
        """Commit that the version needs these objects; give those that are known, and those that are being deleted."""

    def unmark(self, distribution_point_id: str, names: Sequence[str]) -> Sequence[str]:
        """Undo the marks of objects that are claimed; give the names that were still marked."""


class ValidationRecords(Protocol):
    """Validations that were asked for."""

    def waiting(self) -> Sequence[Validation]:
        """Give those that have not ended, oldest first."""

    def end(self, ended: Validation) -> None:
        """Keep how a validation ended, unless another one was asked for meanwhile."""

    def find_distribution(self, validation: Validation) -> Transfer | None:
        """Give the distribution that is validated; None when it is no longer wanted."""

    def note_faults(self, ended: Validation, *, at: datetime) -> None:
        """Lead no client to what is not whole; have it sent again if repairing was asked for."""


class GarbageRecords(Protocol):
    """What nobody needs any more; each answer is one transaction."""

    def withdraw_superseded(self, *, visible_before: datetime, at: datetime) -> int:
        """Withdraw versions from where a newer one has been visible since before a moment; give their number."""

    def ended_withdrawals(self, now: datetime) -> Sequence[Withdrawal]:
        """Give the withdrawals whose last token has ended."""

    def is_withdrawn(self, ended: Withdrawal) -> bool:
        """Say whether it still holds: nobody wants the version there again."""

    def object_names(self, version_id: str) -> Sequence[str]:
        """Name the objects that a version refers to."""

    def mark_deleting(self, distribution_point_id: str, names: Sequence[str], *, now: datetime) -> Sequence[str]:
        """Mark those of the objects that nothing refers to as being deleted, and give them."""

    def forget_deleted(self, distribution_point_id: str, names: Sequence[str]) -> None:
        """Take the marks off objects that are gone."""

    def finish(self, ended: Withdrawal) -> None:
        """Forget a withdrawal of which nothing is left."""

    def retire_versions(self) -> Sequence[str]:
        """Forget versions that are nowhere and will go nowhere; the library may remove them."""


class Companion(Protocol):
    """Works in the background beside the transfers."""

    def start(self) -> None:
        """Begin."""

    def wake(self) -> None:
        """Look for work now."""

    def close(self) -> None:
        """Stop; what is unfinished continues at the next start."""


class BandwidthPlans(Protocol):
    """The site's bandwidth plan."""

    def get(self) -> BandwidthPlan:
        """Give the plan."""


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
