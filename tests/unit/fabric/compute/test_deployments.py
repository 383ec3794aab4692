"""What is known of deployments: where they are, what they use, and what may be asked of them now."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from clouddp.fabric.compute.deployments import (
    Deployment,
    Deployments,
    DeploymentStatus,
    deployment_key,
    open_deployments,
)
from clouddp.fabric.management.protocol_errors import ProtocolError
from tests.unit.fabric.builders import NOW, SERVICE, Cloud, configuration, deployment_document, running_cloud

NAME = "d1594d4527614a09b934d470"
IDS = [f"{number:032x}" for number in range(5)]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A cloud with a suspended deployment in each slot of a service."""
    with running_cloud(tmp_path_factory.mktemp("cloud")) as running:
        running.make_service()
        for slot, count in (("production", 2), ("staging", 1)):
            body = deployment_document(Name=slot, cscfg=configuration(count=count), start=False)
            accepted = running.call("POST", f"/services/hostedservices/{NAME}/deploymentslots/{slot}", body)
            assert running.wait_for(accepted.request_id).text("Status") == "Succeeded"
        yield running


@pytest.fixture
def deployments(cloud: Cloud) -> Deployments:
    return cloud.plane.deployments


def test_a_service_has_its_deployments_in_the_order_of_slots(deployments: Deployments) -> None:
    assert [each.slot for each in deployments.of_service(NAME.upper())] == ["Production", "Staging"]
    assert deployments.of_service("other") == []


def test_a_key_is_the_same_whatever_the_case(deployments: Deployments) -> None:
    assert deployment_key("One", "Staging") == deployment_key("one", "staging") == "one.staging"
    assert deployments.get_by_slot(NAME, "sTaGiNg").key == f"{NAME}.staging"


def test_each_deployment_has_an_address_of_its_own_and_the_service_that_of_production(deployments: Deployments) -> None:
    production, staging = deployments.of_service(NAME)

    assert production.virtual_ip != staging.virtual_ip
    for host in (f"{NAME}.cloudapp.net", f"{NAME.upper()}.CLOUDAPP.NET"):
        assert deployments.find_address(host) == production.virtual_ip
    for host in (NAME, f"{NAME}.example.com", f"www.{NAME}.cloudapp.net", ".cloudapp.net", ""):
        assert deployments.find_address(host) is None


def test_cores_and_certificates_are_counted_over_both_slots(cloud: Cloud, deployments: Deployments) -> None:
    assert deployments.core_count(cloud.subscription_id) == 3
    assert deployments.core_count("other") == 0
    assert deployments.used_thumbprints(NAME) == frozenset([SERVICE.thumbprint])
    assert deployments.used_thumbprints("other") is None


@pytest.mark.parametrize("slot", ["", "third", "Production ", "../production"])
def test_a_slot_that_is_none_is_refused(deployments: Deployments, slot: str) -> None:
    with pytest.raises(ProtocolError, match="Production or Staging"):
        deployments.get_by_slot(NAME, slot)


def test_an_instance_that_there_is_not_is_not_restarted(deployments: Deployments) -> None:
    production, _staging = deployments.of_service(NAME)

    for name in ("DistributionPoint_IN_2", "DistributionPoint_IN_", "Other_IN_0", ""):
        with pytest.raises(ProtocolError, match="role instance"):
            deployments.reboot(IDS[0], production, name)


@pytest.mark.parametrize(
    "status", [status for status in DeploymentStatus if status not in ("Running", "Suspended")], ids=str
)
def test_a_deployment_that_changes_takes_no_other_change(tmp_path: Path, status: DeploymentStatus) -> None:
    cloud = Cloud(tmp_path)  # accepts, and does nothing
    open_deployments(cloud.state).put("one.production", example(cloud, status))
    deployments = Cloud(tmp_path).plane.deployments
    (deployment,) = deployments.of_service("one")

    for act in (deployments.set_running, deployments.set_suspended):
        with pytest.raises(ProtocolError, match="exclusive access"):
            act(IDS[1], deployment)
    assert deployments.get_by_name("one", "MAIN").status is status
    deployments.delete(IDS[2], deployment)
    assert deployments.get_by_name("one", "main").status is DeploymentStatus.DELETING


def example(cloud: Cloud, status: DeploymentStatus) -> Deployment:
    return Deployment(
        service_name="one",
        subscription_id=cloud.subscription_id,
        slot="Production",
        name="main",
        private_id="0" * 32,
        label="",
        package_url="",
        configuration=configuration(),
        starts=True,
        extended_properties=(),
        status=status,
        virtual_ip="127.64.0.1",
        port=443,
        created_at=NOW,
        modified_at=NOW,
    )
