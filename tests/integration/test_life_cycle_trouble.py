"""The life of a cloud distribution point while the cloud loses answers, does things twice, and is late."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clouddp.model.cloud_service import CloudService, ServiceState
from clouddp.network.issuing import issue_service_certificate
from clouddp.providers.azure_classic.provider import AzureClassicProvider
from clouddp.site_server.cloud_services import ChangeRequest, CreationRequest
from tests.integration.troubled_fabric import SERVICES, STORAGE, TroubledFabric
from tests.unit.cloud_services.site_bench import SiteBench, authority, now, request, upload

WRITES = (
    "create-storage-account",
    "create-hosted-service",
    "add-service-certificate",
    "create-deployment",
    "change-configuration",
    "delete-service-certificate",
    "update-deployment-status",
    "upgrade-deployment",
    "delete-deployment",
    "delete-hosted-service",
    "delete-storage-account",
)

pytestmark = pytest.mark.slow


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SiteBench]:
    bench = SiteBench(tmp_path, AzureClassicProvider())
    bench.start()
    yield bench
    bench.close()


def wanted(fabric: TroubledFabric) -> CreationRequest:
    return request(
        management_url=fabric.process.addresses["management_url"],
        subscription_id=fabric.process.addresses["subscription_id"],
        management_authorities_pem=fabric.process.authorities_pem,
    )


def reached(site: SiteBench, service: CloudService, state: ServiceState) -> None:
    settled = site.settled(service.id, within_seconds=150)
    assert settled is not None
    assert (settled.state, settled.problem) == (state, None)


def assert_nothing_is_left(fabric: TroubledFabric, service: CloudService) -> None:
    for kind in (STORAGE, SERVICES):
        assert fabric.call("GET", f"{kind}/{service.service_name}").status_code == 404


@pytest.mark.parametrize("kind", ["lost-answer", "repeated-request"])
def test_answers_that_are_lost_and_requests_done_twice_neither_double_anything_nor_end_in_an_error(
    site: SiteBench, fabric_without_trouble: TroubledFabric, kind: str
) -> None:
    fabric = fabric_without_trouble
    for operation in WRITES:
        fabric.add(kind, operation=operation, times=1)

    service = site.use_cases.create(wanted(fabric), idempotency_key=None)
    reached(site, service, ServiceState.READY)
    certificate = issue_service_certificate(["clouddp1.contoso.com"], authority=authority(), now=now())
    operations: tuple[tuple[Callable[[], CloudService], ServiceState], ...] = (
        (lambda: site.use_cases.change(service.id, ChangeRequest(instance_count=1)), ServiceState.READY),
        (
            lambda: site.use_cases.replace_certificate(service.id, upload(certificate), accept_wildcard=False),
            ServiceState.READY,
        ),
        (lambda: site.use_cases.stop(service.id), ServiceState.STOPPED),
        (lambda: site.use_cases.start(service.id), ServiceState.READY),
        (lambda: site.use_cases.upgrade(service.id), ServiceState.READY),
    )
    for operate, state in operations:
        operate()
        reached(site, service, state)
    site.use_cases.delete(service.id)

    assert site.settled(service.id, within_seconds=150) is None
    assert_nothing_is_left(fabric, service)
    assert [rule["operation"] for rule in fabric.admin("GET").json() if not rule["is_spent"]] == []


def test_an_account_that_is_still_being_made_when_its_creation_is_cancelled_is_removed(
    site: SiteBench, fabric_without_trouble: TroubledFabric
) -> None:
    fabric = fabric_without_trouble
    fabric.add("delay", operation="create-storage-account", seconds=20, times=1)
    service = site.use_cases.create(wanted(fabric), idempotency_key=None)
    deadline = time.monotonic() + 60
    while not site.progress.is_step_done(service.id, generation=1, step="storage_account"):
        assert time.monotonic() < deadline
        time.sleep(0.05)

    site.use_cases.cancel(service.id)

    assert site.settled(service.id, within_seconds=150) is None
    assert "removing the storage account has to wait" in site.log.path.read_text()
    assert_nothing_is_left(fabric, service)
