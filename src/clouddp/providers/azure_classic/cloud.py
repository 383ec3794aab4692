"""The subscription: its limits, its regions, and which names are free."""

from clouddp.model.errors import CloudError
from clouddp.providers.azure_classic.documents import Node
from clouddp.providers.azure_classic.management_api import ManagementApi
from clouddp.providers.base import Region, Subscription


class ClassicCloud:
    """One subscription."""

    def __init__(self, api: ManagementApi, *, subscription_id: str) -> None:
        self._api = api
        self._subscription_id = subscription_id

    def check_access(self) -> Subscription:
        """Read the subscription."""
        node = self._read("")
        if node.text("SubscriptionStatus") == "Disabled":
            raise CloudError(
                "cloud.subscription_disabled",
                subscription_id=self._subscription_id,
                detail=node.text("SubscriptionStatus"),
            )
        return Subscription(
            id=node.text("SubscriptionID"),
            name=node.text("SubscriptionName"),
            storage_accounts=node.number("CurrentStorageAccounts"),
            storage_accounts_limit=node.number("MaxStorageAccounts"),
            hosted_services=node.number("CurrentHostedServices"),
            hosted_services_limit=node.number("MaxHostedServices"),
            cores=node.number("CurrentCoreCount"),
            cores_limit=node.number("MaxCoreCount"),
        )

    def list_regions(self) -> tuple[Region, ...]:
        """List the locations that offer both storage and compute."""
        return tuple(
            Region(name=location.text("Name"), display_name=location.text("DisplayName"))
            for location in self._read("/locations").children("Location")
            if _offers_what_we_need(location)
        )

    def is_service_name_free(self, name: str) -> bool:
        """Ask for the availability of a hosted service's name."""
        answer = self._read(f"/services/hostedservices/operations/isavailable/{name}")
        return answer.text("Result") == "true"

    def is_account_name_free(self, name: str) -> bool:
        """Ask for the availability of a storage account's name."""
        answer = self._read(f"/services/storageservices/operations/isavailable/{name}")
        return answer.text("Result") == "true"

    def _read(self, path: str) -> Node:
        node = self._api.read(path)
        if node is None:
            raise CloudError("cloud.subscription_not_found", subscription_id=self._subscription_id)
        return node


def _offers_what_we_need(location: Node) -> bool:
    services = location.find("AvailableServices")
    offered = set() if services is None else {service.text() for service in services.children("AvailableService")}
    return {"Compute", "Storage"} <= offered
