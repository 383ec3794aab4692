"""Tests of the routes of packages."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from clouddp.admin.rest.application import make_administration_service
from clouddp.admin.rest.bandwidth_plan import bandwidth_plan_routes
from clouddp.admin.rest.distribution_point_groups import group_routes
from clouddp.admin.rest.packages import content_status_routes, package_routes
from clouddp.model.errors import CloudError
from tests.unit.distribution_manager.distribution_bench import Bench, write_files

PATH = "/api/v1/packages"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    write_files(tmp_path / "source", {"a": b"abc", "b/c": b"de"})
    yield made
    made.close()


@pytest.fixture
def client(bench: Bench) -> Iterator[TestClient]:
    service = make_administration_service(
        [
            package_routes(bench.contents, language="en"),
            content_status_routes(bench.contents, language="en"),
            group_routes(bench.groups),
            bandwidth_plan_routes(bench.planning),
        ],
        authenticate=lambda token: None,
        report_failure=lambda reference, error: None,
        language="en",
    )
    with TestClient(service, headers={"Authorization": "Bearer t"}) as client:
        yield client


def _add(client: TestClient, bench: Bench) -> None:
    body = {"name": "Editor", "source_folder": str(bench.folder / "source")}
    assert client.post(PATH, json=body).status_code == 201


def test_a_package_is_made_shown_and_listed(client: TestClient, bench: Bench) -> None:
    answer = client.post(PATH, json={"name": "Editor", "source_folder": str(bench.folder / "source")})

    made = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{PATH}/P0100001"
    assert (made["id"], made["version"], made["file_count"], made["size_bytes"]) == ("P0100001", 1, 2, 5)
    assert client.get(PATH).json() == [made]
    assert client.get(f"{PATH}/P0100001").json() == made


def test_a_package_is_distributed_and_its_status_seen(client: TestClient, bench: Bench) -> None:
    bench.cloud.add("cdp1")
    _add(client, bench)

    answer = client.post(f"{PATH}/P0100001/distributions", json={"distribution_point_ids": ["cdp1", "cdp1"]})
    [targeted] = answer.json()
    bench.manager.run_due()
    [done] = client.get(f"{PATH}/P0100001/distributions", headers={"Accept-Language": "fr"}).json()

    assert answer.status_code == 202
    assert (targeted["state"], targeted["percent"], targeted["retries_left"]) == ("targeted", 0, 100)
    assert (done["state"], done["state_text"], done["percent"], done["done_bytes"]) == ("success", "Réussite", 100, 5)


def test_a_failure_is_shown_with_its_next_step(client: TestClient, bench: Bench) -> None:
    store = bench.cloud.add("cdp1")
    store.fails_after, store.faults = 0, [CloudError("store.refused", name="n", reason="r")]
    _add(client, bench)
    client.post(f"{PATH}/P0100001/distributions", json={"distribution_point_ids": ["cdp1"]})
    bench.manager.run_due()

    [failed] = client.get(f"{PATH}/P0100001/distributions").json()

    assert (failed["state"], failed["retries_left"], failed["problem"]["code"]) == ("error", 99, "store.refused")
    assert failed["problem"]["next_step"]


def test_an_update_makes_a_new_version(client: TestClient, bench: Bench) -> None:
    _add(client, bench)
    write_files(bench.folder / "source", {"new": b"x"})

    answer = client.post(f"{PATH}/P0100001/versions")

    assert (answer.status_code, answer.json()["version"], answer.json()["file_count"]) == (201, 2, 3)


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("", {"name": "x", "source_folder": "/nowhere"}, 422, "content.source_missing"),
        ("", {"name": "", "source_folder": "/nowhere"}, 422, "content.name_missing"),
        ("", {"name": "x"}, 422, "admin.request_invalid"),
        ("", {"name": "x", "source_folder": "/nowhere", "more": 1}, 422, "admin.request_invalid"),
        ("/P0100009/versions", {}, 404, "content.package_missing"),
        ("/P0100009/distributions", {"distribution_point_ids": ["x"]}, 404, "content.package_missing"),
        ("/P0100009/distributions", {"distribution_point_ids": []}, 422, "admin.request_invalid"),
        ("/P0100009/redistributions", {}, 404, "content.package_missing"),
        ("/P0100009/cancellations", {}, 404, "content.package_missing"),
        ("/P0100009/validations", {"kind": "quick"}, 422, "admin.request_invalid"),
        ("", {"name": "x", "source_folder": "/x", "priority": "urgent"}, 422, "admin.request_invalid"),
    ],
)
def test_what_cannot_be_done_is_told(
    client: TestClient, path: str, body: dict[str, object], status: int, code: str
) -> None:
    answer = client.post(f"{PATH}{path}", json=body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def _distributed(client: TestClient, bench: Bench) -> None:
    bench.cloud.add("cdp1")
    _add(client, bench)
    client.post(f"{PATH}/P0100001/distributions", json={"distribution_point_ids": ["cdp1"]})
    bench.manager.run_due()


def test_a_package_is_sent_again_validated_and_taken_away(client: TestClient, bench: Bench) -> None:
    _distributed(client, bench)

    again = client.post(f"{PATH}/P0100001/redistributions", json={})
    asked = client.post(f"{PATH}/P0100001/validations", json={"kind": "full", "repair": True})
    bench.manager.run_due()
    bench.validator.run_waiting()
    [status] = client.get("/api/v1/content-status").json()
    withdrawn = client.delete(f"{PATH}/P0100001/distributions/cdp1")

    assert (again.status_code, again.json()[0]["activity"]) == (202, "waiting_turn")
    assert (asked.status_code, asked.json()[0]["validation"]["state"]) == (202, "waiting")
    assert (status["state"], status["validation"]["state"], status["validation"]["missing_count"]) == (
        "success",
        "done",
        0,
    )
    assert withdrawn.status_code == 202
    assert client.get(f"{PATH}/P0100001/distributions").json() == []


def test_a_package_that_was_removed_is_not_found(client: TestClient, bench: Bench) -> None:
    _add(client, bench)

    assert client.delete(f"{PATH}/P0100001").status_code == 202
    assert client.get(f"{PATH}/P0100001").status_code == 404
    assert client.delete(f"{PATH}/P0100001").status_code == 404


def test_what_is_under_way_is_cancelled(client: TestClient, bench: Bench) -> None:
    _distributed(client, bench)

    nothing = client.post(f"{PATH}/P0100001/cancellations", json={})
    client.post(f"{PATH}/P0100001/redistributions", json={})
    cancelled = client.post(f"{PATH}/P0100001/cancellations", json={"distribution_point_ids": ["cdp1"]})

    assert (nothing.status_code, nothing.json()["code"]) == (409, "content.nothing_to_cancel")
    assert [status["state"] for status in cancelled.json()] == ["success"]


def test_the_priority_of_a_package_is_changed(client: TestClient, bench: Bench) -> None:
    _add(client, bench)

    changed = client.patch(f"{PATH}/P0100001", json={"priority": "high"})

    assert (changed.status_code, changed.json()["priority"]) == (200, "high")
    assert client.get(PATH).json()[0]["priority"] == "high"


def test_a_group_gives_its_members_its_packages(client: TestClient, bench: Bench) -> None:
    bench.cloud.add("cdp1")
    _add(client, bench)
    made = client.post("/api/v1/distribution-point-groups", json={"name": "Europe"})
    path = f"/api/v1/distribution-point-groups/{made.json()['id']}"

    client.post(f"{path}/packages", json={"package_id": "P0100001"})
    joined = client.post(f"{path}/members", json={"distribution_point_ids": ["cdp1"]})

    assert (made.status_code, joined.status_code) == (201, 202)
    assert client.get("/api/v1/distribution-point-groups").json() == [joined.json()]
    assert len(client.get(f"{PATH}/P0100001/distributions").json()) == 1
    assert client.delete(f"{PATH}/P0100001/distributions/cdp1").json()["code"] == "content.wanted_by_group"
    assert client.delete(f"{path}/packages/P0100001").status_code == 202
    assert client.delete(f"{path}/members/cdp1").status_code == 204
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404


def test_the_bandwidth_plan_is_set_and_kept(client: TestClient) -> None:
    path = "/api/v1/bandwidth-plan"
    rule = {"days": ["monday"], "from_hour": 8, "until_hour": 18, "opening": "medium_and_high"}
    plan = {"limit_bytes_per_second": 1_000_000, "rules": [rule]}

    assert client.get(path).json() == {"limit_bytes_per_second": None, "rules": []}
    assert client.put(path, json=plan).json() == client.get(path).json() == plan
    for wrong in (
        {**plan, "limit_bytes_per_second": 0},
        {**plan, "rules": [{**rule, "until_hour": 25}]},
        {**plan, "rules": [{**rule, "until_hour": 8}]},
        {**plan, "rules": [{**rule, "days": []}]},
        {**plan, "more": 1},
    ):
        assert client.put(path, json=wrong).status_code == 422
    assert client.get(path).json() == plan
