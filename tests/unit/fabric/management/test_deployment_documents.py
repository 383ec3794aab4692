"""The document of a deployment follows its instances, and is told apart from others by what it shows."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.fabric.builders import NAMESPACE, Answer, Cloud, configuration, running_cloud

NAME = "d1594d4527614a09b934d470"


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    with running_cloud(tmp_path) as running:
        running.make_service()
        yield running


def instances(answer: Answer, element: str) -> list[str]:
    return [found.text or "" for found in answer.document.iter(f"{{{NAMESPACE}}}{element}")]


def test_a_suspended_deployment_shows_what_it_would_run(cloud: Cloud) -> None:
    cscfg = configuration(count=3)
    cloud.wait_for(cloud.deploy(start=False, cscfg=cscfg).request_id)

    shown = cloud.deployment()

    assert shown.text("Status") == "Suspended"
    assert base64.b64decode(shown.text("Configuration")).decode() == cscfg
    assert instances(shown, "InstanceName") == [f"DistributionPoint_IN_{number}" for number in range(3)]
    assert instances(shown, "InstanceStatus") == ["StoppedVM"] * 3
    assert instances(shown, "PowerState") == ["Stopped"] * 3
    assert instances(shown, "InstanceUpgradeDomain") == ["0", "1", "2"]
    assert instances(shown, "InstanceFaultDomain") == ["0", "1", "0"]
    assert shown.text("UpgradeDomainCount") == "3"
    assert len(shown.text("PrivateID")) == 32


def test_a_running_deployment_shows_its_instances_power_and_endpoints(cloud: Cloud) -> None:
    cloud.wait_for(cloud.deploy(cscfg=configuration(count=1)).request_id)
    cloud.wait_until_ready(count=1)

    shown = cloud.deployment()

    address, port = shown.text("VirtualIPs/VirtualIP/Address"), shown.text("InputEndpointList/InputEndpoint/Port")
    assert instances(shown, "PowerState") == ["Started"]
    assert shown.text("UpgradeDomainCount") == "1"
    assert shown.text("Url") == f"http://{NAME}.cloudapp.net/"
    assert shown.text("VirtualIPs/VirtualIP/IsDnsProgrammed") == "true"
    assert instances(shown, "Vip") == [address, address]
    assert instances(shown, "PublicPort") == instances(shown, "LocalPort") == [port]


def test_a_deployment_that_is_being_made_has_no_address_yet(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        cloud.make_service()
    waiting = Cloud(tmp_path)  # accepts, and does nothing
    waiting.deploy()

    shown = waiting.deployment()

    assert shown.text("Status") == "Deploying"
    assert instances(shown, "InstanceStatus") == ["CreatingRole"] * 2
    assert "InputEndpointList" not in shown.body
    assert "<VirtualIPs/>" in shown.body
