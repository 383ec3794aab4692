"""Everything of the fabric that is not a server: state, operations, services, deployments and their instances."""

from collections.abc import Callable, Mapping
from pathlib import Path

from clouddp.fabric.blob_storage.files import blob_folder
from clouddp.fabric.compute.deployment_roles import DeploymentRoles, RoleProgram
from clouddp.fabric.compute.deployment_work import DeploymentWork
from clouddp.fabric.compute.deployments import Deployment, Deployments, open_deployments
from clouddp.fabric.compute.hosted_services import HostedServices
from clouddp.fabric.compute.role_instances import RoleInstances
from clouddp.fabric.compute.service_removal import ServiceRemoval
from clouddp.fabric.management.deployment_api import DeploymentApi
from clouddp.fabric.management.deployment_documents import DeploymentDocuments
from clouddp.fabric.management.hosted_service_api import HostedServiceApi
from clouddp.fabric.management.management_api import ManagementApi
from clouddp.fabric.management.operation_list_api import OperationListApi
from clouddp.fabric.management.routes import Route
from clouddp.fabric.management.storage_account_api import StorageAccountApi
from clouddp.fabric.management.subscription_api import SubscriptionApi
from clouddp.fabric.operations import Operations
from clouddp.fabric.portal.pages import PortalPages
from clouddp.fabric.state import Clock, StateFolder
from clouddp.fabric.storage_accounts import StorageAccount, StorageAccounts
from clouddp.fabric.subscriptions import Subscriptions
from clouddp.fabric.trouble.administration import TroubleAdministration
from clouddp.fabric.trouble.management_strikes import ManagementStrikes
from clouddp.fabric.trouble.rules import TroubleKind
from clouddp.fabric.trouble.storage_loss import StorageLoss
from clouddp.fabric.trouble.storage_strikes import StorageStrikes
from clouddp.fabric.trouble.troubles import Troubles
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
        self.troubles = Troubles(state, log, now=now)
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
            is_held_back=self._is_held_back,
        )
        self.storage_loss = StorageLoss(self.troubles, state, list_accounts=self._all_accounts)
        self._strikes = ManagementStrikes(self.troubles, self.operations, find_region=self._find_region)
        self._work = DeploymentWork(documents, state, self.operations, self.roles, log, now=now)
        self._removal = ServiceRemoval(self.services, self.deployments, self._work, state, self.operations)
        self._storage_url = storage_url
        self._now = now
        self._log = log

    def management_api(self) -> ManagementApi:
        """Make the management endpoint's application."""
        return ManagementApi(self.management_routes(), self.subscriptions, self.operations, self._strikes, self._log)

    def management_routes(self) -> list[Route]:
        """Say what answers which request of the management protocol."""
        documents = DeploymentDocuments(self.deployments, self.roles)
        of_subscription = SubscriptionApi(
            self.subscriptions,
            self.operations,
            self.accounts,
            self.services,
            self.deployments,
            is_disabled=self._is_disabled,
        )
        return [
            *of_subscription.routes(),
            *OperationListApi(self.operations, now=self._now).routes(),
            *StorageAccountApi(self.accounts, storage_url=self._storage_url).routes(),
            *HostedServiceApi(self.services, self._removal, documents).routes(),
            *DeploymentApi(self.services, self.deployments, documents).routes(),
        ]

    def storage_strikes(self) -> StorageStrikes:
        """Make what the storage asks before it answers."""
        return StorageStrikes(self.troubles, find_subscription=self._find_subscription)

    def trouble_administration(self) -> TroubleAdministration:
        """Make what the admin endpoint of trouble asks."""
        return TroubleAdministration(self.troubles, self.storage_loss)

    def portal_pages(self) -> PortalPages:
        """Make the portal's pages."""
        return PortalPages(
            self.subscriptions,
            self.services,
            self.accounts,
            self.deployments,
            self.roles,
            self.trouble_administration(),
        )

    def start(self) -> None:
        """Start the instances that were running, and go on with the operations that were accepted."""
        self.storage_loss.resume()
        self._work.resume()
        self.operations.start()

    def close(self) -> None:
        """End the operations' threads and every instance; what is not done is done after the next start."""
        self.roles.interrupt()
        self.operations.close()
        self.roles.close()

    def _is_disabled(self, subscription_id: str) -> bool:
        return self.troubles.stands(TroubleKind.DISABLED_SUBSCRIPTION, subscription_id=subscription_id)

    def _is_held_back(self, deployment: Deployment) -> bool:
        return self.troubles.stands(
            TroubleKind.INSTANCE_NEVER_READY,
            name=deployment.service_name,
            subscription_id=deployment.subscription_id,
        )

    def _all_accounts(self) -> list[StorageAccount]:
        return [account for each in self.subscriptions.all() for account in self.accounts.all(each.id)]

    def _find_subscription(self, account: str) -> str:
        return next((each.subscription_id for each in self._all_accounts() if each.name == account), "")

    def _find_region(self, subscription_id: str, service_name: str) -> str:
        wanted = service_name.lower()
        services = self.services.all(subscription_id)
        return next((service.location for service in services if service.name.lower() == wanted), "")
