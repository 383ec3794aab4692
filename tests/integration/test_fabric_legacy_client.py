"""Microsoft's own client of the classic management protocol drives the embedded cloud through a whole life cycle."""

import base64
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import dns.message
import dns.query
import pytest
import requests
from azure.common import AzureConflictHttpError, AzureHttpError, AzureMissingResourceHttpError
from azure.servicemanagement import ServiceManagementService
from azure.servicemanagement.models import AzureAsyncOperationHttpError
from cryptography.hazmat.primitives.serialization import Encoding

from clouddp.network.certificates import KeyedCertificate, to_pfx
from clouddp.network.issuing import issue_management_certificate
from tests.integration.classic_deployment import (
    NEW,
    NOW,
    OLD,
    encoded_configuration,
    package_url,
    upload,
    wait_until,
    write_pem,
)
from tests.integration.fabric_process import FabricProcess
from tests.unit.cloud_services.site_bench import management_certificate

ACCOUNT = SERVICE = "d1594d4527614a09b934d470"


@pytest.fixture(scope="module")
def fabric(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FabricProcess]:
    process = FabricProcess(tmp_path_factory.mktemp("cloud"))
    process.start()
    process.upload_management_certificate()
    yield process
    process.stop()


@pytest.fixture
def client(fabric: FabricProcess, tmp_path: Path) -> Iterator[ServiceManagementService]:
    with requests.Session() as session:
        yield connect(fabric, session, management_certificate(), tmp_path)


def connect(
    fabric: FabricProcess, session: requests.Session, keyed: KeyedCertificate, folder: Path
) -> ServiceManagementService:
    pem = str(write_pem(keyed, folder))
    session.cert, session.verify, session.trust_env = pem, fabric.addresses["ca_file"], False
    return ServiceManagementService(
        fabric.addresses["subscription_id"],
        host=fabric.addresses["management_url"].removeprefix("https://"),
        request_session=session,
    )


def wait(client: ServiceManagementService, accepted: Any) -> None:
    """Wait for an operation as that client does."""
    client.wait_for_operation_status(
        accepted.request_id, timeout=60, sleep_interval=0.1, progress_callback=None, success_callback=None
    )


def resolve(fabric: FabricProcess, host: str) -> list[str]:
    server, _, port = fabric.addresses["dns"].rpartition(":")
    answer = dns.query.udp(dns.message.make_query(host, "A"), server, port=int(port), timeout=5)
    return [str(record) for found in answer.answer for record in found]


def storage_url(fabric: FabricProcess) -> str:
    return f"{fabric.addresses['storage_url']}/{ACCOUNT}"


def statuses(client: ServiceManagementService, service: str = SERVICE) -> list[str]:
    deployment = client.get_deployment_by_slot(service, "production")
    return [instance.instance_status for instance in deployment.role_instance_list]


def test_the_whole_life_of_a_service(fabric: FabricProcess, client: ServiceManagementService) -> None:
    make_storage(fabric, client)
    make_service(client)
    deploy(fabric, client)
    scale_and_exchange_certificate(fabric, client)
    suspend_and_resume(client)
    survive_a_kill(fabric, client)
    remove_everything(fabric, client)
    read_what_was_done(client)


def make_storage(fabric: FabricProcess, client: ServiceManagementService) -> None:
    assert client.get_subscription().subscription_status == "Active"
    location = client.list_locations()[0].name
    assert client.check_storage_account_name_availability(ACCOUNT).result
    wait(client, client.create_storage_account(ACCOUNT, "storage", ACCOUNT, location=location))
    shown = client.get_storage_account_properties(ACCOUNT)
    assert shown.storage_service_properties.status == "Created"
    assert shown.storage_service_properties.endpoints == [f"{storage_url(fabric)}/"]
    assert not client.check_storage_account_name_availability(ACCOUNT).result
    assert [account.service_name for account in client.list_storage_accounts()] == [ACCOUNT]
    change_storage(client)
    upload(fabric, ACCOUNT, client.get_storage_account_keys(ACCOUNT).storage_service_keys.primary)


def change_storage(client: ServiceManagementService) -> None:
    client.update_storage_account(ACCOUNT, "changed", "é", extended_properties={"a": "1"}, account_type="Standard_LRS")
    shown = client.get_storage_account_properties(ACCOUNT)
    assert shown.storage_service_properties.description == "changed"
    assert shown.storage_service_properties.label == "é"
    assert shown.storage_service_properties.account_type == "Standard_LRS"
    assert shown.extended_properties == {"a": "1"}
    before = client.get_storage_account_keys(ACCOUNT).storage_service_keys
    after = client.regenerate_storage_account_keys(ACCOUNT, "Primary").storage_service_keys
    assert before.primary != after.primary
    assert before.secondary == after.secondary


def make_service(client: ServiceManagementService) -> None:
    assert client.check_hosted_service_name_availability(SERVICE).result
    made = client.create_hosted_service(SERVICE, SERVICE, "a distribution point", location="West Europe")
    assert client.get_operation_status(made.request_id).status == "Succeeded"
    with pytest.raises(AzureConflictHttpError):
        client.create_hosted_service(SERVICE, SERVICE, location="West Europe")
    assert not client.check_hosted_service_name_availability(SERVICE).result
    client.update_hosted_service(SERVICE, "changed", "of Contoso", {"a": "1"})
    shown = client.get_hosted_service_properties(SERVICE).hosted_service_properties
    assert (shown.label, shown.description, shown.extended_properties) == ("changed", "of Contoso", {"a": "1"})
    assert [service.service_name for service in client.list_hosted_services()] == [SERVICE]
    add_certificate(client, OLD)
    data = client.get_service_certificate(SERVICE, "sha1", OLD.thumbprint).data
    assert base64.b64decode(data) == OLD.certificate.public_bytes(Encoding.DER)


def add_certificate(client: ServiceManagementService, keyed: KeyedCertificate) -> None:
    data = base64.b64encode(to_pfx(keyed, "secret")).decode()
    wait(client, client.add_service_certificate(SERVICE, data, "pfx", "secret"))
    listed = [certificate.thumbprint for certificate in client.list_service_certificates(SERVICE)]
    assert keyed.thumbprint in listed


def deploy(fabric: FabricProcess, client: ServiceManagementService) -> None:
    wanted = encoded_configuration(storage_url(fabric), count=2, certificate=OLD)
    accepted = client.create_deployment(
        SERVICE, "production", "main", package_url(storage_url(fabric)), "main", wanted, start_deployment=True
    )
    wait(client, accepted)
    wait_until(lambda: statuses(client), lambda found: found == ["ReadyRole", "ReadyRole"])
    deployment = client.get_deployment_by_name(SERVICE, "main")
    assert deployment.status == "Running"
    assert deployment.url == f"http://{SERVICE}.cloudapp.net/"
    assert [instance.instance_upgrade_domain for instance in deployment.role_instance_list] == [0, 1]
    assert resolve(fabric, f"{SERVICE}.cloudapp.net") == [deployment.virtual_ips[0].address]
    detailed = client.get_hosted_service_properties(SERVICE, embed_detail=True)
    assert [each.name for each in detailed.deployments] == ["main"]
    assert client.get_subscription().current_core_count == 2


def scale_and_exchange_certificate(fabric: FabricProcess, client: ServiceManagementService) -> None:
    add_certificate(client, NEW)
    wanted = encoded_configuration(storage_url(fabric), count=3, certificate=NEW)
    wait(client, client.change_deployment_configuration(SERVICE, "main", wanted))
    assert statuses(client) == ["ReadyRole"] * 3
    wait(client, client.delete_service_certificate(SERVICE, "sha1", OLD.thumbprint))


def suspend_and_resume(client: ServiceManagementService) -> None:
    wait(client, client.update_deployment_status(SERVICE, "main", "Suspended"))
    assert client.get_deployment_by_name(SERVICE, "main").status == "Suspended"
    assert set(statuses(client)) == {"StoppedVM"}
    wait(client, client.update_deployment_status(SERVICE, "main", "Running"))
    wait_until(lambda: statuses(client), lambda found: found == ["ReadyRole"] * 3)


def survive_a_kill(fabric: FabricProcess, client: ServiceManagementService) -> None:
    """Kill the cloud right after it accepted work: it is back at the same place and ends the work."""
    before = dict(fabric.addresses)
    children = instance_processes(fabric)
    assert len(children) == 3
    wanted = encoded_configuration(storage_url(fabric), count=2, certificate=NEW)
    accepted = client.change_deployment_configuration(SERVICE, "main", wanted)
    fabric.kill()
    wait_until(lambda: [child for child in children if is_alive(child)], lambda alive: not alive)

    fabric.start()

    same = ("management_url", "storage_url", "portal_url", "dns", "subscription_id")
    assert [fabric.addresses[name] for name in same] == [before[name] for name in same]
    wait(client, accepted)
    wait_until(lambda: statuses(client), lambda found: found == ["ReadyRole"] * 2)
    assert len(instance_processes(fabric)) == 2


def remove_everything(fabric: FabricProcess, client: ServiceManagementService) -> None:
    children = instance_processes(fabric)
    wait(client, client.delete_deployment(SERVICE, "main"))
    assert not any(is_alive(child) for child in children)
    assert resolve(fabric, f"{SERVICE}.cloudapp.net") == []
    client.delete_hosted_service(SERVICE)
    client.delete_storage_account(ACCOUNT)
    with pytest.raises(AzureMissingResourceHttpError):
        client.get_hosted_service_properties(SERVICE)
    assert list(client.list_storage_accounts()) == []
    assert list((Path(fabric.addresses["state"]) / "storage").iterdir()) == []


def read_what_was_done(client: ServiceManagementService) -> None:
    day = timedelta(days=1)
    done = client.list_subscription_operations(f"{NOW - day:%Y-%m-%dT%H:%M:%SZ}", f"{NOW + day:%Y-%m-%dT%H:%M:%SZ}")
    operations = list(done.subscription_operations)
    names = [operation.operation_name for operation in operations]
    assert names[0] == "CreateStorageAccount"
    assert names[-3:] == ["DeleteDeployment", "DeleteHostedService", "DeleteStorageAccount"]
    assert {operation.operation_status.status for operation in operations} == {"Succeeded"}
    caller = operations[0].operation_caller
    assert caller.subscription_certificate_thumbprint == management_certificate().thumbprint
    assert operations[0].operation_object_id.endswith(f"/services/storageservices/{ACCOUNT}")
    assert operations[0].operation_parameters["subscriptionID"] == client.subscription_id


def make_whole(fabric: FabricProcess, client: ServiceManagementService, name: str) -> str:
    """Make account and service of a name, ready for a deployment; returns the account's URL."""
    wait(client, client.create_storage_account(name, "storage", name, location="West Europe"))
    upload(fabric, name, client.get_storage_account_keys(name).storage_service_keys.primary)
    client.create_hosted_service(name, name, location="West Europe")
    data = base64.b64encode(to_pfx(OLD, "secret")).decode()
    wait(client, client.add_service_certificate(name, data, "pfx", "secret"))
    return f"{fabric.addresses['storage_url']}/{name}"


def remove_whole(client: ServiceManagementService, name: str) -> None:
    wait(client, client.delete_hosted_service(name, complete=True))
    with pytest.raises(AzureMissingResourceHttpError):
        client.get_hosted_service_properties(name)
    client.delete_storage_account(name)


def test_a_service_is_deleted_with_all_that_is_in_it(fabric: FabricProcess, client: ServiceManagementService) -> None:
    storage = make_whole(fabric, client, "whole")
    wanted = encoded_configuration(storage, count=1, certificate=OLD)
    for slot in ("production", "staging"):
        wait(client, client.create_deployment("whole", slot, slot, package_url(storage), slot, wanted))
    assert client.get_deployment_by_slot("whole", "staging").status == "Suspended"
    wait(client, client.delete_deployment("whole", "staging", delete_vhd=True))

    remove_whole(client, "whole")


@pytest.mark.slow
def test_running_instances_are_upgraded_and_restarted(fabric: FabricProcess, client: ServiceManagementService) -> None:
    storage = make_whole(fabric, client, "running")
    wanted, package = encoded_configuration(storage, count=1, certificate=OLD), package_url(storage)
    created = client.create_deployment("running", "production", "main", package, "main", wanted, start_deployment=True)
    wait(client, created)
    wait_until(lambda: statuses(client, "running"), lambda found: found == ["ReadyRole"])

    wait(client, client.upgrade_deployment("running", "main", "auto", package, wanted, "second", True))
    assert client.get_deployment_by_name("running", "main").label == "second"
    assert statuses(client, "running") == ["ReadyRole"]
    for restart in (client.reboot_role_instance, client.reimage_role_instance):
        wait(client, restart("running", "main", "DistributionPoint_IN_0"))
        wait_until(lambda: statuses(client, "running"), lambda found: found == ["ReadyRole"])

    remove_whole(client, "running")


def test_sizes_and_quotas_are_told(client: ServiceManagementService) -> None:
    sizes = {size.name: size for size in client.list_role_sizes()}
    subscription = client.get_subscription()

    assert (sizes["Small"].cores, sizes["Small"].memory_in_mb) == (1, 1792)
    assert sizes["Small"].supported_by_web_worker_roles
    assert subscription.max_core_count > subscription.current_core_count
    assert (subscription.max_hosted_services, subscription.max_storage_accounts) == (200, 200)


def test_a_synchronous_request_has_an_operation_that_succeeded(client: ServiceManagementService) -> None:
    client.create_hosted_service("synchronous", "synchronous", location="West Europe")
    deleted = client.delete_hosted_service("synchronous")

    operation = client.get_operation_status(deleted.request_id)

    assert (operation.status, operation.http_status_code) == ("Succeeded", "200")


def instance_processes(fabric: FabricProcess) -> list[int]:
    """Find the instances by their working directory, which is a folder of their own."""
    folders = Path(fabric.addresses["state"]) / "instances"
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                folder = (entry / "cwd").readlink()
            except OSError:
                continue  # ended meanwhile, or not ours
            if folders in folder.parents:
                found.append(int(entry.name))
    return found


def is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def test_an_operation_that_fails_tells_why(fabric: FabricProcess, client: ServiceManagementService) -> None:
    client.create_hosted_service("failing", "failing", location="West Europe")
    data = base64.b64encode(to_pfx(OLD, "secret")).decode()
    wait(client, client.add_service_certificate("failing", data, "pfx", "secret"))
    storage = fabric.addresses["storage_url"]
    wanted = encoded_configuration(f"{storage}/no", count=1, certificate=OLD)
    accepted = client.create_deployment("failing", "production", "main", f"{storage}/none/such/blob", "main", wanted)

    with pytest.raises(AzureAsyncOperationHttpError) as caught:
        client.wait_for_operation_status(
            accepted.request_id, timeout=60, sleep_interval=0.1, progress_callback=None, failure_callback=reraise
        )

    assert caught.value.result.error.code == "ResourceNotFound"
    client.delete_hosted_service("failing")


def reraise(_elapsed: float, error: Exception) -> None:
    raise error


def test_an_unknown_certificate_gets_an_http_answer(fabric: FabricProcess, tmp_path: Path) -> None:
    with requests.Session() as session:
        stranger = connect(fabric, session, issue_management_certificate("stranger", now=NOW), tmp_path)

        with pytest.raises(AzureHttpError, match="ForbiddenError") as caught:
            stranger.list_locations()

    assert caught.value.status_code == 403


def test_a_management_certificate_added_by_another_counts_at_once(
    fabric: FabricProcess, client: ServiceManagementService, tmp_path: Path
) -> None:
    added = issue_management_certificate("added", now=NOW)
    before = [each.subscription_certificate_thumbprint for each in client.list_management_certificates()]
    data = base64.b64encode(added.certificate.public_bytes(Encoding.DER)).decode()
    client.add_management_certificate("MIIB", added.thumbprint, data)

    with requests.Session() as session:
        other = connect(fabric, session, added, tmp_path)
        assert other.get_management_certificate(added.thumbprint).subscription_certificate_thumbprint
        other.delete_management_certificate(added.thumbprint)
        with pytest.raises(AzureHttpError, match="ForbiddenError"):
            other.get_subscription()
    after = [each.subscription_certificate_thumbprint for each in client.list_management_certificates()]
    assert before == after == [management_certificate().thumbprint]
