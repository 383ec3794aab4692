"""Management REST of a subscription: itself, its locations, operations and management certificates."""

from collections.abc import Callable, Mapping
from typing import Final
from uuid import UUID

from clouddp.fabric.compute.deployments import Deployments
from clouddp.fabric.compute.hosted_services import HostedServices
from clouddp.fabric.locations import AVAILABLE_SERVICES, LOCATIONS, ROLE_SIZES, STORAGE_ACCOUNT_TYPES, RoleSize
from clouddp.fabric.management.documents import (
    element,
    flag_element,
    moment_text,
    precise_moment_text,
    read_document,
    reply_document,
    text_element,
)
from clouddp.fabric.management.protocol_errors import bad_request, not_found
from clouddp.fabric.management.routes import CERTIFICATE_VERSION, Reply, Request, Route
from clouddp.fabric.operations import Operation, Operations, OperationStatus
from clouddp.fabric.storage_accounts import StorageAccounts
from clouddp.fabric.subscriptions import ManagementCertificate, Subscriptions
from clouddp.model.errors import InvalidInputError
from clouddp.network.certificates import load_certificate, thumbprint

_NO_TENANT: Final = str(UUID(int=0))


class SubscriptionApi:
    """Answers what concerns a subscription as a whole."""

    def __init__(
        self,
        subscriptions: Subscriptions,
        operations: Operations,
        accounts: StorageAccounts,
        services: HostedServices,
        deployments: Deployments,
        *,
        is_disabled: Callable[[str], bool],
    ) -> None:
        self._subscriptions = subscriptions
        self._operations = operations
        self._accounts = accounts
        self._services = services
        self._deployments = deployments
        self._is_disabled = is_disabled

    def routes(self) -> list[Route]:
        """Return the routes of these operations."""
        version = CERTIFICATE_VERSION
        return [
            Route("GET", "", "get-subscription", self._get_subscription),
            Route("GET", "/locations", "list-locations", self._list_locations),
            Route("GET", "/rolesizes", "list-role-sizes", self._list_role_sizes),
            Route("GET", "/operations/{id}", "get-operation-status", self._get_operation),
            Route("GET", "/certificates", "list-management-certificates", self._list_certificates, version=version),
            Route("POST", "/certificates", "add-management-certificate", self._add_certificate, version=version),
            Route(
                "GET",
                "/certificates/{thumbprint}",
                "get-management-certificate",
                self._get_certificate,
                version=version,
            ),
            Route(
                "DELETE",
                "/certificates/{thumbprint}",
                "delete-management-certificate",
                self._delete_certificate,
                version=version,
            ),
        ]

    def _get_subscription(self, request: Request, _names: Mapping[str, str]) -> Reply:
        subscription = self._subscriptions.get(request.subscription_id)
        values = {
            "SubscriptionID": subscription.id,
            "SubscriptionName": subscription.name,
            "SubscriptionStatus": "Disabled" if self._is_disabled(subscription.id) else "Active",
            "AccountAdminLiveEmailId": "",
            "ServiceAdminLiveEmailId": "",
            "MaxCoreCount": subscription.quotas.cores,
            "MaxStorageAccounts": subscription.quotas.storage_accounts,
            "MaxHostedServices": subscription.quotas.hosted_services,
            "CurrentCoreCount": self._deployments.core_count(subscription.id),
            "CurrentHostedServices": len(self._services.all(subscription.id)),
            "CurrentStorageAccounts": len(self._accounts.all(subscription.id)),
            "MaxVirtualNetworkSites": 0,
            "MaxLocalNetworkSites": 0,
            "MaxDnsServers": 0,
            "OfferCategories": "",
            "AADTenantID": _NO_TENANT,
            "CreatedTime": moment_text(subscription.created_at),
        }
        return Reply(body=reply_document("Subscription", *(text_element(*item) for item in values.items())))

    def _list_locations(self, _request: Request, _names: Mapping[str, str]) -> Reply:
        return Reply(body=reply_document("Locations", *(_location(location.name) for location in LOCATIONS)))

    def _list_role_sizes(self, _request: Request, _names: Mapping[str, str]) -> Reply:
        return Reply(body=reply_document("RoleSizes", *(_role_size(size) for size in ROLE_SIZES)))

    def _get_operation(self, request: Request, names: Mapping[str, str]) -> Reply:
        operation = self._operations.get(request.subscription_id, names["id"].lower().replace("-", ""))
        if operation is None:
            raise not_found("The operation was not found.")
        return Reply(body=_operation(operation))

    def _list_certificates(self, request: Request, _names: Mapping[str, str]) -> Reply:
        certificates = self._subscriptions.get(request.subscription_id).certificates
        found = (element("SubscriptionCertificate", *_certificate(certificate)) for certificate in certificates)
        return Reply(body=reply_document("SubscriptionCertificates", *found))

    def _get_certificate(self, request: Request, names: Mapping[str, str]) -> Reply:
        certificate = self._subscriptions.get_certificate(request.subscription_id, names["thumbprint"])
        return Reply(body=reply_document("SubscriptionCertificate", *_certificate(certificate)))

    def _add_certificate(self, request: Request, _names: Mapping[str, str]) -> Reply:
        document = read_document(request.body, "SubscriptionCertificate")
        try:
            data = document.needed_bytes("SubscriptionCertificateData")
            certificate = load_certificate(data, name="SubscriptionCertificateData")
        except InvalidInputError as error:
            raise bad_request("The SubscriptionCertificateData element is not a certificate.") from error
        if document.needed_text("SubscriptionCertificateThumbprint").upper() != thumbprint(certificate):
            raise bad_request("The SubscriptionCertificateThumbprint element is not the thumbprint of the certificate.")
        added = self._subscriptions.add_certificate(request.subscription_id, certificate)
        return Reply(status=201, location=_certificate_url(request, added))

    def _delete_certificate(self, request: Request, names: Mapping[str, str]) -> Reply:
        self._subscriptions.remove_certificate(request.subscription_id, names["thumbprint"])
        return Reply()


def _role_size(size: RoleSize) -> str:
    return element(
        "RoleSize",
        text_element("Name", size.name),
        text_element("Label", f"{size.name} ({size.cores} cores, {size.memory_mb} MB)"),
        text_element("Cores", size.cores),
        text_element("MemoryInMb", size.memory_mb),
        flag_element("SupportedByWebWorkerRoles", value=True),
        flag_element("SupportedByVirtualMachines", value=False),
        text_element("MaxDataDiskCount", size.data_disks),
        text_element("WebWorkerResourceDiskSizeInMb", size.disk_mb),
        text_element("VirtualMachineResourceDiskSizeInMb", 0),
    )


def _location(name: str) -> str:
    role_sizes = [text_element("RoleSize", size.name) for size in ROLE_SIZES]
    account_types = [text_element("StorageAccountType", kind) for kind in STORAGE_ACCOUNT_TYPES]
    return element(
        "Location",
        text_element("Name", name),
        text_element("DisplayName", name),
        element("AvailableServices", *(text_element("AvailableService", each) for each in AVAILABLE_SERVICES)),
        element("ComputeCapabilities", element("WebWorkerRoleSizes", *role_sizes), element("VirtualMachinesRoleSizes")),
        element("StorageCapabilities", element("StorageAccountTypes", *account_types)),
    )


def _operation(operation: Operation) -> str:
    parts = [text_element("ID", UUID(operation.id)), text_element("Status", operation.status)]
    if operation.status is not OperationStatus.IN_PROGRESS:
        parts.append(text_element("HttpStatusCode", operation.http_status))
    if operation.status is OperationStatus.FAILED:
        code, message = text_element("Code", operation.error_code), text_element("Message", operation.error_message)
        parts.append(element("Error", code, message))
    return reply_document("Operation", *parts)


def _certificate(certificate: ManagementCertificate) -> list[str]:
    return [
        text_element("SubscriptionCertificatePublicKey", certificate.public_key),
        text_element("SubscriptionCertificateThumbprint", certificate.thumbprint),
        text_element("SubscriptionCertificateData", certificate.data),
        text_element("Created", precise_moment_text(certificate.created_at)),
    ]


def _certificate_url(request: Request, certificate: ManagementCertificate) -> str:
    return f"{request.base_url}/subscriptions/{request.subscription_id}/certificates/{certificate.thumbprint}"
