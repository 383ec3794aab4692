"""Microsoft's Node clients of the classic management protocol find in the embedded cloud what the real one has."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from clouddp.network.certificates import to_pfx
from clouddp.network.issuing import issue_management_certificate
from tests.integration.classic_deployment import OLD, configuration, package_url, upload, wait_until, write_pem
from tests.integration.fabric_process import FabricProcess
from tests.integration.node_clients import NodeClients, NodeError, moment, octets
from tests.unit.cloud_services.site_bench import management_certificate

pytestmark = pytest.mark.peer("node", "npm")

ACCOUNT, SERVICE = "nodestore1", "node-service1"
INSTANCE = "DistributionPoint_IN_0"
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def fabric(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FabricProcess]:
    process = FabricProcess(tmp_path_factory.mktemp("cloud"))
    process.start()
    process.upload_management_certificate()
    yield process
    process.stop()


@pytest.fixture(scope="module")
def clients(fabric: FabricProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeClients]:
    addresses = fabric.addresses
    made = NodeClients(
        addresses["management_url"],
        addresses["subscription_id"],
        pem_file=write_pem(management_certificate(), tmp_path_factory.mktemp("pem")),
        ca_file=addresses["ca_file"],
    )
    yield made
    made.close()


def test_the_management_client_sees_the_subscription(fabric: FabricProcess, clients: NodeClients) -> None:
    subscription = clients.call("management.subscriptions.get")
    locations = clients.call("management.locations.list")["locations"]
    sizes = {size["name"]: size for size in clients.call("management.roleSizes.list")["roleSizes"]}

    assert subscription["subscriptionID"] == fabric.addresses["subscription_id"]
    assert subscription["subscriptionStatus"] == "Active"
    assert (subscription["maximumHostedServices"], subscription["maximumStorageAccounts"]) == (200, 200)
    assert "West Europe" in [location["name"] for location in locations]
    assert locations[0]["availableServices"] == ["Compute", "Storage"]
    assert "Small" in locations[0]["computeCapabilities"]["webWorkerRoleSizes"]
    assert sizes["Small"]["cores"] == 1
    assert sizes["Small"]["supportedByWebWorkerRoles"] is True


def as_text(data: bytes) -> str:
    """Read octets as these clients do, which take every Base-64 for text."""
    return data.decode("utf-8", "replace")


def test_management_certificates_come_and_go(clients: NodeClients) -> None:
    added = issue_management_certificate("added", now=NOW)
    data = added.certificate.public_bytes(Encoding.DER)
    wanted = {"publicKey": octets(b"key"), "thumbprint": added.thumbprint, "data": octets(data)}

    # The real service answers 201, as recorded; this client takes 200 alone, and tells of an error.
    with pytest.raises(NodeError) as caught:
        clients.call("management.managementCertificates.create", wanted)

    assert caught.value.status == 201
    shown = clients.call("management.managementCertificates.get", added.thumbprint)
    assert shown["thumbprint"] == added.thumbprint
    assert shown["data"] == as_text(data)
    clients.call("management.managementCertificates.deleteMethod", added.thumbprint)
    listed = clients.call("management.managementCertificates.list")["subscriptionCertificates"]
    assert added.thumbprint not in [certificate["thumbprint"] for certificate in listed]


def test_errors_have_the_code_and_the_text_of_the_real_service(clients: NodeClients) -> None:
    wanted = {"serviceName": "taken", "label": "taken", "location": "West Europe"}
    clients.call("compute.hostedServices.create", wanted)

    with pytest.raises(NodeError) as taken:
        clients.call("compute.hostedServices.create", wanted)
    with pytest.raises(NodeError) as missing:
        clients.call("compute.hostedServices.get", "missing")
    with pytest.raises(NodeError) as unreadable:
        clients.call("storage.storageAccounts.get", "No-Name")

    assert (taken.value.status, taken.value.code) == (409, "ConflictError")
    assert (missing.value.status, missing.value.code) == (404, "ResourceNotFound")
    assert "The hosted service does not exist." in missing.value.message
    assert (unreadable.value.status, unreadable.value.code) == (404, "ResourceNotFound")
    clients.call("compute.hostedServices.deleteMethod", "taken")


@pytest.mark.slow
def test_the_whole_life_of_a_service(fabric: FabricProcess, clients: NodeClients) -> None:
    begun = NOW - timedelta(minutes=5)
    make_storage(fabric, clients)
    make_service(clients)
    deploy(fabric, clients)
    change(fabric, clients)
    suspend_and_resume(clients)
    restart_an_instance(clients)
    remove_everything(clients)
    operations = clients.call(
        "management.subscriptions.listOperations",
        {"startTime": moment(begun), "endTime": moment(NOW + timedelta(days=1))},
    )["subscriptionOperations"]
    names = [operation["operationName"] for operation in operations]
    assert names[-1] == "DeleteStorageAccount"
    assert {"CreateDeployment", "UpgradeDeployment", "RebootRoleInstance", "DeleteHostedService"} <= set(names)
    assert operations[-1]["operationCaller"]["subscriptionCertificateThumbprint"] == management_certificate().thumbprint
    assert operations[-1]["operationParameters"]["name"] == ACCOUNT


def make_storage(fabric: FabricProcess, clients: NodeClients) -> None:
    assert clients.call("storage.storageAccounts.checkNameAvailability", ACCOUNT)["isAvailable"] is True
    wanted = {
        "name": ACCOUNT,
        "label": "é",
        "description": "first",
        "location": "West Europe",
        "accountType": "Standard_LRS",
        "extendedProperties": {"a": "1"},
    }
    done = clients.call("storage.storageAccounts.create", wanted)
    assert (done["status"], done["httpStatusCode"]) == ("Succeeded", "200")
    assert clients.call("storage.storageAccounts.checkNameAvailability", ACCOUNT)["isAvailable"] is False
    clients.call("storage.storageAccounts.update", ACCOUNT, {"description": "second", "extendedProperties": {"b": "2"}})
    shown = clients.call("storage.storageAccounts.get", ACCOUNT)["storageAccount"]
    assert (shown["properties"]["description"], shown["properties"]["label"]) == ("second", "é")
    assert shown["properties"]["status"] == "Created"
    assert shown["properties"]["endpoints"] == [f"{fabric.addresses['storage_url']}/{ACCOUNT}/"]
    assert shown["extendedProperties"] == {"a": "1", "b": "2"}
    listed = clients.call("storage.storageAccounts.list")["storageAccounts"]
    assert [account["name"] for account in listed] == [ACCOUNT]
    before = clients.call("storage.storageAccounts.getKeys", ACCOUNT)
    after = clients.call("storage.storageAccounts.regenerateKeys", {"name": ACCOUNT, "keyType": "Secondary"})
    assert (before["primaryKey"] == after["primaryKey"], before["secondaryKey"] == after["secondaryKey"]) == (
        True,
        False,
    )
    upload(fabric, ACCOUNT, after["primaryKey"])


def make_service(clients: NodeClients) -> None:
    assert clients.call("compute.hostedServices.checkNameAvailability", SERVICE)["isAvailable"] is True
    wanted = {"serviceName": SERVICE, "label": "one", "location": "West Europe", "extendedProperties": {"a": "1"}}
    clients.call("compute.hostedServices.create", wanted)
    clients.call("compute.hostedServices.update", SERVICE, {"label": "two", "extendedProperties": {"b": "2"}})
    shown = clients.call("compute.hostedServices.get", SERVICE)
    assert (shown["properties"]["label"], shown["properties"]["status"]) == ("two", "Created")
    assert shown["properties"]["extendedProperties"] == {"a": "1", "b": "2"}
    assert SERVICE in [each["serviceName"] for each in clients.call("compute.hostedServices.list")["hostedServices"]]
    certificate = {"data": octets(to_pfx(OLD, "secret")), "certificateFormat": "pfx", "password": "secret"}
    clients.call("compute.serviceCertificates.create", SERVICE, certificate)
    listed = clients.call("compute.serviceCertificates.list", SERVICE)["certificates"]
    assert [each["thumbprint"] for each in listed] == [OLD.thumbprint]
    name = {"serviceName": SERVICE, "thumbprintAlgorithm": "sha1", "thumbprint": OLD.thumbprint}
    der = OLD.certificate.public_bytes(Encoding.DER)
    assert clients.call("compute.serviceCertificates.get", name)["data"] == as_text(der)


def deploy(fabric: FabricProcess, clients: NodeClients) -> None:
    wanted = {
        "name": "main",
        "label": "main",
        "packageUri": package_url(storage_url(fabric)),
        "configuration": configuration(storage_url(fabric), count=1, certificate=OLD),
        "startDeployment": True,
        "extendedProperties": {"a": "1"},
    }
    done = clients.call("compute.deployments.create", SERVICE, "Production", wanted)
    assert done["status"] == "Succeeded"
    wait_until(lambda: statuses(clients), lambda found: found == ["ReadyRole"])
    deployment = clients.call("compute.deployments.getBySlot", SERVICE, "Production")
    assert (deployment["name"], deployment["status"]) == ("main", "Running")
    assert deployment["roleInstances"][0]["instanceName"] == INSTANCE
    assert deployment["roleInstances"][0]["powerState"] == "Started"
    assert deployment["virtualIPAddresses"][0]["address"].startswith("127.")
    assert deployment["configuration"] == wanted["configuration"]
    detailed = clients.call("compute.hostedServices.getDetailed", SERVICE)
    assert [each["name"] for each in detailed["deployments"]] == ["main"]


def change(fabric: FabricProcess, clients: NodeClients) -> None:
    wanted = configuration(storage_url(fabric), count=2, certificate=OLD)
    clients.call("compute.deployments.changeConfigurationByName", SERVICE, "main", {"configuration": wanted})
    assert statuses(clients) == ["ReadyRole"] * 2
    parameters = {
        "mode": "Auto",
        "force": True,
        "label": "next",
        "packageUri": package_url(storage_url(fabric)),
        "configuration": configuration(storage_url(fabric), count=1, certificate=OLD),
    }
    clients.call("compute.deployments.upgradeBySlot", SERVICE, "Production", parameters)
    deployment = clients.call("compute.deployments.getByName", SERVICE, "main")
    assert deployment["label"] == "next"
    assert statuses(clients) == ["ReadyRole"]


def suspend_and_resume(clients: NodeClients) -> None:
    clients.call("compute.deployments.updateStatusByDeploymentName", SERVICE, "main", {"status": "Suspended"})
    assert clients.call("compute.deployments.getByName", SERVICE, "main")["status"] == "Suspended"
    assert statuses(clients) == ["StoppedVM"]
    clients.call("compute.deployments.updateStatusByDeploymentSlot", SERVICE, "Production", {"status": "Running"})
    wait_until(lambda: statuses(clients), lambda found: found == ["ReadyRole"])


def restart_an_instance(clients: NodeClients) -> None:
    clients.call("compute.deployments.rebootRoleInstanceByDeploymentName", SERVICE, "main", INSTANCE)
    wait_until(lambda: statuses(clients), lambda found: found == ["ReadyRole"])
    clients.call("compute.deployments.reimageRoleInstanceByDeploymentSlot", SERVICE, "Production", INSTANCE)
    wait_until(lambda: statuses(clients), lambda found: found == ["ReadyRole"])


def remove_everything(clients: NodeClients) -> None:
    clients.call("compute.hostedServices.deleteAll", SERVICE)
    with pytest.raises(NodeError) as caught:
        clients.call("compute.hostedServices.get", SERVICE)
    assert caught.value.status == 404
    clients.call("storage.storageAccounts.deleteMethod", ACCOUNT)
    assert clients.call("storage.storageAccounts.list")["storageAccounts"] == []


def storage_url(fabric: FabricProcess) -> str:
    return f"{fabric.addresses['storage_url']}/{ACCOUNT}"


def statuses(clients: NodeClients) -> list[str]:
    deployment: dict[str, Any] = clients.call("compute.deployments.getByName", SERVICE, "main")
    return [instance["instanceStatus"] for instance in deployment["roleInstances"]]
