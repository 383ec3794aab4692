"""Someone deletes parts of the cloud by hand; the administrator reconciles, and clients get their content again."""

import time
from pathlib import Path
from typing import Any

import httpx2
import pytest
from azure.common import AzureMissingResourceHttpError

from clouddp.demo.comparison import compare_folders
from clouddp.network.certificates import to_pfx
from clouddp.network.tls import client_context
from tests.end_to_end.installation import SERVICE_FQDN, Installation, eventually
from tests.end_to_end.tree import make_tree


@pytest.mark.slow
def test_after_a_deletion_by_hand_content_is_sent_again_and_a_client_gets_it(
    installation: Installation, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    make_tree(source, files=30)
    installation.begin()
    assert_the_connection_is_told(installation)
    service = installation.api.post("/cloud-distribution-points", installation.wanted())
    package = installation.api.post("/packages", {"name": "Software", "source_folder": str(source)})
    distributions = f"/packages/{package['id']}/distributions"
    installation.api.post(distributions, {"distribution_point_ids": [service["id"]]})
    await_content(installation, distributions)
    installation.publish_name(service["id"])
    get_content(installation, package["id"], tmp_path / "before")

    delete_storage_account(installation, service["service_name"])
    preview = installation.run("cloud-dp", "reconcile")
    finding = f"{service['service_name']}.storage-account.missing"
    assert [found["id"] for found in preview["findings"]] == [finding]
    assert finding in installation.read("cloud-dp", "reconcile", SERVICE_FQDN)
    assert "Le compte de stockage" in installation.read("cloud-dp", "reconcile", language="fr")
    assert_outdated_is_refused(installation, finding)
    applied = installation.run("cloud-dp", "reconcile", SERVICE_FQDN, "--repair", "all")
    assert [one["remedy"] for one in applied["accepted"]] == ["repair"]
    await_state(installation, service["id"], "ready")
    await_content(installation, distributions)

    get_content(installation, package["id"], tmp_path / "after")
    assert compare_folders(source, tmp_path / "after").files > 0
    assert installation.run("cloud-dp", "reconcile")["findings"] == []

    assert_a_lost_service_can_be_forgotten(installation, service)


def assert_the_connection_is_told(installation: Installation) -> None:
    file, password = installation.home / "management.pfx", installation.home / "password.txt"
    file.write_bytes(to_pfx(installation.management, "secret"))
    password.write_text("secret", encoding="utf-8")
    command = ["cloud-dp", "check-connection", "--management-url", installation.fabric["management_url"]]
    command += ["--management-certificate", str(file), "--password-file", str(password)]
    command += ["--cloud-ca-file", installation.fabric["ca_file"], "--subscription-id"]

    told = installation.run(*command, installation.fabric["subscription_id"])
    assert "North Europe" in [region["name"] for region in told["regions"]]
    assert "North Europe" in installation.read(*command, installation.fabric["subscription_id"])


def assert_outdated_is_refused(installation: Installation, finding: str) -> None:
    """The program gets the new preview with the refusal."""
    token = Path(installation.site["token_file"]).read_text(encoding="utf-8").strip()
    authorities = Path(installation.site["ca_file"]).read_text(encoding="utf-8")
    with httpx2.Client(verify=client_context(authorities_pem=authorities), trust_env=False, timeout=30) as client:
        answer = client.post(
            f"{installation.site['admin_url']}/api/v1/reconciliation",
            json={"digest": "00" * 16, "remedies": {finding: "repair"}},
            headers={"Authorization": f"Bearer {token}"},
        )
    assert (answer.status_code, answer.json()["code"]) == (409, "reconciliation.outdated")
    assert [found["id"] for found in answer.json()["preview"]["findings"]] == [finding]


def assert_a_lost_service_can_be_forgotten(installation: Installation, service: dict[str, Any]) -> None:
    name = service["service_name"]
    cloud = installation.cloud()
    deployment = cloud.get_deployment_by_slot(name, "production").name
    accepted = cloud.delete_deployment(name, deployment)
    cloud.wait_for_operation_status(
        accepted.request_id, timeout=60, sleep_interval=0.1, progress_callback=None, success_callback=None
    )
    cloud.delete_hosted_service(name)
    delete_storage_account(installation, name)

    told = installation.run("cloud-dp", "reconcile", "--repair", "all", "--remove", "all", expected=2)
    assert told["faults"][0]["code"] == "reconciliation.remedy_ambiguous"
    installation.run("cloud-dp", "reconcile", "--remove", f"{name}.cloud-service.missing")

    eventually(
        lambda: True if not installation.api.get("/cloud-distribution-points") else None, what="the record stayed"
    )


def delete_storage_account(installation: Installation, name: str) -> None:
    cloud = installation.cloud()
    cloud.delete_storage_account(name)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            cloud.get_storage_account_properties(name)
        except AzureMissingResourceHttpError:
            return
        time.sleep(0.05)
    raise TimeoutError


def get_content(installation: Installation, package_id: str, to: Path) -> None:
    """Get the content as a client that has nothing of it yet."""
    token = to.with_suffix(".token")
    installation.run("registration-token", "new", "--to", str(token))
    installation.api.put("/client-settings", {"allow_cloud_distribution_point": True})
    home = ["--home", str(to.with_suffix(".home"))]
    management_point = installation.site["management_point_url"]
    installation.run("client", "register", "--management-point", management_point, "--token-file", str(token), *home)
    installation.run("client", "get", package_id, "--to", str(to), "--dns", installation.fabric["dns"], *home)


def await_state(installation: Installation, service_id: str, state: str) -> None:
    def look() -> bool | None:
        service = installation.api.get(f"/cloud-distribution-points/{service_id}")
        assert service["state"] != "error", service
        return True if service["state"] == state and service["settled"] else None

    eventually(look, what=f"not {state}")


def await_content(installation: Installation, distributions: str) -> None:
    def look() -> bool | None:
        return True if installation.api.get(distributions)[0]["state"] == "success" else None

    eventually(look, what="not distributed")
