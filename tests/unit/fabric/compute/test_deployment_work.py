"""Deployments become processes, and are changed, stopped, started and removed as their operations say."""

import os
import signal
import socket
from pathlib import Path

import pytest

from clouddp.fabric.blob_storage.files import blob_folder
from clouddp.fabric.trouble.rules import TroubleKind, TroubleRule
from tests.unit.fabric.builders import (
    SERVICE,
    STORAGE_URL,
    Cloud,
    configuration,
    deployment_document,
    document,
    encoded,
    package,
    running_cloud,
    wait_until,
)

NAME = "d1594d4527614a09b934d470"
DEPLOYMENT = f"/services/hostedservices/{NAME}/deployments/main"


def deploy_one(cloud: Cloud) -> None:
    """Deploy one ready instance."""
    cloud.make_service()
    assert cloud.wait_for(cloud.deploy(cscfg=configuration(count=1)).request_id).text("Status") == "Succeeded"
    cloud.wait_until_ready(count=1)


def process_ids(cloud: Cloud) -> dict[str, int | None]:
    instances = cloud.plane.roles.running(f"{NAME}.production")
    return {name: instance.process_id for name, instance in instances.items()}


def is_alive(process_id: int | None) -> bool:
    try:
        os.kill(process_id or 0, 0)
    except ProcessLookupError:
        return False
    return True


def answering(cloud: Cloud) -> str:
    """Ask the deployment's address and port who answers."""
    shown = cloud.deployment()
    address = shown.text("VirtualIPs/VirtualIP/Address"), int(shown.text(".//InstanceEndpoint/PublicPort"))
    with socket.create_connection(address, timeout=5) as connection:
        return connection.recv(100).decode()


def test_two_instances_become_ready_on_one_address_and_port(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        cloud.make_service()

        accepted = cloud.deploy()

        assert accepted.status == 202
        assert cloud.wait_for(accepted.request_id).text("Status") == "Succeeded"
        cloud.wait_until_ready()
        assert cloud.deployment().text("Status") == "Running"
        wait_until(lambda: answering(cloud), lambda name: name == "DistributionPoint_IN_0")
        wait_until(lambda: answering(cloud), lambda name: name == "DistributionPoint_IN_1")
        host = f"{NAME}.cloudapp.net"
        assert cloud.plane.deployments.find_address(host) == cloud.deployment().text(".//VirtualIP/Address")
        assert cloud.plane.deployments.find_address("other.cloudapp.net") is None


def test_a_deployment_is_shown_in_the_recorded_order(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        deploy_one(cloud)
        names = [child.tag.partition("}")[2] for child in cloud.deployment().document]

    assert names == [
        *("Name", "DeploymentSlot", "PrivateID", "Status", "Label", "Url", "Configuration", "RoleInstanceList"),
        *("UpgradeDomainCount", "RoleList", "SdkVersion", "InputEndpointList", "Locked", "RollbackAllowed"),
        *("CreatedTime", "LastModifiedTime", "ExtendedProperties", "PersistentVMDowntime", "VirtualIPs"),
        "LoadBalancers",
    ]


def test_an_instance_has_its_configuration_and_nothing_of_our_environment(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        deploy_one(cloud)

        folder = tmp_path / "instances" / f"{NAME}.production" / "DistributionPoint_IN_0"
        process_id = process_ids(cloud)["DistributionPoint_IN_0"]

        assert Path(f"/proc/{process_id}/environ").read_bytes().count(b"=") <= 1  # CPython sets LC_CTYPE
        assert Path(f"/proc/{process_id}/cwd").resolve() == folder
        written = (folder / "configuration.json").read_text(encoding="utf-8")
        assert f'"StorageLocation": "{blob_folder(tmp_path, "store1", "clouddp")}"' in written
        assert '"StorageKind": "folder"' in written
        assert {path.name for path in folder.glob(f"{SERVICE.thumbprint}.*")} == {
            f"{SERVICE.thumbprint}.pem",
            f"{SERVICE.thumbprint}.key",
        }


def test_a_dead_instance_is_busy_and_comes_back(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        deploy_one(cloud)
        before = process_ids(cloud)["DistributionPoint_IN_0"]
        assert before is not None

        os.kill(before, signal.SIGKILL)

        wait_until(cloud.instance_statuses, lambda found: found == ["BusyRole"])
        cloud.wait_until_ready(count=1)
        assert process_ids(cloud)["DistributionPoint_IN_0"] != before


def test_a_suspended_deployment_has_no_processes_until_it_runs_again(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        deploy_one(cloud)
        before = process_ids(cloud)["DistributionPoint_IN_0"]

        body = document("UpdateDeploymentStatus", Status="Suspended")
        suspended = cloud.call("POST", f"{DEPLOYMENT}/?comp=status", body)

        assert cloud.wait_for(suspended.request_id).text("Status") == "Succeeded"
        assert cloud.deployment().text("Status") == "Suspended"
        assert cloud.instance_statuses() == ["StoppedVM"]
        assert not is_alive(before)

        body = document("UpdateDeploymentStatus", Status="Running")
        cloud.wait_for(cloud.call("POST", f"{DEPLOYMENT}/?comp=status", body).request_id)

        cloud.wait_until_ready(count=1)
        assert cloud.deployment().text("Status") == "Running"


def test_a_start_that_fails_leaves_the_deployment_suspended_and_able_to_start(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        cloud.make_service()
        cloud.wait_for(cloud.deploy(start=False, cscfg=configuration(count=1)).request_id)
        cloud.call("DELETE", "/services/storageservices/store1")
        body = document("UpdateDeploymentStatus", Status="Running")

        failed = cloud.wait_for(cloud.call("POST", f"{DEPLOYMENT}/?comp=status", body).request_id)

        assert failed.text("Status") == "Failed"
        assert cloud.deployment().text("Status") == "Suspended"
        cloud.make_account()
        started = cloud.wait_for(cloud.call("POST", f"{DEPLOYMENT}/?comp=status", body).request_id)
        assert started.text("Status") == "Succeeded"
        cloud.wait_until_ready(count=1)


def test_a_suspended_deployment_stays_suspended_after_a_restart(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        cloud.make_service()
        cloud.wait_for(cloud.deploy(cscfg=configuration(count=1), start=False).request_id)

    with running_cloud(tmp_path) as cloud:
        assert cloud.deployment().text("Status") == "Suspended"
        assert cloud.instance_statuses() == ["StoppedVM"]


def test_a_running_deployment_is_ready_again_after_a_restart_at_the_same_place(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        deploy_one(cloud)
        before = cloud.deployment()
        process_id = process_ids(cloud)["DistributionPoint_IN_0"]
    assert not is_alive(process_id)

    with running_cloud(tmp_path) as cloud:
        cloud.wait_until_ready(count=1)
        after = cloud.deployment()

    for path in (".//InstanceEndpoint/Vip", ".//InstanceEndpoint/PublicPort", "PrivateID"):
        assert after.text(path) == before.text(path)


def test_an_accepted_deployment_is_made_by_the_next_process(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        cloud.make_service()
    idle = Cloud(tmp_path)
    accepted = idle.deploy(cscfg=configuration(count=1))
    assert idle.deployment().text("Status") == "Deploying"
    assert idle.instance_statuses() == ["CreatingRole"]

    with running_cloud(tmp_path) as cloud:
        assert cloud.wait_for(accepted.request_id).text("Status") == "Succeeded"
        cloud.wait_until_ready(count=1)


def test_a_change_of_the_count_starts_and_stops_instances(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        deploy_one(cloud)
        kept = process_ids(cloud)["DistributionPoint_IN_0"]

        for count in (2, 1):
            body = document("ChangeConfiguration", Configuration=encoded(configuration(count=count)))
            changed = cloud.call("POST", f"{DEPLOYMENT}/?comp=config", body)
            assert cloud.wait_for(changed.request_id).text("Status") == "Succeeded"
            assert cloud.instance_statuses() == ["ReadyRole"] * count

        assert process_ids(cloud) == {"DistributionPoint_IN_0": kept}


def test_a_change_of_settings_restarts_instances_with_them(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        deploy_one(cloud)
        before = process_ids(cloud)

        body = document("ChangeConfiguration", Configuration=encoded(configuration(count=1, UsageKey="other")))
        changed = cloud.call("POST", f"{DEPLOYMENT}/?comp=config", body)

        assert cloud.wait_for(changed.request_id).text("Status") == "Succeeded"
        assert process_ids(cloud) != before
        assert cloud.deployment().text("Status") == "Running"
        assert answering(cloud) == "DistributionPoint_IN_0"


def test_a_change_that_fails_half_way_reaches_every_instance_when_it_is_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clouddp.fabric.compute.deployment_roles._READY_SECONDS", 0.3)
    with running_cloud(tmp_path) as cloud:
        cloud.make_service()
        cloud.wait_for(cloud.deploy(cscfg=configuration(count=2)).request_id)
        cloud.wait_until_ready()
        before, shown = process_ids(cloud), cloud.deployment().text("Configuration")
        body = document("ChangeConfiguration", Configuration=encoded(configuration(count=2, UsageKey="other")))

        held_back = cloud.plane.troubles.add(TroubleRule(kind=TroubleKind.INSTANCE_NEVER_READY))
        failed = cloud.wait_for(cloud.call("POST", f"{DEPLOYMENT}/?comp=config", body).request_id)
        left = process_ids(cloud)
        assert failed.text("Error/Code") == "OperationTimedOut"
        assert left["DistributionPoint_IN_1"] == before["DistributionPoint_IN_1"]
        assert (cloud.deployment().text("Status"), cloud.deployment().text("Configuration")) == ("Running", shown)

        cloud.plane.troubles.remove(held_back.id)
        monkeypatch.setattr("clouddp.fabric.compute.deployment_roles._READY_SECONDS", 20.0)
        changed = cloud.wait_for(cloud.call("POST", f"{DEPLOYMENT}/?comp=config", body).request_id)

        assert changed.text("Status") == "Succeeded"
        assert process_ids(cloud)["DistributionPoint_IN_1"] != before["DistributionPoint_IN_1"]


def test_a_growth_that_fails_leaves_no_instance_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clouddp.fabric.compute.deployment_roles._READY_SECONDS", 0.3)
    with running_cloud(tmp_path) as cloud:
        deploy_one(cloud)
        before = process_ids(cloud)
        body = document("ChangeConfiguration", Configuration=encoded(configuration(count=2)))

        cloud.plane.troubles.add(TroubleRule(kind=TroubleKind.INSTANCE_NEVER_READY))
        failed = cloud.wait_for(cloud.call("POST", f"{DEPLOYMENT}/?comp=config", body).request_id)

        assert failed.text("Status") == "Failed"
        assert process_ids(cloud) == before


def test_a_deleted_deployment_leaves_nothing(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        deploy_one(cloud)
        process_id = process_ids(cloud)["DistributionPoint_IN_0"]

        deleted = cloud.call("DELETE", DEPLOYMENT)

        assert deleted.status == 202
        assert cloud.wait_for(deleted.request_id).text("Status") == "Succeeded"
        assert cloud.deployment().text("Message") == "No deployments were found."
        assert not is_alive(process_id)
        assert not (tmp_path / "instances" / f"{NAME}.production").exists()
        assert cloud.plane.deployments.find_address(f"{NAME}.cloudapp.net") is None


def test_one_operation_at_a_time_works_on_a_deployment(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        cloud.make_service()
    idle = Cloud(tmp_path)
    idle.deploy()

    answer = idle.call("DELETE", DEPLOYMENT)

    assert (answer.status, answer.error) == (409, "ConflictError")
    assert "exclusive access" in answer.text("Message")
    assert idle.deploy().status == 409


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (package("Silent"), "does not match"),
        (package("Unknown"), "not known"),
        (package(version=2), "not known"),
        (package()[:50], "not a zip file"),
        (b"", "not a zip file"),
    ],
)
def test_a_package_that_cannot_be_used_fails_the_operation(tmp_path: Path, content: bytes, reason: str) -> None:
    with running_cloud(tmp_path) as cloud:
        cloud.make_service()
        (blob_folder(tmp_path, "store1", "clouddp") / "1.cspkg").write_bytes(content)

        ended = cloud.wait_for(cloud.deploy().request_id)

        assert (ended.text("Status"), ended.text("HttpStatusCode")) == ("Failed", "400")
        assert ended.text("Error/Code") == "BadRequest"
        assert reason in ended.text("Error/Message")
        assert cloud.deployment().status == 404


@pytest.mark.parametrize(
    "url",
    [
        f"{STORAGE_URL}/store1/clouddp/absent.cspkg",
        f"{STORAGE_URL}/store1/clouddp/../1.cspkg",
        f"{STORAGE_URL}/store2/clouddp/1.cspkg",
        "https://example.org/store1/clouddp/1.cspkg",
        "file:///etc/passwd",
    ],
)
def test_a_package_elsewhere_fails_the_operation(tmp_path: Path, url: str) -> None:
    with running_cloud(tmp_path) as cloud:
        cloud.make_service()

        ended = cloud.wait_for(cloud.deploy(PackageUrl=url).request_id)

        assert ended.text("Status") == "Failed"


@pytest.mark.parametrize(
    "cscfg",
    [
        "",
        "<a/>",
        configuration(count=0),
        configuration(count=-1),
        configuration(count=21),
        configuration(count="two"),
        configuration(role=""),
        configuration(thumbprint="0" * 40),
        configuration(thumbprint="../key"),
        configuration(UsageKey=None),
        configuration(Surprise="x"),
        configuration(ListenPort="http"),
        configuration(ListenPort="70000"),
    ],
)
def test_a_configuration_that_cannot_be_used_is_refused(tmp_path: Path, cscfg: str) -> None:
    with running_cloud(tmp_path) as cloud:
        cloud.make_service()

        answer = cloud.deploy(cscfg=cscfg)

        assert (answer.status, answer.error) == (400, "BadRequest")
        assert cloud.deployment().status == 404


def test_a_second_deployment_has_a_slot_and_an_address_of_its_own(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        cloud.make_service()
        cloud.wait_for(cloud.deploy(start=False).request_id)
        slot = f"/services/hostedservices/{NAME}/deploymentslots/staging"
        staged = cloud.call("POST", slot, deployment_document(start=False, Name="next"))
        cloud.wait_for(staged.request_id)

        addresses = {cloud.call("GET", path).text(".//VirtualIP/Address") for path in (slot, DEPLOYMENT)}

        assert len(addresses) == 2
        assert cloud.call("GET", slot).text("DeploymentSlot") == "Staging"


def test_another_accounts_storage_is_not_mounted(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        cloud.make_service()
        foreign = configuration(StorageLocation=f"{STORAGE_URL}/store9/clouddp")

        ended = cloud.wait_for(cloud.deploy(cscfg=foreign).request_id)

        assert ended.text("Error/Code") == "ResourceNotFound"


def test_an_instance_that_never_says_ready_stays_busy(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        cloud.make_service()
        (blob_folder(tmp_path, "store1", "clouddp") / "1.cspkg").write_bytes(package("Silent"))

        ended = cloud.wait_for(cloud.deploy(cscfg=configuration(role="Silent", count=1)).request_id)

        assert ended.text("Status") == "Succeeded"
        wait_until(cloud.instance_statuses, lambda found: found == ["BusyRole"])
        assert cloud.deployment().text(".//PowerState") == "Started"


def test_an_instance_that_dies_at_once_is_started_again_and_can_be_removed(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        cloud.make_service()
        (blob_folder(tmp_path, "store1", "clouddp") / "1.cspkg").write_bytes(package("Dying"))
        cloud.wait_for(cloud.deploy(cscfg=configuration(role="Dying", count=1)).request_id)

        instance = cloud.plane.roles.running(f"{NAME}.production")["Dying_IN_0"]
        wait_until(lambda: instance.restarts, lambda restarts: restarts >= 1)

        assert cloud.instance_statuses() == ["BusyRole"]
        assert cloud.wait_for(cloud.call("DELETE", DEPLOYMENT).request_id).text("Status") == "Succeeded"


def test_statuses_and_power_states_are_those_of_the_protocol_in_every_phase(tmp_path: Path) -> None:
    coming = {("CreatingRole", "Starting"), ("StartingRole", "Starting"), ("BusyRole", "Started")}
    allowed = {
        "Deploying": coming | {("ReadyRole", "Started")},
        "Running": coming | {("ReadyRole", "Started")},
        "RunningTransitioning": coming | {("ReadyRole", "Started"), ("StoppingRole", "Stopping")},
        "Suspending": coming | {("ReadyRole", "Started"), ("StoppingRole", "Stopping"), ("StoppedVM", "Stopped")},
        "Suspended": {("StoppedVM", "Stopped")},
        "Starting": coming | {("StoppedVM", "Stopped"), ("ReadyRole", "Started")},
        "Deleting": coming | {("ReadyRole", "Started"), ("StoppingRole", "Stopping"), ("StoppedVM", "Stopped")},
    }
    seen: dict[str, set[tuple[str, str]]] = {}
    with running_cloud(tmp_path) as cloud:
        cloud.make_service()
        steps: list[tuple[str, str, str]] = [
            ("POST", f"{DEPLOYMENT}/?comp=status", document("UpdateDeploymentStatus", Status="Suspended")),
            ("POST", f"{DEPLOYMENT}/?comp=status", document("UpdateDeploymentStatus", Status="Running")),
            ("POST", f"{DEPLOYMENT}/?comp=config", _changed_configuration()),
            ("DELETE", DEPLOYMENT, ""),
        ]
        _watch(cloud, cloud.deploy().request_id, seen)
        for method, path, body in steps:
            _watch(cloud, cloud.call(method, path, body).request_id, seen)

    assert {"Running", "Suspended"} <= set(seen) <= set(allowed)
    assert {status: pairs - allowed[status] for status, pairs in seen.items() if pairs - allowed[status]} == {}
    assert seen["Suspended"] == allowed["Suspended"]


def _changed_configuration() -> str:
    return document("ChangeConfiguration", Configuration=encoded(configuration(UsageKey="other")))


def _watch(cloud: Cloud, request_id: str, seen: dict[str, set[tuple[str, str]]]) -> None:
    """Look at the deployment until the operation has ended, and once after; note each pair of states by its status."""

    def look() -> bool:
        is_over = cloud.call("GET", f"/operations/{request_id}").text("Status") != "InProgress"
        shown = cloud.deployment()
        if shown.status == 200:
            names = ("InstanceStatus", "PowerState")
            found = [[each.text or "" for each in shown.document.iterfind(f".//{{*}}{name}")] for name in names]
            seen.setdefault(shown.text("Status"), set()).update(zip(*found, strict=True))
        return is_over

    wait_until(look, bool)
