from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from clouddp.admin.rest.application import make_administration_service
from clouddp.admin.rest.cloud_distribution_points import cloud_distribution_point_routes
from clouddp.model.cloud_service import Problem, ServiceState
from tests.unit.cloud_services.memory_cloud import MemoryCloud
from tests.unit.cloud_services.site_bench import SUBSCRIPTION_ID, SiteBench, management_certificate, now, upload
from tests.unit.cloud_services.site_bench import service_certificate as issued_service_certificate

PATH = "/api/v1/cloud-distribution-points"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SiteBench]:
    bench = SiteBench(tmp_path, MemoryCloud(tmp_path / "cloud"))
    yield bench
    bench.database.dispose()


@pytest.fixture
def client(site: SiteBench) -> Iterator[TestClient]:
    service = make_administration_service(
        [cloud_distribution_point_routes(site.use_cases, language="en")],
        authenticate=lambda token: None,
        report_failure=lambda reference, error: None,
        language="en",
    )
    with TestClient(service, headers={"Authorization": "Bearer t"}) as client:
        yield client


def body(**changes: Any) -> dict[str, Any]:
    management, service = upload(management_certificate()), upload(issued_service_certificate())
    return {
        "subscription_id": SUBSCRIPTION_ID,
        "management_url": "https://127.0.0.1:8443",
        "management_certificate": {"pfx_base64": management.pfx_base64, "password": management.password},
        "service_certificate": {"pfx_base64": service.pfx_base64, "password": service.password},
        "region": "West Europe",
        **changes,
    }


def test_a_creation_is_accepted_with_the_products_quotas(client: TestClient) -> None:
    answer = client.post(PATH, json=body())

    made = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"{PATH}/{made['id']}"
    assert (made["state"], made["state_text"]) == ("provisioning", "Provisioning")
    assert made["site_url"] == f"http://{made['service_name']}.cloudapp.net"
    assert (made["storage_quota_bytes"], made["transfer_quota_bytes"]) == (2_000 * 2**30, 10_000 * 2**30)
    assert (made["warning_percent"], made["critical_percent"]) == (50, 90)
    assert client.get(PATH).json() == [made]


def test_no_secret_comes_out_again(client: TestClient) -> None:
    sent = body()
    identifier = client.post(PATH, json=sent).json()["id"]

    shown = client.get(f"{PATH}/{identifier}").text

    assert sent["management_certificate"]["password"] not in shown
    assert "pfx" not in shown


def test_a_dry_run_lists_faults_with_what_to_do_and_creates_nothing(client: TestClient) -> None:
    answer = client.post(PATH, json=body(dry_run=True, region="Atlantis"), headers={"Accept-Language": "fr"})

    assert answer.status_code == 200
    assert [fault["code"] for fault in answer.json()["faults"]] == ["cloud.region_unknown"]
    assert "West Europe" in answer.json()["faults"][0]["next_step"]
    assert "région" in answer.json()["faults"][0]["title"]
    assert client.get(PATH).json() == []


def test_a_plan_with_faults_is_refused_with_all_of_them(client: TestClient) -> None:
    answer = client.post(PATH, json=body(region="Atlantis", instance_count=0))

    assert answer.status_code == 422
    assert {fault["code"] for fault in answer.json()["faults"]} == {"cloud.region_unknown", "cloud.instance_count"}


def test_an_unknown_field_is_refused_without_repeating_secrets(client: TestClient) -> None:
    answer = client.post(PATH, json=body(qouta=1))

    assert answer.status_code == 422
    assert "pfx password" not in answer.text


def test_the_same_key_makes_one(client: TestClient) -> None:
    sent = body()

    first = client.post(PATH, json=sent, headers={"Idempotency-Key": "k"})
    second = client.post(PATH, json=sent, headers={"Idempotency-Key": "k"})

    assert first.json()["id"] == second.json()["id"]


def test_an_error_is_shown_with_its_cause_and_next_step_and_can_be_retried(client: TestClient, site: SiteBench) -> None:
    identifier = client.post(PATH, json=body()).json()["id"]
    problem = Problem(code="cloud.unreachable", arguments={"url": "https://cloud", "reason": "no route"})
    site.records.settle(identifier, generation=1, state=ServiceState.ERROR, problem=problem)

    shown = client.get(f"{PATH}/{identifier}").json()
    retried = client.post(f"{PATH}/{identifier}/retry")

    assert shown["state_text"] == "Error"
    assert "no route" in shown["problem"]["text"]
    assert "proxy" in shown["problem"]["next_step"]
    assert (retried.status_code, retried.json()["state"], retried.json()["settled"]) == (202, "provisioning", False)


def test_progress_names_the_activity_and_the_steps_done(client: TestClient, site: SiteBench) -> None:
    identifier = client.post(PATH, json=body()).json()["id"]
    site.records.set_activity(identifier, generation=1, activity="cloud.step_container", deadline_at=now())
    site.progress.note_step(identifier, generation=1, step="storage_account")

    shown = client.get(f"{PATH}/{identifier}").json()

    assert (shown["activity"], shown["activity_code"]) == ("waiting for the container", "cloud.step_container")
    assert [step["step"] for step in shown["steps"]] == ["storage_account"]


def test_what_is_deleted_says_so_and_what_is_unknown_is_not_found(client: TestClient) -> None:
    identifier = client.post(PATH, json=body()).json()["id"]

    deleted = client.delete(f"{PATH}/{identifier}")
    unknown = client.delete(f"{PATH}/{'0' * 32}")

    assert (deleted.status_code, deleted.json()["state"]) == (202, "deleting")
    assert unknown.status_code == 404
