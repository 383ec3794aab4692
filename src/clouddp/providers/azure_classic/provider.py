"""Connections to Azure Service Management, or to anything that speaks its protocol."""

from clouddp.providers.azure_classic.cloud import ClassicCloud
from clouddp.providers.azure_classic.deployments import ClassicDeployments
from clouddp.providers.azure_classic.inventory import ClassicInventory
from clouddp.providers.azure_classic.management_api import ManagementApi
from clouddp.providers.azure_classic.operations import Operations
from clouddp.providers.azure_classic.services import ClassicServices
from clouddp.providers.azure_classic.storage import ClassicStorage
from clouddp.providers.base import Connection, ConnectionSettings, OperationJournal
from clouddp.providers.journal import MemoryJournal


class AzureClassicProvider:
    """The provider `azure-classic`."""

    def connect(self, settings: ConnectionSettings, *, journal: OperationJournal | None = None) -> Connection:
        """Prepare TLS with the management certificate; nothing is sent yet."""
        api = ManagementApi(settings)
        operations = Operations(api, MemoryJournal() if journal is None else journal)
        return Connection(
            cloud=ClassicCloud(api, subscription_id=settings.subscription_id),
            storage=ClassicStorage(api, operations, settings),
            services=ClassicServices(api, operations),
            deployments=ClassicDeployments(api, operations),
            inventory=ClassicInventory(api),
        )
