"""Connections to Azure Service Management, or to anything that speaks its protocol."""

from clouddp.providers.azure_classic.cloud import ClassicCloud
from clouddp.providers.azure_classic.inventory import ClassicInventory
from clouddp.providers.azure_classic.management_api import ManagementApi
from clouddp.providers.azure_classic.operations import Operations
from clouddp.providers.azure_classic.services import ClassicServices
from clouddp.providers.azure_classic.storage import ClassicStorage
from clouddp.providers.base import Connection, ConnectionSettings


class AzureClassicProvider:
    """The provider `azure-classic`."""

    def connect(self, settings: ConnectionSettings) -> Connection:
        """Prepare TLS with the management certificate; nothing is sent yet."""
        api = ManagementApi(settings)
        operations = Operations(api)
        return Connection(
            cloud=ClassicCloud(api, subscription_id=settings.subscription_id),
            storage=ClassicStorage(api, operations, authorities_pem=settings.authorities_pem, mark=settings.mark),
            services=ClassicServices(api, operations, mark=settings.mark),
            inventory=ClassicInventory(api),
        )
