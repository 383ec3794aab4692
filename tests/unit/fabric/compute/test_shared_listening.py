"""What clients have queued at a deployment's address outlives its instances, and ends when it is suspended."""

import os
import signal
import socket
from pathlib import Path

import pytest

from clouddp.fabric.blob_storage.files import blob_folder
from clouddp.fabric.compute.listening_sockets import ListeningSockets
from clouddp.fabric.management.protocol_errors import ProtocolError
from tests.unit.fabric.builders import (
    STORAGE_URL,
    Cloud,
    configuration,
    document,
    encoded,
    package,
    running_cloud,
    wait_until,
)

NAME = "d1594d4527614a09b934d470"
DEPLOYMENT = f"/services/hostedservices/{NAME}/deployments/main"
FIRST = "DistributionPoint_IN_0"


def deploy(cloud: Cloud, *, count: int) -> None:
    cloud.make_service()
    assert cloud.wait_for(cloud.deploy(cscfg=configuration(count=count)).request_id).text("Status") == "Succeeded"
    cloud.wait_until_ready(count=count)


def address(cloud: Cloud) -> tuple[str, int]:
    shown = cloud.deployment()
    return shown.text("VirtualIPs/VirtualIP/Address"), int(shown.text(".//InstanceEndpoint/PublicPort"))


def process_id(cloud: Cloud, name: str = FIRST) -> int:
    found = cloud.plane.roles.running(f"{NAME}.production")[name].process_id
    assert found is not None
    return found


def process_ids(cloud: Cloud) -> list[int | None]:
    return [instance.process_id for instance in cloud.plane.roles.running(f"{NAME}.production").values()]


def queue_up(cloud: Cloud) -> list[socket.socket]:
    """Connect to a deployment whose instances do not answer just now."""
    return [socket.create_connection(address(cloud), timeout=20) for _ in range(50)]


def answers(connections: list[socket.socket]) -> list[str]:
    found = []
    for connection in connections:
        with connection:
            found.append(connection.recv(100).decode())
    return found


def is_cut(connection: socket.socket) -> bool:
    with connection:
        try:
            return connection.recv(1) == b""
        except ConnectionResetError:
            return True


def ask_for(cloud: Cloud, status: str) -> None:
    body = document("UpdateDeploymentStatus", Status=status)
    operation = cloud.call("POST", f"{DEPLOYMENT}/?comp=status", body)
    assert cloud.wait_for(operation.request_id).text("Status") == "Succeeded"


def test_what_is_queued_when_the_only_instance_dies_is_answered_by_the_next_one(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        deploy(cloud, count=1)
        os.kill(process_id(cloud), signal.SIGSTOP)
        waiting = queue_up(cloud)

        os.kill(process_id(cloud), signal.SIGKILL)

        assert answers(waiting) == [FIRST] * 50


def test_what_is_queued_while_an_instance_hangs_is_answered_by_the_other(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        deploy(cloud, count=2)
        os.kill(process_id(cloud), signal.SIGSTOP)

        assert answers(queue_up(cloud)) == ["DistributionPoint_IN_1"] * 50


def test_what_is_queued_during_a_change_is_answered(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        deploy(cloud, count=1)
        before = process_id(cloud)
        os.kill(before, signal.SIGSTOP)
        waiting = queue_up(cloud)

        body = document("ChangeConfiguration", Configuration=encoded(configuration(count=1, UsageKey="other")))
        changed = cloud.call("POST", f"{DEPLOYMENT}/?comp=config", body)
        wait_until(cloud.instance_statuses, lambda found: found == ["StoppingRole"])
        os.kill(before, signal.SIGCONT)

        assert cloud.wait_for(changed.request_id).text("Status") == "Succeeded"
        assert answers(waiting) == [FIRST] * 50
        assert process_id(cloud) != before


def test_suspending_cuts_what_is_queued_and_refuses_the_rest_until_the_deployment_runs_again(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        deploy(cloud, count=2)
        for stopped in process_ids(cloud):
            os.kill(stopped or 0, signal.SIGSTOP)
        waiting = queue_up(cloud)

        ask_for(cloud, "Suspended")

        assert [is_cut(connection) for connection in waiting] == [True] * 50
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address(cloud), timeout=5)
        assert [status.text for status in cloud.deployment().document.iterfind(".//{*}PowerState")] == ["Stopped"] * 2

        ask_for(cloud, "Running")

        cloud.wait_until_ready()
        assert answers([socket.create_connection(address(cloud), timeout=20)])[0] in {FIRST, "DistributionPoint_IN_1"}


def test_each_instance_is_an_upgrade_domain_and_an_upgrade_walks_them_in_order(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        deploy(cloud, count=3)
        before = process_ids(cloud)
        shown = cloud.deployment()

        body = document(
            "UpgradeDeployment",
            Mode="Auto",
            PackageUrl=f"{STORAGE_URL}/store1/clouddp/1.cspkg",
            Configuration=encoded(configuration(count=3)),
            Label=encoded("next"),
        )
        upgrade = cloud.call("POST", f"{DEPLOYMENT}/?comp=upgrade", body)
        order: list[int] = []
        status = "InProgress"
        while status == "InProgress":
            status = cloud.call("GET", f"/operations/{upgrade.request_id}").text("Status")
            instances = cloud.plane.roles.running(f"{NAME}.production")
            renewed = [int(name[-1]) for name, each in instances.items() if each.process_id not in [*before, None]]
            order += [number for number in sorted(renewed) if number not in order]

        assert [found.text for found in shown.document.iterfind(".//{*}InstanceUpgradeDomain")] == ["0", "1", "2"]
        assert shown.text("UpgradeDomainCount") == "3"
        assert order == [0, 1, 2]
        assert not set(before) & set(process_ids(cloud))


def test_an_instance_that_dies_again_and_again_is_cycling_with_growing_pauses(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        cloud.make_service()
        (blob_folder(tmp_path, "store1", "clouddp") / "1.cspkg").write_bytes(package("Dying"))
        cloud.wait_for(cloud.deploy(cscfg=configuration(role="Dying", count=1)).request_id)

        wait_until(cloud.instance_statuses, lambda found: found == ["CyclingRole"])

        assert cloud.deployment().text(".//PowerState") == "Started"
        assert cloud.deployment().text("Status") == "Running"


def test_an_address_that_is_somebody_elses_is_told(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()

        with pytest.raises(ProtocolError, match="cannot be used: Address already in use"):
            ListeningSockets(free_seconds=0.0).open("a.production", *other.getsockname())
