"""The whole life of a cloud distribution point against the real fabric, seen from Microsoft's old client, too."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
from azure.servicemanagement import ServiceManagementService

from clouddp.cloud_services.name_check import check_names
from clouddp.model.cloud_service import CloudService, ServiceState
from clouddp.network.certificates import KeyedCertificate, chain_pem, key_pem
from clouddp.network.issuing import issue_service_certificate
from clouddp.providers.azure_classic.provider import AzureClassicProvider
from clouddp.site_server.cloud_services import ChangeRequest, CreationRequest
from tests.integration.fabric_process import FabricProcess
from tests.integration.front_end_visitor import Visitor
from tests.unit.cloud_services.site_bench import (
    SiteBench,
    authority,
    management_certificate,
    now,
    request,
    service_certificate,
    upload,
)

CREATION = (
    "management_certificate",
    "storage_account",
    "container",
    "hosted_service",
    "service_certificate",
    "service_state",
    "service_package",
    "deployment",
    "role_instances",
)


@pytest.fixture(scope="module")
def fabric(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FabricProcess]:
    process = FabricProcess(tmp_path_factory.mktemp("cloud"))
    process.start()
    process.upload_management_certificate()
    yield process
    process.stop()


@pytest.fixture
def old_client(fabric: FabricProcess, tmp_path: Path) -> Iterator[ServiceManagementService]:
    pem = tmp_path / "management.pem"
    pem.write_bytes(chain_pem(management_certificate()) + key_pem(management_certificate()))
    with requests.Session() as session:
        session.cert, session.verify, session.trust_env = str(pem), fabric.addresses["ca_file"], False
        host = fabric.addresses["management_url"].removeprefix("https://")
        yield ServiceManagementService(fabric.addresses["subscription_id"], host=host, request_session=session)


@dataclass
class Halt:
    """Stops the engine just before one step, until it is let go."""

    step: str = ""
    reached: list[str] = field(default_factory=list)

    def before(self, workflow_id: str, step: str) -> None:
        if step == self.step:
            self.reached.append(workflow_id)
            deadline = time.monotonic() + 30
            while self.step and time.monotonic() < deadline:
                time.sleep(0.01)

    def after(self, workflow_id: str, step: str) -> None:
        pass

    def await_reached(self) -> None:
        deadline = time.monotonic() + 60
        while not self.reached:
            assert time.monotonic() < deadline
            time.sleep(0.01)


@pytest.fixture
def halt() -> Halt:
    return Halt()


@pytest.fixture
def site(tmp_path: Path, halt: Halt) -> Iterator[SiteBench]:
    bench = SiteBench(tmp_path, AzureClassicProvider(), observer=halt)
    bench.start()
    yield bench
    halt.step = ""
    bench.close()


def wanted(fabric: FabricProcess) -> CreationRequest:
    return request(
        management_url=fabric.addresses["management_url"],
        subscription_id=fabric.addresses["subscription_id"],
        management_authorities_pem=fabric.authorities_pem,
    )


def reached(site: SiteBench, service: CloudService, state: ServiceState) -> CloudService:
    settled = site.settled(service.id, within_seconds=90)
    assert settled is not None
    assert (settled.state, settled.problem) == (state, None), site.log.path.read_text()[-2000:]
    return settled


def new_certificate() -> KeyedCertificate:
    return issue_service_certificate(["CloudDP1.Contoso.com"], authority=authority(), now=now())


def instances(old_client: ServiceManagementService, name: str) -> list[str]:
    deployments = old_client.get_hosted_service_properties(name, embed_detail=True).deployments
    assert len(list(deployments)) == 1
    return [instance.instance_status for instance in deployments[0].role_instance_list]


def thumbprints(old_client: ServiceManagementService, name: str) -> list[str]:
    return [certificate.thumbprint for certificate in old_client.list_service_certificates(name)]


def assert_nothing_is_left(old_client: ServiceManagementService) -> None:
    assert [account.service_name for account in old_client.list_storage_accounts()] == []
    assert [service.service_name for service in old_client.list_hosted_services()] == []


@pytest.mark.slow
def test_a_whole_life_leaves_nothing_doubled_and_nothing_over(
    site: SiteBench, fabric: FabricProcess, old_client: ServiceManagementService
) -> None:
    service = reached(site, site.use_cases.create(wanted(fabric), idempotency_key=None), ServiceState.READY)
    visitor = Visitor(site, service)
    visitor.distribute()
    assert visitor.status() == 200
    name = service.service_name

    reached(site, site.use_cases.change(service.id, ChangeRequest(instance_count=3)), ServiceState.READY)
    assert instances(old_client, name) == ["ReadyRole"] * 3

    keyed = new_certificate()
    replaced = site.use_cases.replace_certificate(service.id, upload(keyed), accept_wildcard=False)
    assert replaced.previous_certificate_thumbprints == (service_certificate().thumbprint,)
    changed = reached(site, replaced, ServiceState.READY)
    assert changed.previous_certificate_thumbprints == ()
    assert thumbprints(old_client, name) == [keyed.thumbprint]
    assert visitor.thumbprint() == keyed.thumbprint
    assert "cloud.other_certificate" not in [
        fault.code for fault in check_names(changed, resolver=fabric.addresses["dns"]).faults
    ]

    reached(site, site.use_cases.stop(service.id), ServiceState.STOPPED)
    assert visitor.status() == 0
    assert set(instances(old_client, name)) == {"StoppedVM"}
    site.stores.open_store(service.id).put("content/" + "c" * 32, b"uploaded while it is stopped")

    reached(site, site.use_cases.start(service.id), ServiceState.READY)
    assert visitor.status() == 200

    upgraded = reached(site, site.use_cases.upgrade(service.id), ServiceState.READY)
    packages = [name for name, _ in site.stores.open_store(service.id).list("package")]
    assert packages == [f"package/{upgraded.generation}.cspkg"]
    (deployment,) = old_client.get_hosted_service_properties(name, embed_detail=True).deployments
    assert deployment.label == f"clouddp{upgraded.generation}"
    assert visitor.status() == 200
    assert site.listener.lost == [service.id]  # of its creation, when it had no content

    assert [one.service_name for one in old_client.list_storage_accounts()] == [name]
    assert [one.service_name for one in old_client.list_hosted_services()] == [name]
    site.use_cases.delete(service.id)
    assert site.settled(service.id, within_seconds=60) is None
    assert_nothing_is_left(old_client)
    told = [number for number in site.numbers() if number != 12001]
    assert told == [12000, 9409, 12008, 12032, 12008, 12032, 12007, 12030, 12006, 12031, 12009, 12033, 12003, 12004]


@pytest.mark.slow
@pytest.mark.sample
def test_front_ends_refuse_before_the_cloud_suspends_them_and_serve_after_the_start(
    site: SiteBench, fabric: FabricProcess, halt: Halt
) -> None:
    service = reached(site, site.use_cases.create(wanted(fabric), idempotency_key=None), ServiceState.READY)
    visitor = Visitor(site, service)
    visitor.distribute()

    halt.step = "running_state"
    site.use_cases.stop(service.id)
    visitor.awaits(lambda seen: seen.status() == 503)  # the cloud was not asked yet
    halt.step = ""
    reached(site, service, ServiceState.STOPPED)
    assert visitor.status() == 0
    reached(site, site.use_cases.start(service.id), ServiceState.READY)

    assert visitor.status() == 200
    site.use_cases.delete(service.id)
    assert site.settled(service.id, within_seconds=60) is None
    waiting = [line for line in site.log.path.read_text().splitlines() if "Will check again in" in line]
    assert len(waiting) > 2
    assert all("seconds elapsed, " in line and "seconds until the deadline" in line for line in waiting)


@pytest.mark.slow
def test_what_was_deleted_by_hand_is_made_again_when_work_that_met_it_is_done_again(
    site: SiteBench, fabric: FabricProcess, old_client: ServiceManagementService
) -> None:
    service = reached(site, site.use_cases.create(wanted(fabric), idempotency_key=None), ServiceState.READY)
    reached(site, site.use_cases.stop(service.id), ServiceState.STOPPED)
    request_id = old_client.delete_deployment(service.service_name, f"clouddp{service.package_generation}").request_id
    old_client.wait_for_operation_status(request_id, timeout=30, progress_callback=None, success_callback=None)

    site.use_cases.start(service.id)
    failed = site.settled(service.id, within_seconds=60)
    assert failed is not None
    assert failed.problem is not None
    assert failed.problem.code == "cloud.deployment_missing"
    site.use_cases.start(service.id)

    repaired = reached(site, service, ServiceState.READY)
    assert instances(old_client, service.service_name) == ["ReadyRole"] * 2
    assert Visitor(site, repaired).thumbprint() == service_certificate().thumbprint
    assert [number for number in site.numbers() if number in (12035, 12034)] == [12035, 12034]
    site.use_cases.delete(service.id)
    assert site.settled(service.id, within_seconds=60) is None


@pytest.mark.parametrize(
    "step", [pytest.param(step, marks=() if step == "service_state" else pytest.mark.slow) for step in CREATION]
)
def test_a_creation_cancelled_at_any_step_leaves_nothing(
    site: SiteBench, fabric: FabricProcess, old_client: ServiceManagementService, halt: Halt, step: str
) -> None:
    halt.step = step
    service = site.use_cases.create(wanted(fabric), idempotency_key=None)
    halt.await_reached()

    site.use_cases.cancel(service.id)
    halt.step = ""

    assert site.settled(service.id, within_seconds=60) is None
    assert_nothing_is_left(old_client)
    assert 9409 not in site.numbers()
    assert site.numbers()[-1] == 12004


@pytest.mark.slow
@pytest.mark.parametrize(
    ("operation", "step"),
    [
        ("change", "service_certificate"),
        ("change", "configuration"),
        ("change", "role_instances"),
        ("change", "other_certificates"),
        ("upgrade", "service_package"),
        ("upgrade", "configuration"),
        ("upgrade", "older_packages"),
        ("stop", "running_state"),
        ("stop", "settlement"),
    ],
)
def test_a_deletion_at_any_step_of_other_work_leaves_nothing(
    site: SiteBench, fabric: FabricProcess, old_client: ServiceManagementService, halt: Halt, operation: str, step: str
) -> None:
    service = reached(site, site.use_cases.create(wanted(fabric), idempotency_key=None), ServiceState.READY)
    halt.step, halt.reached = step, []
    operations = {
        "change": lambda: site.use_cases.replace_certificate(
            service.id, upload(new_certificate()), accept_wildcard=False
        ),
        "upgrade": lambda: site.use_cases.upgrade(service.id),
        "stop": lambda: site.use_cases.stop(service.id),
    }
    operations[operation]()
    halt.await_reached()

    site.use_cases.delete(service.id)
    halt.step = ""

    assert site.settled(service.id, within_seconds=90) is None
    assert_nothing_is_left(old_client)
    assert site.numbers()[-1] == 12004
