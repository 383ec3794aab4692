"""Tests of the routes of packages."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from clouddp.admin.rest.application import make_administration_service
from clouddp.admin.rest.packages import package_routes
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
        [package_routes(bench.contents, language="en")],
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
    ],
)
def test_what_cannot_be_done_is_told(
    client: TestClient, path: str, body: dict[str, object], status: int, code: str
) -> None:
    answer = client.post(f"{PATH}{path}", json=body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
