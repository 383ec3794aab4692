"""Packages, their versions, and where each version is."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from clouddp.model.bandwidth import Priority
from clouddp.model.cloud_service import Problem


class ContentState(StrEnum):
    """State of one package version at one distribution point."""

    TARGETED = "targeted"
    IN_PROGRESS = "in_progress"
    SUCCESS = "success"
    ERROR = "error"
    UNKNOWN = "unknown"


class DistributionTask(StrEnum):
    """What a distribution does with the objects that are there already."""

    SEND = "send"  # leaves them
    RESEND = "resend"  # overwrites them


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """Software an organisation distributes."""

    id: str  # site code and 5 characters, e.g. P0100001
    name: str
    source_folder: str
    created_at: datetime
    priority: Priority = Priority.MEDIUM


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
    task: DistributionTask = DistributionTask.SEND
    wish: int = 1  # grows each time that somebody wants something else of it
    is_visible: bool = False  # clients are led to it: all of it is there, as far as the site knows


class ValidationKind(StrEnum):
    """How much of what should be there is read back."""

    SAMPLE = "sample"  # names and lengths of all objects, the octets of some
    FULL = "full"  # the octets of all objects


class ValidationState(StrEnum):
    """How far a validation is."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"  # the storage could not be looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """The newest look at whether a version is at a distribution point as it was sent."""

    version_id: str
    distribution_point_id: str
    kind: ValidationKind
    is_repairing: bool  # what is missing or damaged is sent again
    state: ValidationState
    wanted_at: datetime
    ended_at: datetime | None = None
    object_count: int = 0  # that should be there
    missing_count: int = 0
    damaged_count: int = 0
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """A version that is no longer wanted at a distribution point, and when the last token for it has ended."""

    version_id: str
    distribution_point_id: str
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributionPointGroup:
    """Distribution points that get the same packages; whoever joins gets them, too."""

    id: str
    name: str
    description: str
    created_at: datetime
    distribution_point_ids: tuple[str, ...] = ()
    package_ids: tuple[str, ...] = ()
