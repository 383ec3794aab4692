"""What is done with cloud distribution points over REST: accepted, or refused with what is possible."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from clouddp.admin.rest.application import make_administration_service
from clouddp.admin.rest.cloud_distribution_points import cloud_distribution_point_routes
from clouddp.model.cloud_service import Problem, ServiceState
from tests.unit.cloud_services.memory_cloud import MemoryCloud
from tests.unit.cloud_services.site_bench import SiteBench, management_certificate, request, service_certificate, upload

PATH = "/api/v1/cloud-distribution-points"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SiteBench]:
    bench = SiteBench(tmp_path, MemoryCloud(tmp_path / "cloud"))  # nothing is started: only what is wanted is recorded
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


@pytest.fixture
def ready(site: SiteBench) -> str:
    return in_state(site, ServiceState.READY)


def in_state(site: SiteBench, state: ServiceState, problem: Problem | None = None) -> str:
    service = site.use_cases.create(request(), idempotency_key=None)
    site.records.settle(service.id, generation=1, state=state, problem=problem)
    return f"{PATH}/{service.id}"


def certificate_body(name: str = "CLOUDDP1.contoso.com", **changes: Any) -> dict[str, Any]:
    given = upload(service_certificate(name))
    return {"pfx_base64": given.pfx_base64, "password": given.password, **changes}


@pytest.mark.parametrize(
    ("operation", "state"), [("stop", "stopping"), ("upgrade", "upgrading")], ids=["stop", "upgrade"]
)
def test_an_operation_is_accepted_and_says_how_far_it_is(
    client: TestClient, ready: str, operation: str, state: str
) -> None:
    answer = client.post(f"{ready}/{operation}")

    shown = client.get(ready).json()
    assert (answer.status_code, answer.json()["state"], answer.json()["settled"]) == (202, state, False)
    assert (shown["action"], shown["possible"]) == (operation, ["delete"])
    assert shown["elapsed_seconds"] >= 0
    assert (shown["remaining_seconds"], shown["steps"]) == (None, [])  # it has not begun


def test_what_is_not_possible_is_refused_with_what_is(client: TestClient, ready: str) -> None:
    answer = client.post(f"{ready}/start")

    assert (answer.status_code, answer.json()["code"]) == (409, "cloud.transition_refused")
    assert "in the state ready, in which 'start'" in answer.json()["title"]
    assert answer.json()["next_step"] == "Possible now: stop, change, upgrade, repair, delete."


def test_while_work_is_under_way_only_a_deletion_is_accepted(client: TestClient, ready: str) -> None:
    client.post(f"{ready}/stop")

    refused = [
        client.post(f"{ready}/start"),
        client.post(f"{ready}/upgrade"),
        client.post(f"{ready}/cancel"),
        client.post(f"{ready}/retry"),
        client.patch(ready, json={"instance_count": 3}),
        client.put(f"{ready}/service-certificate", json=certificate_body()),
    ]

    assert {answer.status_code for answer in refused} == {409}
    assert client.delete(ready).json()["state"] == "deleting"
    assert client.delete(ready).json()["generation"] == 3  # asking twice is asking once


def test_of_two_at_once_exactly_one_wins(client: TestClient, site: SiteBench, ready: str) -> None:
    gate, answers = threading.Barrier(2), list[int]()

    def ask(operation: str) -> None:
        gate.wait()
        answers.append(client.post(f"{ready}/{operation}").status_code)

    threads = [threading.Thread(target=ask, args=(operation,)) for operation in ("stop", "upgrade")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [202, 409]
    assert client.get(ready).json()["generation"] == 2


def test_a_creation_under_way_is_cancelled(client: TestClient, site: SiteBench) -> None:
    service = site.use_cases.create(request(), idempotency_key=None)

    answer = client.post(f"{PATH}/{service.id}/cancel")

    assert (answer.status_code, answer.json()["state"]) == (202, "deleting")
    assert site.numbers()[-1] == 12016


def test_properties_change_at_once_or_with_work(client: TestClient, ready: str) -> None:
    at_once = client.patch(ready, json={"description": "Trial", "critical_percent": 95})
    with_work = client.patch(ready, json={"instance_count": 3})

    assert (at_once.status_code, at_once.json()["settled"]) == (202, True)
    assert (at_once.json()["description"], at_once.json()["critical_percent"]) == ("Trial", 95)
    assert (with_work.json()["settled"], with_work.json()["instance_count"]) == (False, 3)


def test_impossible_properties_are_refused_with_all_faults(client: TestClient, ready: str) -> None:
    answer = client.patch(ready, json={"instance_count": 0, "warning_percent": 99, "transfer_quota_bytes": -1})

    assert answer.status_code == 422
    assert {fault["code"] for fault in answer.json()["faults"]} == {
        "cloud.instance_count",
        "cloud.quota_not_positive",
        "cloud.thresholds",
    }
    assert client.patch(ready, json={"region": "Atlantis"}).status_code == 422
    assert client.patch(ready, json={"storage_quota_bytes": 2**63}).status_code == 422


def test_a_certificate_is_replaced_and_no_secret_comes_back(client: TestClient, ready: str) -> None:
    sent = certificate_body()

    answer = client.put(f"{ready}/service-certificate", json=sent)

    assert answer.status_code == 202
    assert answer.json()["service_certificate_thumbprint"] == service_certificate("CLOUDDP1.contoso.com").thumbprint
    assert answer.json()["previous_certificate_thumbprints"] == [service_certificate().thumbprint]
    assert sent["password"] not in answer.text


@pytest.mark.slow
def test_a_swapped_file_a_wildcard_and_rubbish_are_told_apart(client: TestClient, ready: str) -> None:
    swapped = upload(management_certificate())
    bodies = [
        {"pfx_base64": swapped.pfx_base64, "password": swapped.password},
        certificate_body("*.contoso.com"),
        {"pfx_base64": "rubbish!", "password": "x"},
        certificate_body() | {"password": "wrong"},
    ]

    answers = [client.put(f"{ready}/service-certificate", json=body).json() for body in bodies]

    assert {answer["code"] for answer in answers} == {"cloud.change_not_possible"}
    codes = [{fault["code"] for fault in answer["faults"]} for answer in answers]
    assert "certificate.management_given_as_service" in codes[0]
    assert codes[1:] == [{"certificate.wildcard"}, {"cloud.upload_not_base64"}, {"certificate.pfx_password"}]
    accepted = client.put(f"{ready}/service-certificate", json=bodies[1] | {"accept_wildcard": True})
    assert accepted.status_code == 202


@pytest.mark.slow
def test_after_an_error_work_is_done_again_or_something_else_is_wanted(client: TestClient, site: SiteBench) -> None:
    path = in_state(site, ServiceState.ERROR, Problem(code="cloud.conflict", arguments={"detail": "Taken."}))

    assert client.get(path).json()["possible"][0] == "retry"
    assert client.post(f"{path}/retry").json()["state"] == "provisioning"


@pytest.mark.slow
def test_nothing_is_done_with_what_is_not_there(client: TestClient) -> None:
    unknown = f"{PATH}/{'0' * 32}"

    answers = [
        client.post(f"{unknown}/stop"),
        client.patch(unknown, json={"description": "x"}),
        client.put(f"{unknown}/service-certificate", json=certificate_body()),
    ]

    assert {answer.status_code for answer in answers} == {404}
