"""Deployments become processes, and are changed, stopped, started and removed as their operations say."""

from pathlib import Path

from tests.unit.fabric.builders import running_cloud

DEPLOYMENT = "/services/hostedservices/d1594d4527614a09b934d470/deployments/main"


def test_two_instances_become_ready_on_one_address_and_port(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        cloud.make_service()

        accepted = cloud.deploy()

        assert accepted.status == 202
        assert cloud.wait_for(accepted.request_id).text("Status") == "Succeeded"
        cloud.wait_until_ready()
        answer = cloud.deployment()
        assert answer.text("Status") == "Running"
        assert answer.text("VirtualIPs/VirtualIP/Address").startswith("127.")
        assert int(answer.text(".//InstanceEndpoint/PublicPort")) > 0
