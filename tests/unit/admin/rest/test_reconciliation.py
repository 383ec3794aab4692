from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from clouddp.admin.rest.application import make_administration_service
from clouddp.admin.rest.reconciliation import reconciliation_routes
from tests.integration.reconciled_site import ReconciledSite
from tests.unit.cloud_services.memory_cloud import MemoryCloud
from tests.unit.cloud_services.site_bench import request

PATH = "/api/v1/reconciliation"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[ReconciledSite]:
    bench = ReconciledSite(tmp_path, MemoryCloud(tmp_path / "cloud"))  # a cloud that does not tell what it holds
    yield bench
    bench.database.dispose()


@pytest.fixture
def client(site: ReconciledSite) -> Iterator[TestClient]:
    service = make_administration_service(
        [reconciliation_routes(site.reconciliation, language="en")],
        authenticate=lambda token: None,
        report_failure=lambda reference, error: None,
        language="en",
    )
    with TestClient(service, headers={"Authorization": "Bearer t"}) as client:
        yield client


def test_a_site_without_cloud_distribution_points_has_nothing_to_reconcile(client: TestClient) -> None:
    answer = client.get(PATH).json()

    assert (answer["findings"], answer["not_judged"]) == ([], [])
    assert len(answer["digest"]) == 32


def test_what_cannot_be_compared_is_told_with_what_to_do_in_the_readers_language(
    client: TestClient, site: ReconciledSite
) -> None:
    service = site.use_cases.create(request(), idempotency_key=None)

    (untold,) = client.get(
        f"/api/v1/cloud-distribution-points/{service.id}/reconciliation", headers={"Accept-Language": "fr"}
    ).json()["not_judged"]

    assert (untold["distribution_point_id"], untold["name"]) == (service.id, service.service_fqdn)
    assert untold["code"] == "reconciliation.work_under_way"
    assert untold["text"].startswith("Une opération")
    assert untold["next_step"]


def test_a_cloud_that_tells_nothing_is_named(client: TestClient, site: ReconciledSite) -> None:
    service = site.use_cases.create(request(), idempotency_key=None)
    site.records.settle(service.id, generation=1, state=service.state, problem=None)

    (untold,) = client.get(PATH).json()["not_judged"]

    assert untold["code"] == "reconciliation.cloud_tells_nothing"


def test_remedies_by_another_digest_are_refused_with_the_new_preview(client: TestClient) -> None:
    answer = client.post(PATH, json={"digest": "00", "remedies": {"abc": "repair"}})

    assert (answer.status_code, answer.json()["code"]) == (409, "reconciliation.outdated")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["preview"] == client.get(PATH).json()


def test_a_finding_that_is_not_there_is_refused_and_an_unknown_remedy_is(client: TestClient) -> None:
    digest = client.get(PATH).json()["digest"]

    unknown = client.post(PATH, json={"digest": digest, "remedies": {"abc": "repair"}})
    impossible = client.post(PATH, json={"digest": digest, "remedies": {"abc": "explode"}})
    nothing = client.post(PATH, json={"digest": digest, "remedies": {}})

    assert [answer.status_code for answer in (unknown, impossible, nothing)] == [422, 422, 422]
    assert [fault["code"] for fault in unknown.json()["faults"]] == ["reconciliation.finding_unknown"]


def test_an_unknown_distribution_point_is_not_found(client: TestClient) -> None:
    assert client.get("/api/v1/cloud-distribution-points/abc/reconciliation").status_code == 404
