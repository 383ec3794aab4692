"""What a cloud promises, whichever it is: who we are to it, where content is kept, where front ends run.

`ensure_…` looks before it acts, so it may be called again after a crash or a lost answer; it returns True once things
are as wanted and nothing is under way, False while the cloud is still at it. `remove_…` returns True once the thing is
gone and no request is left that could still make it. All of them raise TemporaryError when trying again may work and
another SiteError, with the cloud's own text, when not. Everything is safe to use from many threads.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from clouddp.network.certificates import KeyedCertificate
from clouddp.store.base import ObjectStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """What a subscription allows and already holds."""

    id: str
    name: str
    storage_accounts: int
    storage_accounts_limit: int
    hosted_services: int
    hosted_services_limit: int
    cores: int
    cores_limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """One place where the cloud runs services."""

    name: str
    display_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleInstance:
    """One front end as the cloud sees it."""

    name: str
    status: str  # the cloud's own word, such as BusyRole; `is_ready` says what it means
    is_ready: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """The front ends of one service."""

    status: str
    instances: tuple[RoleInstance, ...]
    virtual_ip: str | None
    port: int | None
    package_label: str = ""  # of the service package that is deployed, as its plan named it


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentPlan:
    """What a deployment is made from."""

    name: str  # of the deployment, which it keeps; also the label of its service package
    package_url: str  # of the service package, in the account's container
    configuration: bytes  # the service configuration (.cscfg)


class Cloud(Protocol):
    """One subscription, and what it allows."""

    def check_access(self) -> Subscription:
        """Prove that the cloud accepts our certificate for this subscription; raises RefusedError when not."""

    def list_regions(self) -> tuple[Region, ...]:
        """Name the regions in which this subscription may create storage and services."""

    def is_service_name_free(self, name: str) -> bool:
        """Say whether nobody has a service of this name."""

    def is_account_name_free(self, name: str) -> bool:
        """Say whether nobody has a storage account of this name."""


class StorageHost(Protocol):
    """Where content is kept: accounts, and one container in each."""

    def ensure_storage_account(self, name: str, *, region: str, marks: Mapping[str, str]) -> bool:
        """Have the account; `marks` say whose it is, for people and for reconcile."""

    def ensure_container(self, account: str, container: str) -> bool:
        """Have the container in an account that is ready; False while its storage does not answer yet."""

    def open_container(self, account: str, container: str) -> ObjectStore:
        """Open a container with a key that the cloud hands out now."""

    def container_url(self, account: str, container: str) -> str:
        """Give the address by which the cloud itself finds the container; an object's is below it."""

    def remove_storage_account(self, name: str) -> bool:
        """Remove the account and all that is in it."""


class ServiceHost(Protocol):
    """Services, which have a name in the cloud's DNS and keep certificates for their deployment."""

    def ensure_service(self, name: str, *, region: str, label: str, marks: Mapping[str, str]) -> bool:
        """Have the service; raises ConflictError when somebody else has one of this name."""

    def ensure_certificate(self, service: str, certificate: KeyedCertificate) -> bool:
        """Have the certificate, with its key, in the service."""

    def remove_other_certificates(self, service: str, *, kept_thumbprint: str) -> bool:
        """Remove every certificate but one, which the deployment uses."""

    def remove_service(self, service: str) -> bool:
        """Remove the service and its certificates; its deployment is gone already."""


class DeploymentHost(Protocol):
    """Where front ends run: one deployment in each service. Raises NotFoundError where one is needed and is missing."""

    def ensure_deployment(self, service: str, plan: DeploymentPlan) -> bool:
        """Have a deployment, whichever it is; True once the cloud has accepted it, whatever its instances do."""

    def find_deployment(self, service: str) -> Deployment | None:
        """Look at the deployment."""

    def ensure_configuration(self, service: str, configuration: bytes) -> bool:
        """Have the deployment follow this service configuration."""

    def ensure_package(self, service: str, plan: DeploymentPlan) -> bool:
        """Have the deployment made from the plan's service package, and follow the plan's configuration."""

    def ensure_running(self, service: str) -> bool:
        """Have the deployment started; True once the cloud has done so, whatever its instances do."""

    def ensure_suspended(self, service: str) -> bool:
        """Have the deployment stopped; without a deployment nothing runs."""

    def remove_deployment(self, service: str) -> bool:
        """Remove the deployment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundAccount:
    """A storage account of the subscription, whoever made it."""

    name: str
    region: str
    status: str  # the cloud's own word; `is_ready` and `is_leaving` say what it means
    is_ready: bool
    is_leaving: bool
    marks: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundService:
    """A hosted service of the subscription, whoever made it."""

    name: str
    region: str
    marks: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundDeployment:
    """A deployment as it was made or changed, by us or by hand."""

    status: str  # the cloud's own word
    is_suspended: bool
    label: str
    configuration: bytes  # the service configuration (.cscfg)
    instances: tuple[RoleInstance, ...]


class Inventory(Protocol):
    """What a subscription holds, whoever made it. Looking changes nothing."""

    def list_accounts(self) -> tuple[FoundAccount, ...]:
        """Give all storage accounts."""

    def list_services(self) -> tuple[FoundService, ...]:
        """Give all hosted services."""

    def list_certificates(self, service: str) -> tuple[str, ...]:
        """Give the thumbprints of the certificates of a hosted service, in capitals; none when it is gone."""

    def find_deployment(self, service: str) -> FoundDeployment | None:
        """Look at the deployment of a hosted service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A subscription of a cloud, ready to be used; no `services` and `deployments` where a cloud runs no front ends."""

    cloud: Cloud
    storage: StorageHost
    services: ServiceHost | None
    deployments: DeploymentHost | None
    inventory: Inventory | None = None  # where a cloud tells what it holds


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSettings:
    """What it takes to speak to a cloud."""

    management_url: str
    subscription_id: str
    authorities_pem: str | None  # of a private cloud; None = what this machine trusts
    management_certificate: KeyedCertificate
    proxy_url: str | None = field(default=None, repr=False)  # may hold the proxy's account and password


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedOperation:
    """Something asked of a cloud that may still be under way."""

    request_id: str  # by which the cloud knows it; "" when no answer came, so it may never have arrived
    age_seconds: float  # since it was asked


class OperationJournal(Protocol):
    """What was asked of a cloud and is not known to have ended; written before it is asked, and outlives a crash."""

    def note(self, subject: str, request_id: str) -> None:
        """Keep what was asked, in place of what was asked about the same subject before."""

    def find(self, subject: str) -> AskedOperation | None:
        """Give what was asked last about a subject."""

    def forget(self, subject: str) -> None:
        """Drop what has ended."""


class Provider(Protocol):
    """Opens connections to one kind of cloud."""

    def connect(self, settings: ConnectionSettings, *, journal: OperationJournal | None = None) -> Connection:
        """Prepare a connection; nothing is sent yet. Without a journal, only this process knows what was asked."""
