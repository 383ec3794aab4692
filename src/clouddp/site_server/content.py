"""What an administrator does with packages: add, update, distribute, look."""

import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from clouddp.content.format.entries import Tree
from clouddp.content.library import ContentLibrary
from clouddp.model.cloud_service import CloudService, DesiredState
from clouddp.model.content import Distribution, Package, PackageVersion
from clouddp.model.errors import InvalidInputError, NotFoundError
from clouddp.model.status import Component, Severity
from clouddp.site_server.database.distributions import DistributionRepository
from clouddp.site_server.database.packages import PackageRepository
from clouddp.site_server.status import StatusLog

_LONGEST_NAME = 256
_VERSION_ADDED = 12010


class DistributionPoints(Protocol):
    """What the site knows of its cloud distribution points."""

    def get(self, service_id: str) -> CloudService:
        """Give one; raises NotFoundError."""


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


class Contents:
    """The use cases of content; `wake` tells the distribution manager that there is work."""

    def __init__(
        self,
        *,
        packages: PackageRepository,
        distributions: DistributionRepository,
        library: ContentLibrary,
        distribution_points: DistributionPoints,
        status: StatusLog,
        wake: Callable[[], None],
        now: Callable[[], datetime],
    ) -> None:
        self._packages = packages
        self._distributions = distributions
        self._library = library
        self._distribution_points = distribution_points
        self._status = status
        self._wake = wake
        self._now = now
        self._reading = threading.Lock()  # one source folder at a time: disks read no faster with two

    def clean_up(self) -> None:
        """Remove what a crash left in the library; before anything is added."""
        self._library.collect(self._packages.version_ids())

    def add(self, name: str, source_folder: str) -> PackageSummary:
        """Make a package of a source folder on the site server; a folder that cannot be read whole makes none."""
        if not 0 < len(name.strip()) <= _LONGEST_NAME:
            raise InvalidInputError("content.name_missing", limit=_LONGEST_NAME)
        version = self._read_source(source_folder)
        new = Package(id="", name=name.strip(), source_folder=source_folder, created_at=self._now())
        package, kept = self._packages.create(new, version)
        return self._announced(package, kept)

    def update(self, package_id: str) -> PackageSummary:
        """Read the source folder again as a new version, and send it wherever an older one is wanted."""
        package = self._packages.get(package_id)
        kept = self._packages.add_version(package_id, self._read_source(package.source_folder))
        places = {known.distribution.distribution_point_id for known in self._distributions.of_package(package_id)}
        self._distributions.want(kept, sorted(places), at=self._now())
        self._wake()
        return self._announced(package, kept)

    def distribute(self, package_id: str, distribution_point_ids: Collection[str]) -> Sequence[ContentStatus]:
        """Send the newest version to these distribution points, what is missing there.

        Raises:
            NotFoundError: there is no such package, or one of the distribution points does not exist.
        """
        self._packages.get(package_id)
        for distribution_point_id in distribution_point_ids:
            self._check_distribution_point(distribution_point_id)
        newest = self._packages.versions(package_id)[0]
        self._distributions.want(newest, distribution_point_ids, at=self._now())
        self._wake()
        return self.distributions(package_id)

    def get(self, package_id: str) -> PackageSummary:
        """Give a package; raises NotFoundError."""
        return PackageSummary(package=self._packages.get(package_id), newest=self._packages.versions(package_id)[0])

    def list(self) -> Sequence[PackageSummary]:
        """Give all packages."""
        newest = self._packages.newest_versions()
        return [PackageSummary(package=package, newest=newest[package.id]) for package in self._packages.list()]

    def distributions(self, package_id: str) -> Sequence[ContentStatus]:
        """Say where a package is, or is on its way to, newest version first."""
        self._packages.get(package_id)
        return [
            ContentStatus(version=known.version, distribution=known.distribution)
            for known in self._distributions.of_package(package_id)
        ]

    def _check_distribution_point(self, distribution_point_id: str) -> None:
        if self._distribution_points.get(distribution_point_id).desired is DesiredState.DELETED:
            raise NotFoundError("content.distribution_point_deleted", distribution_point=distribution_point_id)

    def _read_source(self, source_folder: str) -> PackageVersion:
        if not Path(source_folder).is_absolute():
            raise InvalidInputError("content.source_not_absolute", folder=source_folder)
        version_id = uuid4().hex
        with self._reading:
            tree: Tree = self._library.add(Path(source_folder), version_id)
        return PackageVersion(
            id=version_id,
            package_id="",
            number=0,
            file_count=len(tree.files),
            size_bytes=tree.size,
            created_at=self._now(),
        )

    def _announced(self, package: Package, version: PackageVersion) -> PackageSummary:
        self._status.report(
            _VERSION_ADDED,
            Severity.INFORMATIONAL,
            Component.DISTRIBUTION_MANAGER,
            object_id=package.id,
            package=package.id,
            name=package.name,
            version=str(version.number),
            count=str(version.file_count),
            size=str(version.size_bytes),
        )
        return PackageSummary(package=package, newest=version)
