"""Deployments of hosted services: what is known of them, and what may be asked of them."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from clouddp.fabric.compute.hosted_services import HostedService
from clouddp.fabric.compute.instance_folders import check_settings
from clouddp.fabric.compute.service_configuration import ServiceConfiguration, read_service_configuration
from clouddp.fabric.management.documents import merge_properties
from clouddp.fabric.management.protocol_errors import ProtocolError, bad_request, conflict, not_found
from clouddp.fabric.operations import Operations
from clouddp.fabric.state import Clock, Documents, StateFolder
from clouddp.fabric.subscriptions import QuotaLookup, check_quota

SLOTS: Final = ("Production", "Staging")

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")


class DeploymentStatus(StrEnum):
    """Status of a deployment as the protocol names it."""

    DEPLOYING = "Deploying"
    RUNNING = "Running"
    RUNNING_TRANSITIONING = "RunningTransitioning"
    STARTING = "Starting"
    SUSPENDED = "Suspended"
    SUSPENDED_TRANSITIONING = "SuspendedTransitioning"
    SUSPENDING = "Suspending"
    DELETING = "Deleting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One deployment; `label` is in Base-64 as it came, `configuration` is the text of the .cscfg."""

    service_name: str
    subscription_id: str
    slot: str
    name: str
    private_id: str
    label: str
    package_url: str
    configuration: str
    starts: bool
    extended_properties: tuple[tuple[str, str], ...]
    status: DeploymentStatus
    virtual_ip: str
    port: int
    created_at: datetime
    modified_at: datetime

    @property
    def key(self) -> str:
        """The name that the fabric's own documents and folders have."""
        return deployment_key(self.service_name, self.slot)

    @property
    def host(self) -> str:
        """The name that the cloud's DNS gives the deployment's address."""
        return f"{self.service_name.lower()}.cloudapp.net"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDeployment:
    """What Create Deployment asks for."""

    slot: str
    name: str
    label: str
    package_url: str
    configuration: str
    starts: bool
    extended_properties: tuple[tuple[str, str], ...] = ()


def deployment_key(service_name: str, slot: str) -> str:
    """Name a deployment within the fabric."""
    return f"{service_name}.{slot}".lower()


def open_deployments(state: StateFolder) -> Documents[Deployment]:
    """Open the documents of all deployments."""
    return state.documents("deployments", Deployment)


class Deployments:
    """The deployments of all hosted services. One operation at a time on each."""

    def __init__(
        self,
        documents: Documents[Deployment],
        state: StateFolder,
        operations: Operations,
        *,
        quotas: QuotaLookup,
        now: Clock,
    ) -> None:
        self._documents = documents
        self._lock = state.lock
        self._operations = operations
        self._quotas = quotas
        self._now = now

    def of_service(self, service_name: str) -> list[Deployment]:
        """Return the deployments of a hosted service."""
        found = (self._documents.get(deployment_key(service_name, slot)) for slot in SLOTS)
        return [deployment for deployment in found if deployment is not None]

    def get_by_slot(self, service_name: str, slot: str) -> Deployment:
        """Return the deployment in a slot.

        Raises:
            ProtocolError: there is none.

        """
        deployment = self._documents.get(deployment_key(service_name, _known_slot(slot)))
        if deployment is None:
            raise not_found("No deployments were found.")
        return deployment

    def get_by_name(self, service_name: str, name: str) -> Deployment:
        """Return the deployment of a name, compared without regard to case.

        Raises:
            ProtocolError: there is none.

        """
        for deployment in self.of_service(service_name):
            if deployment.name.lower() == name.lower():
                return deployment
        raise not_found("No deployments were found.")

    def used_thumbprints(self, service_name: str) -> frozenset[str] | None:
        """Name the certificates that a service's deployments use; None when it has no deployment."""
        deployments = self.of_service(service_name)
        if not deployments:
            return None
        configurations = [read_service_configuration(deployment.configuration) for deployment in deployments]
        return frozenset(thumbprint for each in configurations for thumbprint in each.certificates.values())

    def core_count(self, subscription_id: str) -> int:
        """Count the cores that a subscription's deployments have: one for each instance."""
        found = [deployment for deployment in self._documents.all() if deployment.subscription_id == subscription_id]
        return sum(read_service_configuration(deployment.configuration).instance_count for deployment in found)

    def find_address(self, host: str) -> str | None:
        """Return the address of a `cloudapp.net` host; None while nothing is deployed in production."""
        service_name, _, domain = host.lower().partition(".")
        deployment = self._documents.get(deployment_key(service_name, "Production"))
        if domain != "cloudapp.net" or deployment is None:
            return None
        return deployment.virtual_ip or None

    def create(self, operation_id: str, service: HostedService, wanted: NewDeployment) -> None:
        """Accept a deployment; its instances start when the operation is under way."""
        slot = _known_slot(wanted.slot)
        if not _NAME.fullmatch(wanted.name):
            raise bad_request("The deployment name is not valid.")
        with self._lock:
            configuration = _check_configuration(service, wanted.configuration)
            self._check_cores(service.subscription_id, configuration.instance_count)
            if self._operations.in_progress(removed_service=service.name) is not None:
                raise conflict("The hosted service is being deleted.")
            for other in self.of_service(service.name):
                if other.slot == slot:
                    raise conflict("The specified deployment slot {} is occupied.", slot)
                if other.name.lower() == wanted.name.lower():
                    raise conflict("A deployment named {} already exists in the hosted service.", wanted.name)
            deployment = self._new(service, slot, wanted)
            arguments = {"deployment": deployment.key}
            self._operations.accept(operation_id, service.subscription_id, "create-deployment", arguments)
            self._documents.put(deployment.key, deployment)

    def change(
        self,
        operation_id: str,
        service: HostedService,
        deployment: Deployment,
        wanted: Mapping[str, str],
        *,
        extended_properties: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Accept another `configuration`, and `package_url` and `label` where given; instances change one by one."""
        merged = merge_properties(deployment.extended_properties, extended_properties)
        configuration = _check_configuration(service, wanted["configuration"])
        before = read_service_configuration(deployment.configuration)
        self._check_cores(service.subscription_id, configuration.instance_count - before.instance_count)
        steps = {
            DeploymentStatus.RUNNING: DeploymentStatus.RUNNING_TRANSITIONING,
            DeploymentStatus.SUSPENDED: DeploymentStatus.SUSPENDED_TRANSITIONING,
        }
        changed = replace(deployment, extended_properties=merged)
        self._accept(operation_id, "change-deployment", changed, steps, wanted)

    def set_running(self, operation_id: str, deployment: Deployment) -> None:
        """Accept that the instances are started."""
        steps = dict.fromkeys((DeploymentStatus.RUNNING, DeploymentStatus.SUSPENDED), DeploymentStatus.STARTING)
        self._accept(operation_id, "start-deployment", deployment, steps, {})

    def set_suspended(self, operation_id: str, deployment: Deployment) -> None:
        """Accept that the instances are stopped."""
        steps = dict.fromkeys((DeploymentStatus.RUNNING, DeploymentStatus.SUSPENDED), DeploymentStatus.SUSPENDING)
        self._accept(operation_id, "suspend-deployment", deployment, steps, {})

    def reboot(self, operation_id: str, deployment: Deployment, instance: str) -> None:
        """Accept that one instance is started anew."""
        self._accept_restart(operation_id, "reboot-role-instance", deployment, instance)

    def reimage(self, operation_id: str, deployment: Deployment, instance: str) -> None:
        """Accept that one instance is started anew, without what it wrote into its folder."""
        self._accept_restart(operation_id, "reimage-role-instance", deployment, instance)

    def check_idle(self, service_name: str) -> None:
        """Make sure that no operation on the deployments of a hosted service is under way.

        Raises:
            ProtocolError: there is one.

        """
        if any(self._is_busy(deployment) for deployment in self.of_service(service_name)):
            raise _busy()

    def begin_removal(self, service_name: str) -> None:
        """Say of the deployments of a hosted service that they are being deleted. Called with the state's lock held."""
        for deployment in self.of_service(service_name):
            leaving = replace(deployment, status=DeploymentStatus.DELETING, modified_at=self._now())
            self._documents.put(deployment.key, leaving)

    def _accept_restart(self, operation_id: str, kind: str, deployment: Deployment, instance: str) -> None:
        for name in read_service_configuration(deployment.configuration).instance_names:
            if name.lower() == instance.lower():
                steps = {DeploymentStatus.RUNNING: DeploymentStatus.RUNNING}
                self._accept(operation_id, kind, deployment, steps, {"instance": name})
                return
        raise not_found("The role instance {} was not found.", instance)

    def delete(self, operation_id: str, deployment: Deployment) -> None:
        """Accept that the deployment is removed with its instances."""
        steps = dict.fromkeys(DeploymentStatus, DeploymentStatus.DELETING)
        self._accept(operation_id, "delete-deployment", deployment, steps, {})

    def _check_cores(self, subscription_id: str, increment: int) -> None:
        limit = self._quotas(subscription_id).cores
        check_quota("cores count", limit, current=self.core_count(subscription_id), increment=increment)

    def _accept(
        self,
        operation_id: str,
        kind: str,
        deployment: Deployment,
        steps: Mapping[DeploymentStatus, DeploymentStatus],
        arguments: Mapping[str, str],
    ) -> None:
        with self._lock:
            current = self._documents.get(deployment.key)
            if current is None:
                raise not_found("No deployments were found.")
            if self._is_busy(current) or current.status not in steps:
                raise _busy()
            arguments = {"deployment": current.key, **arguments}
            self._operations.accept(operation_id, current.subscription_id, kind, arguments)
            properties, status = deployment.extended_properties, steps[current.status]
            changed = replace(current, status=status, extended_properties=properties, modified_at=self._now())
            self._documents.put(current.key, changed)

    def _is_busy(self, deployment: Deployment) -> bool:
        is_changing = self._operations.in_progress(deployment=deployment.key) is not None
        return is_changing or self._operations.in_progress(removed_service=deployment.service_name) is not None

    def _new(self, service: HostedService, slot: str, wanted: NewDeployment) -> Deployment:
        moment = self._now()
        return Deployment(
            service_name=service.name,
            subscription_id=service.subscription_id,
            slot=slot,
            name=wanted.name,
            private_id=secrets.token_hex(16),
            label=wanted.label,
            package_url=wanted.package_url,
            configuration=wanted.configuration,
            starts=wanted.starts,
            extended_properties=wanted.extended_properties,
            status=DeploymentStatus.DEPLOYING,
            virtual_ip="",
            port=0,
            created_at=moment,
            modified_at=moment,
        )


def _busy() -> ProtocolError:
    return conflict(
        "Windows Azure is currently performing an operation on this deployment that requires exclusive access."
    )


def _known_slot(slot: str) -> str:
    for known in SLOTS:
        if known.lower() == slot.lower():
            return known
    raise bad_request("The deployment slot must be Production or Staging.")


def _check_configuration(service: HostedService, text: str) -> ServiceConfiguration:
    """Read a .cscfg once it is known that it can be used, and that the service has the certificates it names."""
    configuration = read_service_configuration(text)
    check_settings(configuration)
    known = {certificate.thumbprint for certificate in service.certificates if certificate.has_key}
    for thumbprint in configuration.certificates.values():
        if thumbprint not in known:
            raise bad_request(
                "The certificate with thumbprint {} was not found in the hosted service, or has no key.", thumbprint
            )
    return configuration
