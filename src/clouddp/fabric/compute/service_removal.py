"""Deletes a hosted service with all that is deployed in it."""

from collections.abc import Mapping

from clouddp.fabric.compute.deployment_work import DeploymentWork
from clouddp.fabric.compute.deployments import Deployments
from clouddp.fabric.compute.hosted_services import HostedServices
from clouddp.fabric.operations import Operations
from clouddp.fabric.state import StateFolder


class ServiceRemoval:
    """Accepts and does such a deletion; nothing can be deployed in the service meanwhile."""

    def __init__(
        self,
        services: HostedServices,
        deployments: Deployments,
        work: DeploymentWork,
        state: StateFolder,
        operations: Operations,
    ) -> None:
        self._services = services
        self._deployments = deployments
        self._work = work
        self._lock = state.lock
        self._operations = operations
        operations.register("delete-service-and-deployments", self._finish)

    def delete(self, operation_id: str, subscription_id: str, name: str) -> None:
        """Accept that a service is removed with its deployments and certificates."""
        with self._lock:
            service = self._services.get(subscription_id, name)
            self._deployments.check_idle(service.name)
            arguments = {"removed_service": service.name}
            self._operations.accept(operation_id, subscription_id, "delete-service-and-deployments", arguments)
            self._deployments.begin_removal(service.name)

    def _finish(self, arguments: Mapping[str, str]) -> None:
        name = arguments["removed_service"]
        for deployment in self._deployments.of_service(name):
            self._work.remove(deployment.key)
        self._services.remove(name)
