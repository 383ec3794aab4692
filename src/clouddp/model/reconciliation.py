"""What differs between the cloud and what the site wants of it, and what can be done about each difference."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Piece(StrEnum):
    """A part of a cloud distribution point that may be missing, or other than it should be."""

    CLOUD_SERVICE = "cloud_service"  # all of it
    STORAGE_ACCOUNT = "storage_account"
    CONTAINER = "container"
    HOSTED_SERVICE = "hosted_service"
    SERVICE_CERTIFICATE = "service_certificate"
    DEPLOYMENT = "deployment"
    ROLE_INSTANCES = "role_instances"
    SERVICE_STATE = "service_state"


class Discrepancy(StrEnum):
    """How a piece differs."""

    MISSING = "missing"
    LEAVING = "leaving"  # the cloud is deleting it
    ELSEWHERE = "elsewhere"  # in another region
    FOREIGN = "foreign"  # under our name, with the mark of another site
    EXTRA = "extra"
    ORPHANED = "orphaned"  # with our mark, and without a record
    OTHER_CONFIGURATION = "other_configuration"
    OTHER_PACKAGE = "other_package"
    OTHER_COUNT = "other_count"
    SUSPENDED = "suspended"  # and should be running
    RUNNING = "running"  # and should be suspended
    UNREADY = "unready"
    OUTDATED = "outdated"
    DAMAGED = "damaged"


class Remedy(StrEnum):
    """What an administrator may choose for a difference."""

    ADOPT = "adopt"  # the record takes over what the cloud has
    REPAIR = "repair"  # the cloud is brought back to the record
    REMOVE = "remove"  # what is too much is deleted


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One difference; its text is the catalogue's entry `reconciliation.finding_<piece>_<discrepancy>`."""

    piece: Piece
    discrepancy: Discrepancy
    name: str  # of the piece in the cloud
    service_id: str | None  # None: no record is left
    management_url: str
    subscription_id: str
    service_name: str
    service_fqdn: str  # "" without a record
    expected: str  # a region, a number, a thumbprint; "" where there is nothing to compare
    seen: str
    remedies: tuple[Remedy, ...]

    @property
    def id(self) -> str:
        """Name the difference, the same whenever it is seen."""
        words = f"{self.piece}.{self.discrepancy}".replace("_", "-")
        extra = f".{self.name}" if self.name != self.service_name else ""
        return f"{self.service_name}.{words}{extra}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotJudged:
    """A cloud distribution point, or a subscription, that could not be compared now; a catalogue code says why."""

    service_id: str | None
    name: str
    code: str
    arguments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """All differences; remedies can be chosen by the digest as long as nothing else is seen."""

    digest: str
    findings: tuple[Finding, ...]
    not_judged: tuple[NotJudged, ...]
    generations: Mapping[str, int]  # of the records that were compared, by their id
