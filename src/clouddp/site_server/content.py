"""What an administrator does with packages: add, update, distribute, validate, take away, look."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol
from uuid import uuid4

from clouddp.content.library import ContentLibrary
from clouddp.distribution_manager.plan import Activity, activity_of, shown_state
from clouddp.distribution_manager.ports import Transfer
from clouddp.distribution_manager.progress import LiveProgress
from clouddp.distribution_manager.schedule import Reason
from clouddp.model.bandwidth import Priority
from clouddp.model.cloud_service import CloudService, DesiredState
from clouddp.model.content import (
    ContentState,
    Distribution,
    Package,
    PackageVersion,
    Validation,
    ValidationKind,
)
from clouddp.model.errors import InvalidInputError, NotFoundError
from clouddp.model.status import Component, Severity
from clouddp.site_server.database.distributions import DistributionRepository
from clouddp.site_server.database.packages import PackageRepository
from clouddp.site_server.database.targets import ContentTargets
from clouddp.site_server.database.validation_repository import ValidationRepository
from clouddp.site_server.status import StatusLog

_LONGEST_NAME: Final = 256
_VERSION_ADDED: Final = 12010
_PACKAGE_REMOVED: Final = 12061
_WITHDRAWN: Final = 12062
_CANCELLED: Final = 12063


class DistributionPoints(Protocol):
    """What the site knows of its cloud distribution points."""

    def get(self, service_id: str) -> CloudService:
        """Give one; raises NotFoundError."""

    def find(self, service_id: str) -> CloudService | None:
        """Give one; None when it is gone."""


class Transfers(Protocol):
    """The distribution manager at work."""

    def wake(self) -> None:
        """Look for work now."""

    def progress(self, transfer: Transfer) -> LiveProgress | None:
        """Say how a transfer goes; None when it does not run."""

    def held_for(self, transfer: Transfer) -> Reason | None:
        """Say why a transfer that could run does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentRecords:
    """What the site database knows of content."""

    packages: PackageRepository
    targets: ContentTargets
    distributions: DistributionRepository
    validations: ValidationRepository


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageSummary:
    """A package and its newest version."""

    package: Package
    newest: PackageVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentStatus:
    """How one version stands at one distribution point."""

    version: PackageVersion
    distribution: Distribution
    state: ContentState  # as it is shown: unknown where the distribution point itself is in trouble
    activity: Activity
    live: LiveProgress | None  # while it runs
    validation: Validation | None
    seconds_to_next_try: int | None


class Contents:
    """The use cases of content; the transfers are told when there is work."""

    def __init__(
        self,
        *,
        records: ContentRecords,
        library: ContentLibrary,
        distribution_points: DistributionPoints,
        transfers: Transfers,
        status: StatusLog,
        now: Callable[[], datetime],
    ) -> None:
        self._records = records
        self._library = library
        self._distribution_points = distribution_points
        self._transfers = transfers
        self._status = status
        self._now = now

    def clean_up(self) -> None:
        """Remove what a crash left in the library; before anything is added."""
        self._library.collect(self._records.packages.version_ids())

    def add(self, name: str, source_folder: str, *, priority: Priority = Priority.MEDIUM) -> PackageSummary:
        """Make a package of a source folder on the site server; a folder that cannot be read whole makes none."""
        if not 0 < len(name.strip()) <= _LONGEST_NAME:
            raise InvalidInputError("content.name_missing", limit=_LONGEST_NAME)
        version = self._read_source(source_folder)
        new = Package(id="", name=name.strip(), source_folder=source_folder, created_at=self._now(), priority=priority)
        with self._dropped_when_not_kept(version):
            package, kept = self._records.packages.create(new, version)
        return self._announced(package, kept)

    def update(self, package_id: str) -> PackageSummary:
        """Read the source folder again as a new version, and send it wherever the package is wanted."""
        package = self._records.packages.get(package_id)
        version = self._read_source(package.source_folder)
        with self._dropped_when_not_kept(version):
            kept = self._records.targets.add_version(package_id, version)
        self._transfers.wake()
        return self._announced(package, kept)

    def set_priority(self, package_id: str, priority: Priority) -> PackageSummary:
        """Say how urgent a package is, also for what is under way."""
        self._records.packages.set_priority(package_id, priority)
        self._transfers.wake()
        return self.get(package_id)

    def distribute(self, package_id: str, distribution_point_ids: Collection[str]) -> Sequence[ContentStatus]:
        """Send the newest version to these distribution points, what is missing there.

        Raises:
            NotFoundError: there is no such package, or one of the distribution points does not exist.
        """
        self._records.packages.get(package_id)
        for distribution_point_id in distribution_point_ids:
            check_distribution_point(self._distribution_points, distribution_point_id)
        self._records.targets.distribute(package_id, distribution_point_ids)
        self._transfers.wake()
        return self.distributions(package_id)

    def redistribute(self, package_id: str, places: Collection[str] | None) -> Sequence[ContentStatus]:
        """Send everything again, to these distribution points or wherever the package is.

        Raises: NotFoundError when the package is not wanted there.
        """
        self._records.targets.redistribute(package_id, places)
        self._transfers.wake()
        return self.distributions(package_id)

    def validate(
        self, package_id: str, places: Collection[str] | None, *, kind: ValidationKind, is_repairing: bool
    ) -> Sequence[ContentStatus]:
        """Have what is at these distribution points, or everywhere, compared with what should be there.

        Raises: NotFoundError when the package is not wanted there.
        """
        self._records.targets.validate(package_id, places, kind=kind, is_repairing=is_repairing)
        self._transfers.wake()
        return self.distributions(package_id)

    def cancel(self, package_id: str, places: Collection[str] | None) -> Sequence[ContentStatus]:
        """Stop what is under way; raises ConflictError when nothing is."""
        self._records.targets.cancel(package_id, places)
        self._transfers.wake()
        self._tell(_CANCELLED, package=package_id)
        return self.distributions(package_id)

    def withdraw(self, package_id: str, distribution_point_id: str) -> None:
        """Take a package away from one distribution point; raises NotFoundError, ConflictError."""
        self._records.targets.withdraw(package_id, distribution_point_id)
        self._transfers.wake()
        self._tell(_WITHDRAWN, package=package_id, distribution_point=distribution_point_id)

    def remove(self, package_id: str) -> None:
        """Take a package away from everywhere, the content library included; raises NotFoundError."""
        self._records.targets.remove_package(package_id)
        self._transfers.wake()
        self._tell(_PACKAGE_REMOVED, package=package_id)

    def get(self, package_id: str) -> PackageSummary:
        """Give a package; raises NotFoundError."""
        packages = self._records.packages
        return PackageSummary(package=packages.get(package_id), newest=packages.versions(package_id)[0])

    def list(self) -> Sequence[PackageSummary]:
        """Give all packages."""
        newest = self._records.packages.newest_versions()
        return [PackageSummary(package=package, newest=newest[package.id]) for package in self._records.packages.list()]

    def distributions(self, package_id: str) -> Sequence[ContentStatus]:
        """Say where a package is, or is on its way to, newest version first."""
        self._records.packages.get(package_id)
        return self._judged(self._records.distributions.of_package(package_id))

    def all_distributions(self) -> Sequence[ContentStatus]:
        """Say where all packages are, or are on their way to."""
        return self._judged(self._records.distributions.all())

    def _judged(self, transfers: Sequence[Transfer]) -> Sequence[ContentStatus]:
        places = {transfer.distribution.distribution_point_id for transfer in transfers}
        services = {place: self._distribution_points.find(place) for place in places}
        version_ids = sorted({transfer.version.id for transfer in transfers})
        validations = {
            (one.version_id, one.distribution_point_id): one
            for one in self._records.validations.of_versions(version_ids)
        }
        return [
            self._judge(
                transfer,
                services[transfer.distribution.distribution_point_id],
                validations.get((transfer.version.id, transfer.distribution.distribution_point_id)),
            )
            for transfer in transfers
        ]

    def _judge(self, transfer: Transfer, service: CloudService | None, validation: Validation | None) -> ContentStatus:
        now, live = self._now(), self._transfers.progress(transfer)
        next_try_at = transfer.distribution.next_try_at
        return ContentStatus(
            version=transfer.version,
            distribution=transfer.distribution,
            state=shown_state(transfer.distribution, service),
            activity=activity_of(
                transfer, service, is_running=live is not None, held_for=self._transfers.held_for(transfer), now=now
            ),
            live=live,
            validation=validation,
            seconds_to_next_try=None if next_try_at is None else max(0, int((next_try_at - now).total_seconds())),
        )

    def _read_source(self, source_folder: str) -> PackageVersion:
        if not Path(source_folder).is_absolute():
            raise InvalidInputError("content.source_not_absolute", folder=source_folder)
        version_id = uuid4().hex
        tree = self._library.add(Path(source_folder), version_id)
        return PackageVersion(
            id=version_id,
            package_id="",
            number=0,
            file_count=len(tree.files),
            size_bytes=tree.size,
            created_at=self._now(),
        )

    @contextmanager
    def _dropped_when_not_kept(self, version: PackageVersion) -> Iterator[None]:
        """Leave nothing in the library of a version that the database did not take, such as of a removed package."""
        try:
            yield
        except Exception:
            self._library.remove([version.id])
            raise

    def _announced(self, package: Package, version: PackageVersion) -> PackageSummary:
        self._tell(
            _VERSION_ADDED,
            package=package.id,
            name=package.name,
            version=str(version.number),
            count=str(version.file_count),
            size=str(version.size_bytes),
        )
        return PackageSummary(package=package, newest=version)

    def _tell(self, number: int, *, package: str, **insertions: str) -> None:
        self._status.report(
            number,
            Severity.INFORMATIONAL,
            Component.DISTRIBUTION_MANAGER,
            object_id=package,
            package=package,
            **insertions,
        )


def check_distribution_point(distribution_points: DistributionPoints, distribution_point_id: str) -> None:
    """Refuse a distribution point that does not exist, or soon will not."""
    if distribution_points.get(distribution_point_id).desired is DesiredState.DELETED:
        raise NotFoundError("content.distribution_point_deleted", distribution_point=distribution_point_id)
