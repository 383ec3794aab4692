"""Packages, their versions, and where each version is."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from clouddp.model.cloud_service import Problem


class ContentState(StrEnum):
    """State of one package version at one distribution point."""

    TARGETED = "targeted"
    IN_PROGRESS = "in_progress"
    SUCCESS = "success"
    ERROR = "error"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """Software an organisation distributes."""

    id: str  # site code and 5 characters, e.g. P0100001
    name: str
    source_folder: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageVersion:
    """One state of a package's source folder, kept in the content library."""

    id: str  # opaque, 32 lower-case hexadecimal digits: the cloud sees it
    package_id: str
    number: int
    file_count: int
    size_bytes: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """One package version on its way to, or at, one distribution point."""

    version_id: str
    distribution_point_id: str
    state: ContentState
    total_bytes: int  # raw bytes of the version
    done_bytes: int  # raw bytes whose chunks are in the cloud
    sent_bytes: int  # ciphertext bytes sent for this distribution, all tries together
    retries_left: int
    next_try_at: datetime | None
    problem: Problem | None
    changed_at: datetime
