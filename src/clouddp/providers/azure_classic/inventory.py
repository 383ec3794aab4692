"""What a subscription holds: its storage accounts and hosted services with our marks, certificates and deployments."""

import base64
import binascii
from typing import Final

from clouddp.providers.azure_classic.documents import Node
from clouddp.providers.azure_classic.management_api import ManagementApi
from clouddp.providers.azure_classic.marks import read_marks
from clouddp.providers.base import FoundAccount, FoundDeployment, FoundService, RoleInstance

_ACCOUNTS: Final = "/services/storageservices"
_SERVICES: Final = "/services/hostedservices"
_LEAVING: Final = frozenset({"Deleting", "Deleted"})
_SUSPENDED: Final = frozenset({"Suspended", "Suspending", "SuspendedTransitioning"})


class ClassicInventory:
    """One subscription, looked at."""

    def __init__(self, api: ManagementApi) -> None:
        self._api = api

    def list_accounts(self) -> tuple[FoundAccount, ...]:
        """List Storage Accounts."""
        return tuple(_account(node) for node in self._children(_ACCOUNTS, "StorageService"))

    def list_services(self) -> tuple[FoundService, ...]:
        """List Hosted Services."""
        return tuple(_service(node) for node in self._children(_SERVICES, "HostedService"))

    def list_certificates(self, service: str) -> tuple[str, ...]:
        """List Service Certificates."""
        found = self._children(f"{_SERVICES}/{service}/certificates", "Certificate")
        return tuple(node.text("Thumbprint").upper() for node in found)

    def find_deployment(self, service: str) -> FoundDeployment | None:
        """Get Deployment, of the production slot."""
        node = self._api.read(f"{_SERVICES}/{service}/deploymentslots/Production")
        if node is None:
            return None
        listed = node.find("RoleInstanceList")
        return FoundDeployment(
            status=node.text("Status"),
            is_suspended=node.text("Status") in _SUSPENDED,
            label=_decoded(node.text("Label")).decode("utf-8", "replace"),
            configuration=_decoded(node.text("Configuration")),
            instances=() if listed is None else tuple(_instance(item) for item in listed.children("RoleInstance")),
        )

    def _children(self, path: str, name: str) -> tuple[Node, ...]:
        node = self._api.read(path)
        return () if node is None else tuple(node.children(name))


def _account(node: Node) -> FoundAccount:
    status = node.text("StorageServiceProperties", "Status")
    return FoundAccount(
        name=node.text("ServiceName"),
        region=node.text("StorageServiceProperties", "Location"),
        status=status,
        is_ready=status == "Created",
        is_leaving=status in _LEAVING,
        marks=read_marks(node.find("ExtendedProperties")),
    )


def _service(node: Node) -> FoundService:
    return FoundService(
        name=node.text("ServiceName"),
        region=node.text("HostedServiceProperties", "Location"),
        marks=read_marks(node.find("HostedServiceProperties", "ExtendedProperties")),
    )


def _instance(node: Node) -> RoleInstance:
    status = node.text("InstanceStatus")
    return RoleInstance(name=node.text("InstanceName"), status=status, is_ready=status == "ReadyRole")


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except binascii.Error:
        return b""
