"""Everything of the fabric that is not a server: state, operations, services, deployments and their instances."""

from collections.abc import Callable, Mapping
from pathlib import Path

from clouddp.fabric.blob_storage.files import blob_folder
from clouddp.fabric.compute.deployment_roles import DeploymentRoles, RoleProgram
from clouddp.fabric.compute.deployment_work import DeploymentWork
from clouddp.fabric.compute.deployments import Deployments, open_deployments
from clouddp.fabric.compute.hosted_services import HostedServices
from clouddp.fabric.compute.role_instances import RoleInstances
from clouddp.fabric.compute.service_removal import ServiceRemoval
from clouddp.fabric.management.deployment_api import DeploymentApi
from clouddp.fabric.management.deployment_documents import DeploymentDocuments
from clouddp.fabric.management.hosted_service_api import HostedServiceApi
from clouddp.fabric.management.management_api import ManagementApi
from clouddp.fabric.management.operation_list_api import OperationListApi
from clouddp.fabric.management.storage_account_api import StorageAccountApi
from clouddp.fabric.management.subscription_api import SubscriptionApi
from clouddp.fabric.operations import Operations
from clouddp.fabric.portal.pages import PortalPages
from clouddp.fabric.state import Clock, StateFolder
from clouddp.fabric.storage_accounts import StorageAccounts
from clouddp.fabric.subscriptions import Subscriptions
from clouddp.telemetry.logs import ComponentLog


class ControlPlane:
    """Joins the parts that hold and change the state. `start` takes up what an earlier process left."""

    def __init__(
        self,
        state: StateFolder,
        log: ComponentLog,
        *,
        programs: Mapping[str, RoleProgram],
        storage_url: Callable[[], str],
        now: Clock,
    ) -> None:
        def container_folder(account: str, container: str) -> Path:
            return blob_folder(state.root, account, container)

        documents = open_deployments(state)
        self.operations = Operations(state, log, now=now)
        self.subscriptions = Subscriptions(state, now=now)
        quotas = self.subscriptions.quotas
        self.accounts = StorageAccounts(state, self.operations, quotas=quotas, now=now)
        self.deployments = Deployments(documents, state, self.operations, quotas=quotas, now=now)
        self.services = HostedServices(
            state, self.operations, quotas=quotas, now=now, used_thumbprints=self.deployments.used_thumbprints
        )
        self.roles = DeploymentRoles(
            state,
            self.accounts,
            RoleInstances(log),
            storage_url=storage_url,
            container_folder=container_folder,
            programs=programs,
        )
        self._work = DeploymentWork(documents, state, self.operations, self.roles, log, now=now)
        self._removal = ServiceRemoval(self.services, self.deployments, self._work, state, self.operations)
        self._storage_url = storage_url
        self._now = now
        self._log = log

    def management_api(self) -> ManagementApi:
        """Make the management endpoint's application."""
        documents = DeploymentDocuments(self.deployments, self.roles)
        of_subscription = SubscriptionApi(
            self.subscriptions, self.operations, self.accounts, self.services, self.deployments
        )
        routes = [
            *of_subscription.routes(),
            *OperationListApi(self.operations, now=self._now).routes(),
            *StorageAccountApi(self.accounts, storage_url=self._storage_url).routes(),
            *HostedServiceApi(self.services, self._removal, documents).routes(),
            *DeploymentApi(self.services, self.deployments, documents).routes(),
        ]
        return ManagementApi(routes, self.subscriptions, self.operations, self._log)

    def portal_pages(self) -> PortalPages:
        """Make the portal's pages."""
        return PortalPages(self.subscriptions, self.services, self.accounts, self.deployments, self.roles)

    def start(self) -> None:
        """Start the instances that were running, and go on with the operations that were accepted."""
        self._work.resume()
        self.operations.start()

    def close(self) -> None:
        """End the operations' threads and every instance; what is not done is done after the next start."""
        self.roles.interrupt()
        self.operations.close()
        self.roles.close()
