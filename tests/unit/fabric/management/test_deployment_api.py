"""Deployments are addressed by slot or by name, and their requests mean what the protocol says, or are refused."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clouddp.fabric.compute.service_configuration import read_service_configuration
from tests.unit.fabric.builders import (
    STORAGE_URL,
    Answer,
    Cloud,
    configuration,
    deployment_document,
    document,
    encoded,
    properties,
    running_cloud,
    wait_until,
)

NAME = "d1594d4527614a09b934d470"
SERVICE = f"/services/hostedservices/{NAME}"
BY_NAME = f"{SERVICE}/deployments/main"
BY_SLOT = f"{SERVICE}/deploymentslots/production"
INSTANCE = "DistributionPoint_IN_0"


@pytest.fixture
def suspended(tmp_path: Path) -> Iterator[Cloud]:
    """A cloud with a deployment that has no processes."""
    with suspended_cloud(tmp_path) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """Such a cloud, for tests that change nothing in it."""
    with suspended_cloud(tmp_path_factory.mktemp("cloud")) as cloud:
        yield cloud


@contextmanager
def suspended_cloud(folder: Path) -> Iterator[Cloud]:
    with running_cloud(folder) as cloud:
        cloud.make_service()
        accepted = cloud.deploy(cscfg=configuration(count=1), start=False, ExtendedProperties=properties(a="1", b="2"))
        assert cloud.wait_for(accepted.request_id).text("Status") == "Succeeded"
        yield cloud


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Cloud]:
    """A cloud with a deployment of one ready instance."""
    with running_cloud(tmp_path) as cloud:
        cloud.make_service()
        assert cloud.wait_for(cloud.deploy(cscfg=configuration(count=1)).request_id).text("Status") == "Succeeded"
        cloud.wait_until_ready(count=1)
        yield cloud


def change(cloud: Cloud, path: str, **values: str) -> Answer:
    return cloud.call("POST", f"{path}/?comp=config", document("ChangeConfiguration", **values))


def upgrade(cloud: Cloud, **values: str) -> Answer:
    wanted = {
        "Mode": "Auto",
        "PackageUrl": f"{STORAGE_URL}/store1/clouddp/1.cspkg",
        "Configuration": encoded(configuration(count=1)),
        "Label": encoded("second"),
        "Force": "true",
    }
    return cloud.call("POST", f"{BY_SLOT}/?comp=upgrade", document("UpgradeDeployment", **(wanted | values)))


def process_id(cloud: Cloud) -> int | None:
    instance = cloud.plane.roles.running(f"{NAME}.production").get(INSTANCE)
    return None if instance is None else instance.process_id


def instance_count(cloud: Cloud) -> int:
    text = base64.b64decode(cloud.deployment().text("Configuration")).decode()
    return read_service_configuration(text).instance_count


def test_a_deployment_is_one_by_name_and_by_slot_without_regard_to_case(unchanged: Cloud) -> None:
    shown = [unchanged.call("GET", path) for path in (BY_NAME, BY_SLOT, f"{SERVICE}/deploymentslots/PRODUCTION")]

    assert {answer.status for answer in shown} == {200}
    assert len({answer.body for answer in shown}) == 1
    assert unchanged.call("GET", f"{SERVICE}/deployments/MAIN").status == 200
    assert unchanged.call("GET", f"{SERVICE}/deployments/other").text("Message") == "No deployments were found."
    assert unchanged.call("GET", f"{SERVICE}/deploymentslots/staging").error == "ResourceNotFound"
    assert unchanged.call("GET", f"{SERVICE}/deploymentslots/third").error == "BadRequest"


@pytest.mark.parametrize("path", [BY_NAME, BY_SLOT])
def test_a_change_of_configuration_adds_properties(suspended: Cloud, path: str) -> None:
    wanted = encoded(configuration(count=3))

    accepted = change(suspended, path, Configuration=wanted, ExtendedProperties=properties(b="3", c="4"))

    assert accepted.status == 202
    assert suspended.wait_for(accepted.request_id).text("Status") == "Succeeded"
    assert instance_count(suspended) == 3
    assert suspended.deployment().pairs() == {"a": "1", "b": "3", "c": "4"}


def test_an_upgrade_takes_package_configuration_and_label(suspended: Cloud) -> None:
    accepted = upgrade(suspended, RoleToUpgrade="DistributionPoint", Configuration=encoded(configuration(count=2)))

    assert accepted.status == 202
    assert suspended.wait_for(accepted.request_id).text("Status") == "Succeeded"
    assert suspended.deployment().text("Label") == encoded("second")
    assert instance_count(suspended) == 2


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"Mode": "Manual"}, "BadRequest"),
        ({"Mode": "Fast"}, "BadRequest"),
        ({"RoleToUpgrade": "WebRole1"}, "BadRequest"),
        ({"Force": "perhaps"}, "InvalidXmlRequest"),
        ({"Label": ""}, "BadRequest"),
        ({"PackageUrl": ""}, "BadRequest"),
        ({"Configuration": "%"}, "BadRequest"),
        ({"Configuration": encoded(b"\xff\xfe")}, "BadRequest"),
    ],
    ids=str,
)
def test_an_upgrade_that_cannot_be_meant_is_refused(unchanged: Cloud, values: dict[str, str], code: str) -> None:
    before = unchanged.deployment().body

    answer = upgrade(unchanged, **values)

    assert (answer.status, answer.error) == (400, code)
    assert unchanged.deployment().body == before


def test_a_status_that_is_none_is_refused(unchanged: Cloud) -> None:
    for status in ("Paused", "running", ""):
        body = document("UpdateDeploymentStatus", Status=status)
        assert unchanged.call("POST", f"{BY_NAME}/?comp=status", body).error == "BadRequest"


@pytest.mark.parametrize("comp", ["reboot", "reimage"])
@pytest.mark.parametrize("path", [BY_NAME, BY_SLOT])
def test_an_instance_of_a_suspended_deployment_is_not_restarted(unchanged: Cloud, path: str, comp: str) -> None:
    answer = unchanged.call("POST", f"{path}/roleinstances/{INSTANCE}?comp={comp}")

    assert (answer.status, answer.error) == (409, "ConflictError")


def test_a_rebooted_instance_keeps_its_folder_and_a_reimaged_one_does_not(running: Cloud) -> None:
    folder = running.state.instances(f"{NAME}.production") / INSTANCE
    (folder / "written").write_bytes(b"by the instance")
    processes = [process_id(running)]

    for comp, is_kept in (("reboot", True), ("reimage", False)):
        answer = running.call("POST", f"{BY_NAME}/roleinstances/{INSTANCE.lower()}?comp={comp}")

        assert answer.status == 202
        assert running.wait_for(answer.request_id).text("Status") == "Succeeded"
        running.wait_until_ready(count=1)
        assert (folder / "written").exists() is is_kept
        assert process_id(running) not in processes
        processes.append(process_id(running))
    assert running.deployment().text("Status") == "Running"
    answer = running.call("POST", f"{BY_SLOT}/roleinstances/DistributionPoint_IN_7?comp=reboot")
    assert (answer.status, answer.error) == (404, "ResourceNotFound")


def test_a_deployment_with_its_media_is_deleted_as_one_without(suspended: Cloud) -> None:
    accepted = suspended.call("DELETE", f"{BY_NAME}?comp=media")

    assert accepted.status == 202
    assert suspended.wait_for(accepted.request_id).text("Status") == "Succeeded"
    assert suspended.deployment().status == 404


def test_a_service_with_its_media_is_deleted_with_what_is_deployed_in_it(running: Cloud) -> None:
    accepted = running.call("DELETE", f"{SERVICE}?comp=media")

    assert accepted.status == 202
    assert running.wait_for(accepted.request_id).text("Status") == "Succeeded"
    assert running.call("GET", SERVICE).text("Message") == "The hosted service does not exist."
    assert process_id(running) is None
    wait_until(lambda: list(running.state.root.rglob("*.key")), lambda found: found == [])
    assert not running.state.instances(f"{NAME}.production").exists()


def test_nothing_is_deployed_in_a_service_that_is_being_deleted(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        cloud.make_service()
        cloud.wait_for(cloud.deploy(start=False).request_id)
    waiting = Cloud(tmp_path)  # accepts, and does nothing
    accepted = waiting.call("DELETE", f"{SERVICE}?comp=media")

    refused = waiting.call("POST", f"{SERVICE}/deploymentslots/staging", deployment_document(Name="other"))
    again = waiting.call("DELETE", f"{SERVICE}?comp=media")

    assert waiting.deployment().text("Status") == "Deleting"
    assert (refused.status, refused.error) == (409, "ConflictError")
    assert (again.status, again.error) == (409, "ConflictError")
    with running_cloud(tmp_path) as after:  # as after a crash
        assert after.wait_for(accepted.request_id).text("Status") == "Succeeded"
        assert after.call("GET", SERVICE).status == 404
