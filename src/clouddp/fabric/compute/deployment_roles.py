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
from clouddp.fabric.compute.instance_processes import InstanceHost, by_command, can_host
from clouddp.fabric.compute.listening_sockets import ListeningSockets
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
    """What the fabric starts for a role.

    Added to the command are the path of the instance's configuration file, and `--listener` with the descriptor of the
    deployment's listening socket, which all its instances share. `host` starts a process that makes instances as copies
    of itself, where the system can do that; it speaks as `distribution_point/instance_host.py` says.
    """

    command: Sequence[str]
    version: int
    host: Sequence[str] = ()


# -P: the instance's own folder, which is its working directory, is nowhere that modules come from.
_PROGRAM: Final = (sys.executable, "-P", "-m", "clouddp", "distribution-point")
ROLE_PROGRAMS: Final[Mapping[str, RoleProgram]] = {
    "DistributionPoint": RoleProgram(command=(*_PROGRAM, "run", "--configuration"), version=1, host=(*_PROGRAM, "host"))
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
        is_held_back: Callable[[Deployment], bool] = lambda _deployment: False,
    ) -> None:
        """`is_held_back` says whether the instances of a deployment are never to become ready."""
        self._state = state
        self._accounts = accounts
        self._instances = instances
        self._sockets = ListeningSockets()
        hosts = {role: program.host for role, program in programs.items() if program.host and can_host()}
        self._hosts = {role: InstanceHost(command) for role, command in hosts.items()}
        self._storage_url = storage_url
        self._container_folder = container_folder
        self._programs = programs
        self._is_held_back = is_held_back
        self._closing = threading.Event()

    def statuses(self, deployment: Deployment) -> dict[str, InstanceStatus]:
        """Return the status of every instance that the deployment should have, by name."""
        running = self._instances.of(deployment.key)
        absent = InstanceStatus.CREATING if deployment.status in _COMING else InstanceStatus.STOPPED
        names = read_service_configuration(deployment.configuration).instance_names
        statuses = {name: running[name].status if name in running else absent for name in names}
        if self._is_held_back(deployment):
            held_back = {InstanceStatus.READY: InstanceStatus.BUSY}
            return {name: held_back.get(status, status) for name, status in statuses.items()}
        return statuses

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
        """Start every instance; those that run already are left as they are.

        Raises:
            ProtocolError: the deployment's address and port cannot be had.

        """
        configuration = read_service_configuration(deployment.configuration)
        for name in configuration.instance_names:
            self._start_new(deployment, configuration, name)

    def change(self, deployment: Deployment) -> None:
        """Bring running instances to the deployment's configuration; those that have it already go on.

        Raises:
            ProtocolError: an instance is not ready in time.
            WorkInterruptedError: the fabric is being closed.

        """
        self._roll(deployment, is_due=lambda configuration, name: self._write_folder(deployment, configuration, name))

    def upgrade(self, deployment: Deployment) -> None:
        """Start every running instance anew with the deployment's package and configuration.

        Raises:
            ProtocolError: an instance is not ready in time.
            WorkInterruptedError: the fabric is being closed.

        """

        def write(configuration: ServiceConfiguration, name: str) -> bool:
            self._write_folder(deployment, configuration, name)
            return True

        self._roll(deployment, is_due=write)

    def reboot(self, deployment: Deployment, name: str) -> None:
        """Start an instance anew, with the folder that it has, once it has answered what it accepted."""
        self._instances.leave(deployment.key, [name], hurry=self._closing)
        self._start(deployment, read_service_configuration(deployment.configuration), name)

    def reimage(self, deployment: Deployment, name: str) -> None:
        """Start an instance anew as `reboot` does, with nothing of what it wrote into its folder."""
        self._instances.leave(deployment.key, [name], hurry=self._closing)
        remove_instance_folder(self._state.instances(deployment.key) / name)
        self._start_new(deployment, read_service_configuration(deployment.configuration), name)

    def stop(self, deployment: Deployment) -> None:
        """End every instance at once, and cut every connection, those that are queued included."""
        self._instances.cut(deployment.key)
        self._sockets.close(deployment.key)

    def remove(self, deployment_key: str) -> None:
        """End every instance, and remove what they had."""
        self._instances.cut(deployment_key)
        self._sockets.close(deployment_key)
        remove_instance_folder(self._state.instances(deployment_key))

    def end_surplus(self, deployment: Deployment) -> None:
        """End the instances that the deployment's configuration does not count, and remove what they had."""
        names = read_service_configuration(deployment.configuration).instance_names
        surplus = [name for name in self._instances.of(deployment.key) if name not in names]
        self._instances.leave(deployment.key, surplus, hurry=self._closing)
        for name in surplus:
            remove_instance_folder(self._state.instances(deployment.key) / name)

    def interrupt(self) -> None:
        """Make whoever waits for an instance give up, since the fabric is being closed."""
        self._closing.set()

    def close(self) -> None:
        """End every instance of every deployment, and listen no more."""
        self._instances.close()
        self._sockets.close_all()
        for host in self._hosts.values():
            host.close()

    def _roll(self, deployment: Deployment, *, is_due: Callable[[ServiceConfiguration, str], bool]) -> None:
        """Walk the upgrade domains in order, each instance being one of its own; new ones come first, surplus is last.

        Connections are accepted all the while: an instance that leaves answers what it has, and what is queued waits
        for the others.
        """
        configuration = read_service_configuration(deployment.configuration)
        names = configuration.instance_names
        running = self._instances.of(deployment.key)
        for name in names:
            self._start_new(deployment, configuration, name)
        for name in names:
            if name in running and is_due(configuration, name):
                self._instances.leave(deployment.key, [name], hurry=self._closing)
            self._wait_until_ready(deployment, self._start(deployment, configuration, name))
        self.end_surplus(deployment)

    def _start_new(self, deployment: Deployment, configuration: ServiceConfiguration, name: str) -> None:
        if name not in self._instances.of(deployment.key):
            self._write_folder(deployment, configuration, name)
            self._start(deployment, configuration, name)

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
        listener = self._sockets.open(deployment.key, deployment.virtual_ip, deployment.port)
        program = self._programs[configuration.role]
        path = folder / CONFIGURATION_FILE
        host = self._hosts.get(configuration.role)
        if host is not None:
            launch = host.launch(path, listener=listener)
        else:
            launch = by_command([*program.command, str(path), "--listener", str(listener)], folder, handed=[listener])
        return self._instances.start(deployment.key, name, launch, folder)

    def _wait_until_ready(self, deployment: Deployment, instance: RoleInstance) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while not instance.wait_until_ready(0.2) or self._is_held_back(deployment):
            if self._closing.is_set():
                raise WorkInterruptedError
            if time.monotonic() > deadline:
                message = "The operation could not be completed within the permitted time."
                raise ProtocolError(500, "OperationTimedOut", message)
            self._closing.wait(0.05)
