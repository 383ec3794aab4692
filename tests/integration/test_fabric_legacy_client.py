"""Microsoft's own client of the classic management protocol drives the embedded cloud through a whole life cycle."""

import base64
import io
import json
import os
import time
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import dns.message
import dns.query
import pytest
import requests
from azure.common import AzureConflictHttpError, AzureHttpError, AzureMissingResourceHttpError
from azure.servicemanagement import ServiceManagementService
from azure.servicemanagement.models import AzureAsyncOperationHttpError
from azure.storage.blob import BlobServiceClient

from clouddp.model.exchange import ServiceStateDocument
from clouddp.network.certificates import KeyedCertificate, chain_pem, key_pem, to_pfx
from clouddp.network.issuing import issue_management_certificate, issue_service_certificate, make_authority
from clouddp.network.signed import sign_state
from clouddp.network.signing_keys import new_signing_key, public_jwk
from clouddp.store.object_store import open_azure_container
from tests.integration.fabric_process import FabricProcess
from tests.unit.cloud_services.site_bench import management_certificate

T = TypeVar("T")

ACCOUNT = SERVICE = "d1594d4527614a09b934d470"
SERVICE_ID = "5e" * 16
NOW = datetime.now(UTC)
STATE_KEY = new_signing_key()
AUTHORITY = make_authority("Contoso CA", now=NOW)
OLD, NEW = (issue_service_certificate(["clouddp1.contoso.com"], authority=AUTHORITY, now=NOW) for _ in range(2))


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
    pem = folder / "management.pem"
    pem.write_bytes(chain_pem(keyed) + key_pem(keyed))
    session.cert, session.verify, session.trust_env = str(pem), fabric.addresses["ca_file"], False
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


def wait_until(ask: Callable[[], T], is_enough: Callable[[T], bool], seconds: float = 60) -> T:
    deadline = time.monotonic() + seconds
    while not is_enough(answer := ask()):
        assert time.monotonic() < deadline, f"still {answer}"
        time.sleep(0.05)
    return answer


def configuration(storage_url: str, *, count: int, certificate: KeyedCertificate) -> str:
    settings = {
        "ServiceId": SERVICE_ID,
        "SiteStateKey": json.dumps(public_jwk(STATE_KEY)).replace('"', "&quot;"),
        "StorageKind": "azure",
        "StorageLocation": f"{storage_url}/{ACCOUNT}/clouddp",
        "StorageCredential": "",
        "Delivery": "bytes",
        "UsageKey": "",
        "ListenPort": "0",
    }
    written = "".join(f'<Setting name="{name}" value="{value}"/>' for name, value in settings.items())
    text = (
        '<ServiceConfiguration serviceName="clouddp"'
        ' xmlns="http://schemas.microsoft.com/ServiceHosting/2008/10/ServiceConfiguration">'
        f'<Role name="DistributionPoint"><Instances count="{count}"/>'
        f"<ConfigurationSettings>{written}</ConfigurationSettings><Certificates>"
        f'<Certificate name="Service" thumbprint="{certificate.thumbprint}" thumbprintAlgorithm="sha1"/>'
        "</Certificates></Role></ServiceConfiguration>"
    )
    return base64.b64encode(text.encode()).decode()


def upload(fabric: FabricProcess, key: str) -> None:
    """Put package and signed state into the account, as a site would."""
    store = open_azure_container(
        endpoint=f"{fabric.addresses['storage_url']}/{ACCOUNT}",
        account=ACCOUNT,
        key=key,
        container="clouddp",
        authorities_pem=fabric.authorities_pem,
    )
    make_container(fabric, key)
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as file:
        file.writestr("role.json", json.dumps({"role": "DistributionPoint", "version": 1}))
    store.put("package/1.cspkg", package.getvalue())
    state = ServiceStateDocument(
        service_id=SERVICE_ID,
        epoch=1,
        sequence=1,
        issued_at=NOW,
        expires_at=NOW + timedelta(hours=24),
        running=True,
        token_keys=(public_jwk(new_signing_key()),),
        blocked_clients={},
    )
    store.put("state/service", sign_state(state, key=STATE_KEY).encode())


def make_container(fabric: FabricProcess, key: str) -> None:
    endpoint = f"{fabric.addresses['storage_url']}/{ACCOUNT}"
    credential = {"account_name": ACCOUNT, "account_key": key}
    with BlobServiceClient(endpoint, credential, connection_verify=fabric.addresses["ca_file"]) as service:
        service.create_container("clouddp")


def resolve(fabric: FabricProcess, host: str) -> list[str]:
    server, _, port = fabric.addresses["dns"].rpartition(":")
    answer = dns.query.udp(dns.message.make_query(host, "A"), server, port=int(port), timeout=5)
    return [str(record) for found in answer.answer for record in found]


def statuses(client: ServiceManagementService) -> list[str]:
    deployment = client.get_deployment_by_slot(SERVICE, "production")
    return [instance.instance_status for instance in deployment.role_instance_list]


def test_the_whole_life_of_a_service(fabric: FabricProcess, client: ServiceManagementService) -> None:
    make_storage(fabric, client)
    make_service(client)
    deploy(fabric, client)
    scale_and_exchange_certificate(fabric, client)
    suspend_and_resume(client)
    survive_a_kill(fabric, client)
    remove_everything(fabric, client)


def make_storage(fabric: FabricProcess, client: ServiceManagementService) -> None:
    assert client.get_subscription().subscription_status == "Active"
    location = client.list_locations()[0].name
    assert client.check_storage_account_name_availability(ACCOUNT).result
    wait(client, client.create_storage_account(ACCOUNT, "storage", ACCOUNT, location=location))
    shown = client.get_storage_account_properties(ACCOUNT)
    assert shown.storage_service_properties.status == "Created"
    assert shown.storage_service_properties.endpoints == [f"{fabric.addresses['storage_url']}/{ACCOUNT}/"]
    assert not client.check_storage_account_name_availability(ACCOUNT).result
    upload(fabric, client.get_storage_account_keys(ACCOUNT).storage_service_keys.primary)


def make_service(client: ServiceManagementService) -> None:
    assert client.check_hosted_service_name_availability(SERVICE).result
    client.create_hosted_service(SERVICE, SERVICE, "a distribution point", location="West Europe")
    with pytest.raises(AzureConflictHttpError):
        client.create_hosted_service(SERVICE, SERVICE, location="West Europe")
    assert [service.service_name for service in client.list_hosted_services()] == [SERVICE]
    add_certificate(client, OLD)


def add_certificate(client: ServiceManagementService, keyed: KeyedCertificate) -> None:
    data = base64.b64encode(to_pfx(keyed, "secret")).decode()
    wait(client, client.add_service_certificate(SERVICE, data, "pfx", "secret"))
    listed = [certificate.thumbprint for certificate in client.list_service_certificates(SERVICE)]
    assert keyed.thumbprint in listed


def deploy(fabric: FabricProcess, client: ServiceManagementService) -> None:
    storage_url = fabric.addresses["storage_url"]
    package_url = f"{storage_url}/{ACCOUNT}/clouddp/package/1.cspkg"
    wanted = configuration(storage_url, count=2, certificate=OLD)
    accepted = client.create_deployment(
        SERVICE, "production", "main", package_url, "main", wanted, start_deployment=True
    )
    wait(client, accepted)
    wait_until(lambda: statuses(client), lambda found: found == ["ReadyRole", "ReadyRole"])
    deployment = client.get_deployment_by_name(SERVICE, "main")
    assert deployment.status == "Running"
    assert deployment.url == f"http://{SERVICE}.cloudapp.net/"
    assert resolve(fabric, f"{SERVICE}.cloudapp.net") == [deployment.virtual_ips[0].address]
    detailed = client.get_hosted_service_properties(SERVICE, embed_detail=True)
    assert [each.name for each in detailed.deployments] == ["main"]


def scale_and_exchange_certificate(fabric: FabricProcess, client: ServiceManagementService) -> None:
    add_certificate(client, NEW)
    wanted = configuration(fabric.addresses["storage_url"], count=3, certificate=NEW)
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
    wanted = configuration(before["storage_url"], count=2, certificate=NEW)
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


def instance_processes(fabric: FabricProcess) -> list[int]:
    """Find the instances by their parent, as the operating system knows it."""
    parent = str(fabric.addresses["pid"])
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            if fields[1] == parent and fields[0] != "Z":
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
    storage_url = fabric.addresses["storage_url"]
    wanted = configuration(storage_url, count=1, certificate=OLD)
    accepted = client.create_deployment("failing", "production", "main", f"{storage_url}/no/such/blob", "main", wanted)

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
    encoded = chain_pem(added).decode().replace("\n", "")
    data = encoded.removeprefix("-----BEGIN CERTIFICATE-----").removesuffix("-----END CERTIFICATE-----")
    client.add_management_certificate("MIIB", added.thumbprint, data)

    with requests.Session() as session:
        other = connect(fabric, session, added, tmp_path)
        assert other.get_management_certificate(added.thumbprint).subscription_certificate_thumbprint
        other.delete_management_certificate(added.thumbprint)
        with pytest.raises(AzureHttpError, match="ForbiddenError"):
            other.get_subscription()
