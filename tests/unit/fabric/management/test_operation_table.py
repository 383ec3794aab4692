"""Every operation of the protocol's table, row by row: its status, its headers, its document in the recorded order."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from clouddp.network.issuing import issue_management_certificate
from tests.unit.fabric.builders import (
    MANAGEMENT,
    NAMESPACE,
    SERVICE,
    STORAGE_URL,
    Answer,
    Cloud,
    account_document,
    certificate_document,
    configuration,
    deployment_document,
    document,
    encoded,
    package,
    properties,
    running_cloud,
    service_document,
)

NOW = datetime.now(UTC)
ADDED = issue_management_certificate("added", now=NOW)
SERVICES, ACCOUNTS = "/services/hostedservices", "/services/storageservices"
ONE, ACCOUNT = f"{SERVICES}/one", f"{ACCOUNTS}/store1"
SLOT, NAMED = f"{ONE}/deploymentslots/Production", f"{ONE}/deployments/main"
INSTANCE = "/roleinstances/DistributionPoint_IN_0"
DAY = timedelta(days=1)
TIMEFRAME = f"StartTime={NOW - DAY:%Y-%m-%d}&EndTime={NOW + DAY:%Y-%m-%d}"

SUBSCRIPTION = (
    *("SubscriptionID", "SubscriptionName", "SubscriptionStatus", "AccountAdminLiveEmailId", "ServiceAdminLiveEmailId"),
    *("MaxCoreCount", "MaxStorageAccounts", "MaxHostedServices", "CurrentCoreCount", "CurrentHostedServices"),
    *("CurrentStorageAccounts", "MaxVirtualNetworkSites", "MaxLocalNetworkSites", "MaxDnsServers", "OfferCategories"),
    *("AADTenantID", "CreatedTime"),
)
LOCATION = ("Name", "DisplayName", "AvailableServices", "ComputeCapabilities", "StorageCapabilities")
ROLE_SIZE = (
    *("Name", "Label", "Cores", "MemoryInMb", "SupportedByWebWorkerRoles", "SupportedByVirtualMachines"),
    *("MaxDataDiskCount", "WebWorkerResourceDiskSizeInMb", "VirtualMachineResourceDiskSizeInMb"),
)
MANAGEMENT_CERTIFICATE = (
    *(
        "SubscriptionCertificatePublicKey",
        "SubscriptionCertificateThumbprint",
        "SubscriptionCertificateData",
        "Created",
    ),
)
HOSTED_SERVICE = ("Url", "ServiceName", "HostedServiceProperties", "ComputeCapabilities")
HOSTED_SERVICE_PROPERTIES = (
    *("Description", "Location", "Label", "Status", "DateCreated", "DateLastModified", "ExtendedProperties"),
)
STORAGE_SERVICE = ("Url", "ServiceName", "StorageServiceProperties", "ExtendedProperties", "Capabilities")
STORAGE_SERVICE_PROPERTIES = (
    *("Description", "Location", "Label", "Status", "Endpoints", "GeoPrimaryRegion", "StatusOfPrimary"),
    *("GeoSecondaryRegion", "StatusOfSecondary", "CreationTime", "CustomDomains", "AccountType"),
)
DEPLOYMENT = (
    *("Name", "DeploymentSlot", "PrivateID", "Status", "Label", "Url", "Configuration", "RoleInstanceList"),
    *("UpgradeDomainCount", "RoleList", "SdkVersion", "InputEndpointList", "Locked", "RollbackAllowed"),
    *("CreatedTime", "LastModifiedTime", "ExtendedProperties", "PersistentVMDowntime", "VirtualIPs", "LoadBalancers"),
)
ROLE_INSTANCE = (
    *("RoleName", "InstanceName", "InstanceStatus", "InstanceUpgradeDomain", "InstanceFaultDomain", "InstanceSize"),
    *("InstanceStateDetails", "IpAddress", "InstanceEndpoints", "PowerState", "HostName"),
)
KEYS = {"": ("Url", "StorageServiceKeys"), "StorageServiceKeys": ("Primary", "Secondary")}
AVAILABILITY = {"": ("Result", "Reason")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One operation; `shape` names the children of elements of the reply, which are named by their path."""

    operation: str
    call: tuple[str, str] | tuple[str, str, str]
    status: int = 200
    root: str = ""
    shape: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    location: str = ""


def management_certificate() -> str:
    return document(
        "SubscriptionCertificate",
        SubscriptionCertificatePublicKey="MIIB",
        SubscriptionCertificateThumbprint=ADDED.thumbprint,
        SubscriptionCertificateData=encoded(ADDED.certificate.public_bytes(Encoding.DER)),
    )


def upgrade() -> str:
    return document(
        "UpgradeDeployment",
        Mode="Auto",
        PackageUrl=f"{STORAGE_URL}/store1/clouddp/1.cspkg",
        Configuration=encoded(configuration(count=1)),
        Label=encoded("second"),
        RoleToUpgrade="DistributionPoint",
        Force="false",
    )


ROWS = (
    Row(operation="get-subscription", call=("GET", ""), root="Subscription", shape={"": SUBSCRIPTION}),
    Row(operation="list-locations", call=("GET", "/locations"), root="Locations", shape={"Location": LOCATION}),
    Row(operation="list-role-sizes", call=("GET", "/rolesizes"), root="RoleSizes", shape={"RoleSize": ROLE_SIZE}),
    Row(
        operation="list-management-certificates",
        call=("GET", "/certificates"),
        root="SubscriptionCertificates",
        shape={"SubscriptionCertificate": MANAGEMENT_CERTIFICATE},
    ),
    Row(
        operation="add-management-certificate",
        call=("POST", "/certificates", management_certificate()),
        status=201,
        location=f"/certificates/{ADDED.thumbprint}",
    ),
    Row(
        operation="get-management-certificate",
        call=("GET", f"/certificates/{ADDED.thumbprint}"),
        root="SubscriptionCertificate",
        shape={"": MANAGEMENT_CERTIFICATE},
    ),
    Row(operation="delete-management-certificate", call=("DELETE", f"/certificates/{ADDED.thumbprint}")),
    Row(
        operation="check-storage-account-name",
        call=("GET", f"{ACCOUNTS}/operations/isavailable/store1"),
        root="AvailabilityResponse",
        shape=AVAILABILITY,
    ),
    Row(
        operation="create-storage-account",
        call=("POST", ACCOUNTS, account_document(ExtendedProperties=properties(a="1"))),
        status=202,
        location="/storage/store1",
    ),
    Row(
        operation="list-storage-accounts",
        call=("GET", ACCOUNTS),
        root="StorageServices",
        shape={"StorageService": STORAGE_SERVICE},
    ),
    Row(
        operation="get-storage-account",
        call=("GET", ACCOUNT),
        root="StorageService",
        shape={
            "": STORAGE_SERVICE,
            "StorageServiceProperties": STORAGE_SERVICE_PROPERTIES,
            "ExtendedProperties/ExtendedProperty": ("Name", "Value"),
            "StorageServiceProperties/Endpoints": ("Endpoint",),
            "Capabilities": ("Capability",),
        },
    ),
    Row(operation="get-storage-account-keys", call=("GET", f"{ACCOUNT}/keys"), root="StorageService", shape=KEYS),
    Row(
        operation="regenerate-storage-account-keys",
        call=("POST", f"{ACCOUNT}/keys?action=regenerate", document("RegenerateKeys", KeyType="Primary")),
        root="StorageService",
        shape=KEYS,
    ),
    Row(
        operation="update-storage-account",
        call=("PUT", ACCOUNT, document("UpdateStorageServiceInput", Description="changed", Label=encoded("changed"))),
    ),
    Row(
        operation="check-hosted-service-name",
        call=("GET", f"{SERVICES}/operations/isavailable/one"),
        root="AvailabilityResponse",
        shape=AVAILABILITY,
    ),
    Row(
        operation="create-hosted-service",
        call=("POST", SERVICES, service_document("one", ExtendedProperties=properties(a="1"))),
        status=201,
        location="/compute/one",
    ),
    Row(
        operation="list-hosted-services",
        call=("GET", SERVICES),
        root="HostedServices",
        shape={"HostedService": HOSTED_SERVICE, "HostedService/HostedServiceProperties": HOSTED_SERVICE_PROPERTIES},
    ),
    Row(
        operation="get-hosted-service",
        call=("GET", f"{ONE}?embed-detail=false"),
        root="HostedService",
        shape={"": HOSTED_SERVICE, "HostedServiceProperties": HOSTED_SERVICE_PROPERTIES},
    ),
    Row(
        operation="update-hosted-service",
        call=("PUT", ONE, document("UpdateHostedService", Label=encoded("changed"), Description="changed")),
    ),
    Row(operation="add-service-certificate", call=("POST", f"{ONE}/certificates", certificate_document()), status=202),
    Row(
        operation="list-service-certificates",
        call=("GET", f"{ONE}/certificates"),
        root="Certificates",
        shape={"Certificate": ("CertificateUrl", "Thumbprint", "ThumbprintAlgorithm", "Data")},
    ),
    Row(
        operation="get-service-certificate",
        call=("GET", f"{ONE}/certificates/sha1-{SERVICE.thumbprint}"),
        root="Certificate",
        shape={"": ("Data",)},
    ),
    Row(
        operation="create-deployment",
        call=("POST", SLOT, deployment_document(cscfg=configuration(count=1), ExtendedProperties=properties(a="1"))),
        status=202,
    ),
    *(
        Row(
            operation="get-deployment",
            call=("GET", path),
            root="Deployment",
            shape={
                "": DEPLOYMENT,
                "RoleInstanceList/RoleInstance": ROLE_INSTANCE,
                "RoleList/Role": ("RoleName", "OsVersion"),
                "InputEndpointList/InputEndpoint": ("RoleName", "Vip", "Port"),
                "VirtualIPs/VirtualIP": ("Address", "IsDnsProgrammed", "Name"),
                "RoleInstanceList/RoleInstance/InstanceEndpoints/InstanceEndpoint": (
                    *("Name", "Vip", "PublicPort", "LocalPort", "Protocol"),
                ),
            },
        )
        for path in (SLOT, NAMED)
    ),
    Row(
        operation="get-hosted-service",
        call=("GET", f"{ONE}?embed-detail=true"),
        root="HostedService",
        shape={
            "": (*HOSTED_SERVICE[:-1], "Deployments", "ComputeCapabilities"),
            "Deployments": ("Deployment",),
            "Deployments/Deployment": DEPLOYMENT,
        },
    ),
    Row(operation="reboot-role-instance", call=("POST", f"{NAMED}{INSTANCE}?comp=reboot"), status=202),
    Row(operation="reimage-role-instance", call=("POST", f"{SLOT}{INSTANCE}?comp=reimage"), status=202),
    Row(
        operation="update-deployment-status",
        call=("POST", f"{NAMED}/?comp=status", document("UpdateDeploymentStatus", Status="Suspended")),
        status=202,
    ),
    Row(
        operation="change-configuration",
        call=(
            "POST",
            f"{NAMED}/?comp=config",
            document("ChangeConfiguration", Configuration=encoded(configuration(count=2)), Mode="Auto"),
        ),
        status=202,
    ),
    Row(operation="upgrade-deployment", call=("POST", f"{SLOT}/?comp=upgrade", upgrade()), status=202),
    Row(operation="delete-deployment", call=("DELETE", f"{NAMED}?comp=media"), status=202),
    Row(
        operation="delete-service-certificate",
        call=("DELETE", f"{ONE}/certificates/sha1-{SERVICE.thumbprint}"),
        status=202,
    ),
    Row(operation="delete-hosted-service", call=("DELETE", ONE)),
    Row(
        operation="create-hosted-service",
        call=("POST", SERVICES, service_document("one")),
        status=201,
        location="/compute/one",
    ),
    Row(operation="delete-hosted-service", call=("DELETE", f"{ONE}?comp=media"), status=202),
    Row(operation="delete-storage-account", call=("DELETE", ACCOUNT)),
    Row(
        operation="list-subscription-operations",
        call=("GET", f"/operations?{TIMEFRAME}"),
        root="SubscriptionOperationCollection",
        shape={
            "": ("SubscriptionOperations",),
            "SubscriptionOperations/SubscriptionOperation": (
                *("OperationId", "OperationObjectId", "OperationName", "OperationParameters", "OperationCaller"),
                *("OperationStatus", "OperationStartedTime", "OperationCompletedTime"),
            ),
            "SubscriptionOperations/SubscriptionOperation/OperationCaller": (
                *("UsedServiceManagementApi", "UserEmailAddress", "SubscriptionCertificateThumbprint", "ClientIP"),
            ),
            "SubscriptionOperations/SubscriptionOperation/OperationStatus": ("ID", "Status", "HttpStatusCode"),
        },
    ),
)


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    with running_cloud(tmp_path) as running:
        yield running


def test_every_operation_answers_as_its_row_says(cloud: Cloud) -> None:
    for row in ROWS:
        if row.operation == "create-deployment":
            put_package(cloud)

        answer = cloud.call(*row.call)

        assert (row.operation, answer.status, answer.body[:200] if answer.status >= 400 else "") == (
            row.operation,
            row.status,
            "",
        )
        check_headers(row, answer, cloud.subscription_id)
        check_document(row, answer)
        if row.call[0] != "GET":
            check_operation(row, cloud, answer.request_id)


def put_package(cloud: Cloud) -> None:
    folder = cloud.state.root / "storage" / "store1" / "clouddp"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "1.cspkg").write_bytes(package())


def check_headers(row: Row, answer: Answer, subscription_id: str) -> None:
    assert re.fullmatch(r"[0-9a-f]{32}", answer.request_id)
    assert answer.headers["x-ms-servedbyregion"] == "ussouth3"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["Server"].startswith("1.0.6198.243 (")
    assert answer.headers["Server"].endswith(") Microsoft-HTTPAPI/2.0")
    assert answer.headers["Content-Length"] == str(len(answer.body.encode()))
    assert answer.headers.get("Content-Type") == ("application/xml; charset=utf-8" if row.root else None)
    shown = f"https://127.0.0.1:8443/subscriptions/{subscription_id}{row.location}" if row.location else None
    assert answer.headers.get("Location") == shown, row.operation


def check_document(row: Row, answer: Answer) -> None:
    if not row.root:
        assert answer.body == "", row.operation
        return
    start = f'<{row.root} xmlns="{NAMESPACE}" xmlns:i="http://www.w3.org/2001/XMLSchema-instance">'
    assert answer.body.startswith(start)  # and no declaration before it
    for path, names in row.shape.items():
        found = answer.document
        for step in path.split("/") if path else ():
            child = found.find(f"{{{NAMESPACE}}}{step}")
            assert child is not None, (row.operation, path)
            found = child
        shown = tuple(child.tag.removeprefix(f"{{{NAMESPACE}}}") for child in found)
        assert (row.operation, path, shown[: len(names)], len(shown)) == (row.operation, path, names, len(names))


def check_operation(row: Row, cloud: Cloud, request_id: str) -> None:
    """Find the operation of a write as it was recorded: dashes in its ID, and 200 whatever was answered."""
    if row.status != 202:
        assert cloud.call("GET", f"/operations/{request_id}").text("Status") == "Succeeded", row.operation
    ended = cloud.wait_for(request_id)
    assert ended.status == 200
    names = [child.tag.removeprefix(f"{{{NAMESPACE}}}") for child in ended.document]
    assert (row.operation, names) == (row.operation, ["ID", "Status", "HttpStatusCode"])
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", ended.text("ID"))
    assert (ended.text("ID").replace("-", ""), ended.text("Status"), ended.text("HttpStatusCode")) == (
        request_id,
        "Succeeded",
        "200",
    )


def test_the_table_has_every_operation_that_the_endpoint_has(cloud: Cloud) -> None:
    routes = {route.operation for route, _ in cloud.application._router._routes}

    assert {row.operation for row in ROWS} | {"get-operation-status"} == routes
    assert len(routes) == 35


def test_an_operation_under_way_and_one_that_failed_are_told_as_documented(cloud: Cloud, tmp_path: Path) -> None:
    waiting = Cloud(tmp_path / "waiting")  # accepts, and does nothing
    accepted = waiting.call("POST", ACCOUNTS, account_document())
    cloud.make_service()
    failed = cloud.deploy(PackageUrl=f"{STORAGE_URL}/store1/clouddp/missing.cspkg")

    shown = waiting.call("GET", f"/operations/{accepted.request_id}")
    ended = cloud.wait_for(failed.request_id)

    assert [child.tag.removeprefix(f"{{{NAMESPACE}}}") for child in shown.document] == ["ID", "Status"]
    assert shown.text("Status") == "InProgress"
    assert [child.tag.removeprefix(f"{{{NAMESPACE}}}") for child in ended.document] == [
        *("ID", "Status", "HttpStatusCode", "Error")
    ]
    assert [child.tag.removeprefix(f"{{{NAMESPACE}}}") for child in ended.document[3]] == ["Code", "Message"]
    assert (ended.text("Status"), ended.text("HttpStatusCode")) == ("Failed", "400")
    assert MANAGEMENT.thumbprint not in ended.body
