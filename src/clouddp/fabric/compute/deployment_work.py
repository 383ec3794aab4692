"""What the operations on deployments do; each may run twice, since a crash makes it start again."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from clouddp.fabric.compute.deployment_roles import DeploymentRoles
from clouddp.fabric.compute.deployments import Deployment, DeploymentStatus
from clouddp.fabric.compute.instance_folders import wanted_port
from clouddp.fabric.compute.service_configuration import read_service_configuration
from clouddp.fabric.compute.virtual_ips import allot_address, allot_port
from clouddp.fabric.management.protocol_errors import ProtocolError, not_found
from clouddp.fabric.operations import Operations, WorkInterruptedError
from clouddp.fabric.state import Clock, Documents, StateFolder
from clouddp.telemetry.logs import ComponentLog


class DeploymentWork:
    """Does the accepted operations on deployments."""

    def __init__(
        self,
        documents: Documents[Deployment],
        state: StateFolder,
        operations: Operations,
        roles: DeploymentRoles,
        log: ComponentLog,
        *,
        now: Clock,
    ) -> None:
        self._log = log
        self._documents = documents
        self._lock = state.lock
        self._roles = roles
        self._now = now
        operations.register("create-deployment", self._create)
        operations.register("change-deployment", self._change)
        operations.register("start-deployment", self._set_running)
        operations.register("suspend-deployment", self._set_suspended)
        operations.register("delete-deployment", self._delete)
        operations.register("reboot-role-instance", self._reboot)
        operations.register("reimage-role-instance", self._reimage)

    def resume(self) -> None:
        """Start again the instances of every deployment that was running when the fabric ended."""
        for deployment in self._documents.all():
            if deployment.status in (DeploymentStatus.RUNNING, DeploymentStatus.RUNNING_TRANSITIONING):
                self._resume(deployment)

    def remove(self, key: str) -> None:
        """Remove a deployment with its instances; an absent one is fine."""
        self._roles.remove(key)
        with self._lock:
            self._documents.remove(key)

    def _resume(self, deployment: Deployment) -> None:
        try:
            self._roles.start(deployment)
        except (ProtocolError, OSError) as error:  # one that cannot run does not keep the others from running
            self._log.error("fabric.deployment_not_resumed", deployment=deployment.key, reason=error)

    def _create(self, arguments: Mapping[str, str]) -> None:
        deployment = self._get(arguments)
        configuration = read_service_configuration(deployment.configuration)
        try:
            self._roles.check(deployment.subscription_id, deployment.package_url, configuration)
        except ProtocolError:
            self.remove(deployment.key)
            raise
        deployment = self._with_address(deployment, wanted_port(configuration))
        if deployment.starts:
            with self._undoing(lambda: self.remove(deployment.key)):
                self._roles.start(deployment)
        self._put(deployment, DeploymentStatus.RUNNING if deployment.starts else DeploymentStatus.SUSPENDED)

    def _change(self, arguments: Mapping[str, str]) -> None:
        before = self._get(arguments)
        transitions = (DeploymentStatus.RUNNING, DeploymentStatus.RUNNING_TRANSITIONING)
        settled = DeploymentStatus.RUNNING if before.status in transitions else DeploymentStatus.SUSPENDED
        wanted = replace(
            before,
            configuration=arguments["configuration"],
            package_url=arguments.get("package_url") or before.package_url,
            label=arguments.get("label") or before.label,
        )
        with self._undoing(lambda: self._stay(before, settled)):
            configuration = read_service_configuration(wanted.configuration)
            self._roles.check(wanted.subscription_id, wanted.package_url, configuration)
            self._put(wanted, before.status)
            if settled is DeploymentStatus.RUNNING:
                self._roll(wanted, arguments)
        self._put(wanted, settled)

    def _stay(self, before: Deployment, settled: DeploymentStatus) -> None:
        """Show what was deployed before, so that who asks for the same again reaches the instances not yet changed."""
        self._put(before, settled)
        self._roles.end_surplus(before)

    def _roll(self, wanted: Deployment, arguments: Mapping[str, str]) -> None:
        """Change instances that the configuration concerns; a package concerns them all, even one of the same name."""
        if arguments.get("package_url"):
            self._roles.upgrade(wanted)
        else:
            self._roles.change(wanted)

    def _set_running(self, arguments: Mapping[str, str]) -> None:
        deployment = self._get(arguments)
        with self._undoing(lambda: self._suspend(deployment)):
            self._roles.start(deployment)
        self._put(deployment, DeploymentStatus.RUNNING)

    def _set_suspended(self, arguments: Mapping[str, str]) -> None:
        self._suspend(self._get(arguments))

    def _suspend(self, deployment: Deployment) -> None:
        self._roles.stop(deployment)
        self._put(deployment, DeploymentStatus.SUSPENDED)

    @contextmanager
    def _undoing(self, undo: Callable[[], None]) -> Iterator[None]:
        """Undo what fails, for whatever reason: nothing may stay under way after its operation has ended."""
        try:
            yield
        except WorkInterruptedError:
            raise
        except Exception:
            undo()
            raise

    def _reboot(self, arguments: Mapping[str, str]) -> None:
        self._roles.reboot(self._get(arguments), arguments["instance"])

    def _reimage(self, arguments: Mapping[str, str]) -> None:
        self._roles.reimage(self._get(arguments), arguments["instance"])

    def _delete(self, arguments: Mapping[str, str]) -> None:
        with self._lock:
            key = arguments["deployment"]
            deployment = self._documents.get(key)
            if deployment is not None:
                self._put(deployment, DeploymentStatus.DELETING)
        self.remove(key)

    def _with_address(self, deployment: Deployment, port: int) -> Deployment:
        """Give the deployment its address and port, which it keeps for its life."""
        if deployment.virtual_ip:
            return deployment
        with self._lock:
            taken = {other.virtual_ip for other in self._documents.all()}
            address = allot_address(deployment.key, taken)
            placed = replace(deployment, virtual_ip=address, port=allot_port(address, port))
            self._documents.put(placed.key, placed)
        return placed

    def _get(self, arguments: Mapping[str, str]) -> Deployment:
        with self._lock:
            deployment = self._documents.get(arguments["deployment"])
        if deployment is None:
            raise not_found("No deployments were found.")
        return deployment

    def _put(self, deployment: Deployment, status: DeploymentStatus) -> None:
        with self._lock:
            self._documents.put(deployment.key, replace(deployment, status=status, modified_at=self._now()))
