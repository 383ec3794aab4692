"""The role of a deployment as processes on this machine: from its configuration to running instances."""

import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from clouddp.fabric.compute.deployments import Deployment, DeploymentStatus
from clouddp.fabric.compute.instance_folders import (
    CONFIGURATION_FILE,
    mounted_storage,
    remove_instance_folder,
    write_instance_folder,
)
from clouddp.fabric.compute.role_instances import InstanceStatus, RoleInstance, RoleInstances
from clouddp.fabric.compute.service_configuration import ServiceConfiguration, read_service_configuration
from clouddp.fabric.compute.service_package import ServicePackage, load_service_package, locate_package
from clouddp.fabric.management.protocol_errors import ProtocolError, bad_request
from clouddp.fabric.operations import WorkInterruptedError
from clouddp.fabric.state import StateFolder
from clouddp.fabric.storage_accounts import StorageAccounts

_READY_SECONDS: Final = 120.0  # an instance that is not ready by then stops the change of a deployment
_COMING: Final = (
    DeploymentStatus.DEPLOYING,
    DeploymentStatus.STARTING,
    DeploymentStatus.RUNNING,
    DeploymentStatus.RUNNING_TRANSITIONING,
)


@dataclass(frozen=True, slots=True)
class RoleProgram:
    """What the fabric starts for a role; the path of the instance's configuration file is added to the command."""

    command: Sequence[str]
    version: int


# -P: the instance's own folder, which is its working directory, is nowhere that modules come from.
ROLE_PROGRAMS: Final[Mapping[str, RoleProgram]] = {
    "DistributionPoint": RoleProgram(
        (sys.executable, "-P", "-m", "clouddp", "distribution-point", "run", "--configuration"), 1
    )
}


class DeploymentRoles:
    """Runs the instances of deployments. Safe to use from many threads for different deployments."""

    def __init__(
        self,
        state: StateFolder,
        accounts: StorageAccounts,
        instances: RoleInstances,
        *,
        storage_url: Callable[[], str],
        container_folder: Callable[[str, str], Path],
        programs: Mapping[str, RoleProgram] = ROLE_PROGRAMS,
    ) -> None:
        self._state = state
        self._accounts = accounts
        self._instances = instances
        self._storage_url = storage_url
        self._container_folder = container_folder
        self._programs = programs
        self._closing = threading.Event()

    def statuses(self, deployment: Deployment) -> dict[str, InstanceStatus]:
        """Return the status of every instance that the deployment should have, by name."""
        running = self._instances.of(deployment.key)
        absent = InstanceStatus.CREATING if deployment.status in _COMING else InstanceStatus.STOPPED
        names = _instance_names(read_service_configuration(deployment.configuration))
        return {name: running[name].status if name in running else absent for name in names}

    def running(self, deployment_key: str) -> dict[str, RoleInstance]:
        """Return the instances that there are, by name."""
        return self._instances.of(deployment_key)

    def check(self, subscription_id: str, package_url: str, configuration: ServiceConfiguration) -> None:
        """Make sure that package and configuration belong together, and that the fabric has the role.

        Raises:
            ProtocolError: they do not, or the fabric has not.

        """
        package = self._load_package(subscription_id, package_url)
        program = self._programs.get(package.role)
        if program is None or program.version != package.version:
            raise bad_request("The role {}, version {}, is not known to this cloud.", package.role, package.version)
        if configuration.role != package.role:
            raise bad_request(
                "The service configuration does not match the service package: the role is {}, and {} in the package.",
                configuration.role,
                package.role,
            )
        self._mount(subscription_id, configuration)

    def start(self, deployment: Deployment) -> None:
        """Start every instance; those that run already are left as they are."""
        configuration = read_service_configuration(deployment.configuration)
        for name in _instance_names(configuration):
            if name not in self._instances.of(deployment.key):
                self._write_folder(deployment, configuration, name)
                self._start(deployment, configuration, name)

    def change(self, deployment: Deployment) -> None:
        """Bring running instances to the deployment's configuration, each ready before the next is touched.

        Raises:
            ProtocolError: an instance is not ready in time.
            WorkInterruptedError: the fabric is being closed.

        """
        configuration = read_service_configuration(deployment.configuration)
        names = _instance_names(configuration)
        for name in names:
            if self._write_folder(deployment, configuration, name):
                self._instances.stop(deployment.key, [name])
            self._wait_until_ready(self._start(deployment, configuration, name))
        surplus = [name for name in self._instances.of(deployment.key) if name not in names]
        self._instances.stop(deployment.key, surplus)
        for name in surplus:
            remove_instance_folder(self._state.instances(deployment.key) / name)

    def stop(self, deployment: Deployment) -> None:
        """End every instance at once."""
        self._instances.stop(deployment.key)

    def remove(self, deployment_key: str) -> None:
        """End every instance, and remove what they had."""
        self._instances.stop(deployment_key)
        remove_instance_folder(self._state.instances(deployment_key))

    def interrupt(self) -> None:
        """Make whoever waits for an instance give up, since the fabric is being closed."""
        self._closing.set()

    def _load_package(self, subscription_id: str, package_url: str) -> ServicePackage:
        place = locate_package(package_url, self._storage_url())
        self._accounts.get_created(subscription_id, place.account)
        folder = self._container_folder(place.account, place.container)
        return load_service_package(folder.joinpath(*place.blob.split("/")))

    def _mount(self, subscription_id: str, configuration: ServiceConfiguration) -> Path | None:
        """Find the folder of the container that the instances use, which must be the same subscription's."""
        mount = mounted_storage(configuration, self._storage_url())
        if mount is None:
            return None
        self._accounts.get_created(subscription_id, mount.account)
        return self._container_folder(mount.account, mount.container)

    def _write_folder(self, deployment: Deployment, configuration: ServiceConfiguration, name: str) -> bool:
        return write_instance_folder(
            self._state.instances(deployment.key) / name,
            configuration=configuration,
            listen=f"{deployment.virtual_ip}:{deployment.port}",
            mount=self._mount(deployment.subscription_id, configuration),
            certificates=self._state.certificates(deployment.service_name.lower()),
        )

    def _start(self, deployment: Deployment, configuration: ServiceConfiguration, name: str) -> RoleInstance:
        folder = self._state.instances(deployment.key) / name
        command = [*self._programs[configuration.role].command, str(folder / CONFIGURATION_FILE)]
        return self._instances.start(deployment.key, name, command, folder)

    def _wait_until_ready(self, instance: RoleInstance) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while not instance.wait_until_ready(0.2):
            if self._closing.is_set():
                raise WorkInterruptedError
            if time.monotonic() > deadline:
                message = "The operation could not be completed within the permitted time."
                raise ProtocolError(500, "OperationTimedOut", message)


def _instance_names(configuration: ServiceConfiguration) -> list[str]:
    return [f"{configuration.role}_IN_{number}" for number in range(configuration.instance_count)]
