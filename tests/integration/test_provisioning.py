"""The cloud services manager with the azure-classic provider against the real fabric."""

import http.client
import itertools
import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clouddp.model.cloud_service import CloudService, ServiceState
from clouddp.network.certificates import certificate_pem, to_quick_pfx
from clouddp.network.signed import Purpose, verify_state
from clouddp.providers.azure_classic.provider import AzureClassicProvider
from clouddp.providers.base import Connection, ConnectionSettings
from clouddp.site_server.cloud_services import CreationRequest
from tests.integration.fabric_process import FabricProcess
from tests.unit.cloud_services.site_bench import PASSWORD, SiteBench, authority, management_certificate, request


@pytest.fixture(scope="module")
def fabric(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FabricProcess]:
    process = FabricProcess(tmp_path_factory.mktemp("cloud"))
    process.start()
    process.upload_management_certificate()
    yield process
    process.stop()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SiteBench]:
    bench = SiteBench(tmp_path, AzureClassicProvider())
    bench.start()
    yield bench
    bench.close()


def wanted(fabric: FabricProcess) -> CreationRequest:
    return request(
        management_url=fabric.addresses["management_url"],
        subscription_id=fabric.addresses["subscription_id"],
        management_authorities_pem=fabric.authorities_pem,
    )


def connect(fabric: FabricProcess) -> Connection:
    return AzureClassicProvider().connect(
        ConnectionSettings(
            management_url=fabric.addresses["management_url"],
            subscription_id=fabric.addresses["subscription_id"],
            authorities_pem=fabric.authorities_pem,
            management_certificate=management_certificate(),
        )
    )


def test_from_finish_to_ready_and_away_again(site: SiteBench, fabric: FabricProcess) -> None:
    began = time.monotonic()
    accepted = site.use_cases.create(wanted(fabric), idempotency_key=None)
    service = site.settled(accepted.id, within_seconds=60)
    print(f"Finish to Ready: {time.monotonic() - began:.2f} s")  # noqa: T201 (P10, shown with -s)

    assert service is not None
    assert (service.state, service.problem) == (ServiceState.READY, None)
    assert site.numbers() == [12000, *[12001] * 9, 9409]
    assert answers_health(service)
    store = site.stores.open_store(service.id)
    state = verify_state(store.get("state/service").decode(), keys=site.keys.public(Purpose.STATE))
    assert state.service_id == service.id

    site.use_cases.delete(service.id)

    assert site.settled(service.id, within_seconds=60) is None
    subscription = connect(fabric).cloud.check_access()
    assert (subscription.storage_accounts, subscription.hosted_services) == (0, 0)


def test_a_certificate_that_was_not_uploaded_is_told_with_what_to_compare(tmp_path: Path) -> None:
    process = FabricProcess(tmp_path / "cloud")
    process.start()
    site = SiteBench(tmp_path, AzureClassicProvider())

    faults = site.use_cases.examine(wanted(process)).faults

    site.database.dispose()
    process.stop()
    assert [fault.code for fault in faults] == ["cloud.certificate_not_known"]
    assert faults[0].arguments["thumbprint"] == management_certificate().thumbprint


def test_the_cloud_dies_in_the_middle_and_comes_back(site: SiteBench, fabric: FabricProcess) -> None:
    accepted = site.use_cases.create(wanted(fabric), idempotency_key=None)
    await_step(site, accepted.id, "storage_account")

    fabric.kill()
    fabric.start()
    service = site.settled(accepted.id, within_seconds=60)

    assert service is not None
    assert service.state is ServiceState.READY
    subscription = connect(fabric).cloud.check_access()
    assert (subscription.storage_accounts, subscription.hosted_services) == (1, 1)
    site.use_cases.delete(service.id)
    assert site.settled(service.id, within_seconds=60) is None


@pytest.mark.slow
def test_the_site_server_dies_before_and_after_every_step_and_nothing_is_done_twice(
    tmp_path: Path, fabric: FabricProcess
) -> None:
    (tmp_path / "management.pfx").write_bytes(to_quick_pfx(management_certificate(), PASSWORD))
    deaths = 0
    for kill_at in itertools.cycle((2, 3)):  # with the work done and not journalled; then with the next step begun
        ended = run_site(tmp_path, fabric, kill_at)
        if ended.returncode != -signal.SIGKILL:
            break
        deaths += 1

    assert ended.returncode == 0, ended.stderr.decode()
    told = json.loads(ended.stdout)
    assert deaths >= 2 * len(told["steps"])
    assert told["state"] == "ready"
    assert told["numbers"].count(9409) == 1
    assert told["numbers"].count(12001) == len(told["steps"]) == 9
    subscription = connect(fabric).cloud.check_access()
    assert (subscription.storage_accounts, subscription.hosted_services) == (1, 1)


def run_site(home: Path, fabric: FabricProcess, kill_at: int) -> subprocess.CompletedProcess[bytes]:
    program = Path(__file__).with_name("killed_site.py")
    command = [sys.executable, str(program), str(home), json.dumps(fabric.addresses), str(kill_at)]
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(root), os.environ.get("PYTHONPATH", "")))}
    return subprocess.run(command, capture_output=True, timeout=120, check=False, env=environment)


def await_step(site: SiteBench, service_id: str, step: str) -> None:
    deadline = time.monotonic() + 30
    while not site.progress.is_step_done(service_id, generation=1, step=step):
        assert time.monotonic() < deadline
        time.sleep(0.005)


def answers_health(service: CloudService) -> bool:
    assert service.virtual_ip is not None
    context = ssl.create_default_context(cadata=certificate_pem(authority().certificate).decode())
    context.check_hostname = False  # the name is checked below: the VIP is asked directly, without DNS
    connection = http.client.HTTPSConnection(service.virtual_ip, service.port, context=context, timeout=10)
    try:
        connection.request("GET", "/health", headers={"Host": service.service_fqdn})
        answer = connection.getresponse()
        assert json.dumps(service.service_fqdn) in json.dumps(connection.sock.getpeercert())
        return answer.status == 200
    finally:
        connection.close()
