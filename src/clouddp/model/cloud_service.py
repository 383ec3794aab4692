"""A cloud distribution point as the site knows it: what is wanted, and what was seen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from clouddp.model.settings import Quotas


class ServiceState(StrEnum):
    """What the console shows for a cloud distribution point."""

    PROVISIONING = "provisioning"
    READY = "ready"
    STOPPING = "stopping"
    STOPPED = "stopped"
    STARTING = "starting"
    UPGRADING = "upgrading"
    DELETING = "deleting"
    ERROR = "error"


class DesiredState(StrEnum):
    """What the administrator wants."""

    RUNNING = "running"
    STOPPED = "stopped"
    DELETED = "deleted"


class ServiceAction(StrEnum):
    """What the current generation is for; each has a workflow of its own."""

    CREATE = "create"
    START = "start"
    STOP = "stop"
    CHANGE = "change"
    UPGRADE = "upgrade"
    REPAIR = "repair"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why something is in error: a catalogue code and its arguments."""

    code: str
    arguments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudService:
    """One cloud distribution point; `service_name` is the 24 hexadecimal digits the documents call the GUID."""

    id: str  # opaque, 32 lower-case hexadecimal digits; the audience of access tokens
    provider: str
    management_url: str  # without the subscription, e.g. https://management.core.windows.net
    subscription_id: str
    region: str
    service_fqdn: str
    service_name: str
    description: str
    instance_count: int
    quotas: Quotas
    desired: DesiredState
    generation: int  # grows with each change of what is wanted
    settled_generation: int  # the newest generation that the cloud was brought to
    action: ServiceAction = ServiceAction.CREATE  # what the current generation is for
    package_generation: int = 1  # the generation whose service package is wanted
    state: ServiceState
    activity: str  # catalogue code of what is going on now, "" when nothing is
    problem: Problem | None
    service_certificate_thumbprint: str
    previous_certificate_thumbprints: tuple[str, ...] = ()  # front ends may still present them during a change
    management_certificate_thumbprint: str
    virtual_ip: str | None
    port: int | None
    created_at: datetime
    changed_at: datetime
    wanted_at: datetime | None = None  # when the current generation was asked for; None before the database knew
    removed_first: tuple[str, ...] = ()  # misplaced pieces that the current repair removes before it looks at all
    deadline_at: datetime | None = None  # when its work gives up; None before it has begun

    @property
    def is_settled(self) -> bool:
        """Whether nothing is under way."""
        return self.settled_generation >= self.generation

    @property
    def site_host(self) -> str:
        """The cloud's own name of the service, the target of the organisation's CNAME."""
        return f"{self.service_name}.cloudapp.net"
