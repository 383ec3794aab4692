from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from clouddp.admin.rest.application import make_administration_service
from clouddp.admin.rest.cloud_connections import cloud_connection_routes
from clouddp.model.errors import RefusedError
from clouddp.site_server.cloud_connections import CloudConnections
from tests.unit.cloud_services.memory_cloud import MemoryCloud
from tests.unit.cloud_services.site_bench import (
    PASSWORD,
    SUBSCRIPTION_ID,
    SiteBench,
    management_certificate,
    now,
    service_certificate,
    upload,
)

PATH = "/api/v1/cloud-connection-checks"


@pytest.fixture
def cloud(tmp_path: Path) -> MemoryCloud:
    return MemoryCloud(tmp_path / "cloud")


@pytest.fixture
def client(tmp_path: Path, cloud: MemoryCloud) -> Iterator[TestClient]:
    bench = SiteBench(tmp_path, cloud)
    service = make_administration_service(
        [cloud_connection_routes(CloudConnections(clouds=bench.clouds, now=now), language="en")],
        authenticate=lambda token: None,
        report_failure=lambda reference, error: None,
        language="en",
    )
    with TestClient(service, headers={"Authorization": "Bearer t"}) as client:
        yield client
    bench.database.dispose()


def body(**changes: Any) -> dict[str, Any]:
    management = upload(management_certificate())
    return {
        "subscription_id": SUBSCRIPTION_ID,
        "management_url": "https://127.0.0.1:8443",
        "management_certificate": {"pfx_base64": management.pfx_base64, "password": management.password},
        **changes,
    }


def test_limits_and_regions_are_the_clouds_own(client: TestClient) -> None:
    answer = client.post(PATH, json=body()).json()

    assert answer["faults"] == []
    assert answer["regions"] == [{"name": "West Europe", "display_name": "West Europe"}]
    assert (answer["subscription"]["name"], answer["subscription"]["cores_limit"]) == ("Trial", 20)


def test_a_certificate_that_the_cloud_does_not_know_is_told_with_what_to_compare(
    client: TestClient, cloud: MemoryCloud
) -> None:
    cloud.failures["check_access"] = [
        RefusedError("cloud.certificate_not_known", thumbprint="AB", subscription_id="s", detail="No.")
    ]

    answer = client.post(PATH, json=body()).json()

    assert [fault["code"] for fault in answer["faults"]] == ["cloud.certificate_not_known"]
    assert "AB" in answer["faults"][0]["title"]
    assert (answer["subscription"], answer["regions"]) == (None, [])


def test_what_cannot_work_is_told_at_once_and_not_sent(client: TestClient, cloud: MemoryCloud) -> None:
    cloud.failures["check_access"] = [RefusedError("cloud.certificate_not_known", thumbprint="", detail="")]
    swapped = upload(service_certificate())
    wrong = body(
        subscription_id="mine",
        management_url="http://127.0.0.1",
        management_certificate={"pfx_base64": swapped.pfx_base64, "password": swapped.password},
    )

    answer = client.post(PATH, json=wrong).json()

    assert {fault["code"] for fault in answer["faults"]} == {
        "certificate.service_given_as_management",
        "cloud.subscription_id_malformed",
        "cloud.address_invalid",
    }
    assert cloud.failures["check_access"]


def test_a_wrong_password_is_told_and_not_repeated(client: TestClient) -> None:
    management = upload(management_certificate())
    secret = "a wrong password"

    answer = client.post(
        PATH, json=body(management_certificate={"pfx_base64": management.pfx_base64, "password": secret})
    )

    assert [fault["code"] for fault in answer.json()["faults"]] == ["certificate.pfx_password"]
    assert secret not in answer.text
    assert PASSWORD not in answer.text
