"""Power cuts: whatever dies, wherever it dies, the work goes on to its end, once."""

import base64
import json
import os
import random
import time
from pathlib import Path
from typing import Any

import pytest

from clouddp.model.errors import TemporaryError
from tests.end_to_end.installation import SITE_MODULE, Installation, eventually
from tests.end_to_end.tree import make_tree

KILLED_SITE = ("-m", "tests.end_to_end.killed_site")
STEPS = ("storage_account", "hosted_service", "deployment", "chunks", "manifest", "scope", "visible")


@pytest.mark.slow
@pytest.mark.sample
@pytest.mark.timeout(600)
def test_a_site_killed_before_and_after_every_step_reaches_ready_and_distributed(
    installation: Installation, tmp_path: Path
) -> None:
    source = make_tree(tmp_path / "source", files=40)
    installation.begin()
    service = installation.api.post("/cloud-distribution-points", installation.wanted(), idempotency_key="one")
    installation.kill("site")

    installation.start_site(KILLED_SITE)
    eventually(lambda: _is_done(installation, service["id"], source), what="never done", deadline_seconds=500)

    died_at = _died_at(installation)
    assert len(died_at) == len(set(died_at))
    assert {f"{moment} {step}" for moment in ("before", "after") for step in STEPS} <= set(died_at)
    _assert_nothing_is_doubled_or_left_over(installation, service)


@pytest.mark.slow
@pytest.mark.sample
@pytest.mark.parametrize("seed", [2])
def test_site_and_fabric_killed_at_random_moments_reach_ready_and_distributed(
    installation: Installation, tmp_path: Path, seed: int
) -> None:
    _survive_random_kills(installation, tmp_path, seed=seed, kills=6)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(100, 112))
def test_site_and_fabric_killed_at_many_random_moments(installation: Installation, tmp_path: Path, seed: int) -> None:
    _survive_random_kills(installation, tmp_path, seed=seed, kills=25)


def _survive_random_kills(installation: Installation, tmp_path: Path, *, seed: int, kills: int) -> None:
    chance = random.Random(seed)
    source = make_tree(tmp_path / "source", files=200)
    installation.begin()
    service = installation.api.post("/cloud-distribution-points", installation.wanted(), idempotency_key="one")

    for number in range(kills):
        time.sleep(chance.uniform(0.0, 1.5))
        if number == kills // 2:
            _ask_for_content(installation, service["id"], source)
        _kill_and_start(installation, chance.choice([("site",), ("fabric",), ("site", "fabric")]))

    _wait_until_ready(installation, service["id"])
    _ask_for_content(installation, service["id"], source)
    _wait_until_distributed(installation)
    _assert_nothing_is_doubled_or_left_over(installation, service)


def _kill_and_start(installation: Installation, names: tuple[str, ...]) -> None:
    for name in names:
        installation.kill(name)
    if "fabric" in names:
        installation.start_fabric()
    if "site" in names:
        installation.start_site(SITE_MODULE)


def _is_done(installation: Installation, service_id: str, source: Path) -> bool | None:
    try:
        service = installation.api.get(f"/cloud-distribution-points/{service_id}")
        assert service["state"] != "error", service
        if service["state"] != "ready":
            return None
        _ask_for_content(installation, service_id, source)
        is_over = "after visible" in _died_at(installation)
        return True if is_over and _distribution(installation)["state"] == "success" else None
    except TemporaryError:
        return None  # it is dead, or not yet alive again


def _died_at(installation: Installation) -> list[str]:
    return (installation.home / "died-at.txt").read_text(encoding="utf-8").splitlines()


def _ask_for_content(installation: Installation, service_id: str, source: Path) -> None:
    packages = installation.api.get("/packages")
    if not packages:
        packages = [installation.api.post("/packages", {"name": "Software", "source_folder": str(source)})]
    path = f"/packages/{packages[0]['id']}/distributions"
    if not installation.api.get(path):
        installation.api.post(path, {"distribution_point_ids": [service_id]})


def _distribution(installation: Installation) -> dict[str, Any]:
    package = installation.api.get("/packages")[0]
    distributions = installation.api.get(f"/packages/{package['id']}/distributions")
    assert len(distributions) == 1
    found = distributions[0]
    assert isinstance(found, dict)
    return found


def _wait_until_ready(installation: Installation, service_id: str) -> None:
    def look() -> bool | None:
        service = installation.api.get(f"/cloud-distribution-points/{service_id}")
        assert service["state"] != "error", service
        return True if service["state"] == "ready" else None

    eventually(look, what="not ready")


def _wait_until_distributed(installation: Installation) -> None:
    eventually(lambda: True if _distribution(installation)["state"] == "success" else None, what="not distributed")


def _assert_nothing_is_doubled_or_left_over(installation: Installation, service: dict[str, Any]) -> None:
    storage = installation.home / "fabric" / "storage"
    assert [entry.name for entry in storage.iterdir() if entry.is_dir()] == [service["service_name"]]
    ready = installation.api.get("/status-messages", {"number": "9409", "object_id": service["id"]})
    assert len(ready) == 1
    assert len(installation.api.get("/cloud-distribution-points")) == 1
    assert len(installation.api.get("/packages")) == 1
    cloud = installation.cloud()
    assert [one.service_name for one in cloud.list_storage_accounts()] == [service["service_name"]]
    assert [one.service_name for one in cloud.list_hosted_services()] == [service["service_name"]]
    deployments = cloud.get_hosted_service_properties(service["service_name"], embed_detail=True).deployments
    assert [len(deployment.role_instance_list) for deployment in deployments] == [2]
    _assert_stored_objects_are_those_of_the_version(storage / service["service_name"])


def _assert_stored_objects_are_those_of_the_version(account: Path) -> None:
    scopes = list((account / "clouddp" / "state" / "scope").iterdir())
    assert len(scopes) == 1
    payload = scopes[0].read_text(encoding="ascii").split(".")[1]
    claims = json.loads(_base64url(payload))
    listed = {name for name, _ in claims["objects"]}
    assert {entry.name for entry in (account / "clouddp" / "content").iterdir()} == listed


def _base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_children_die_with_the_one_who_started_them(installation: Installation) -> None:
    installation.begin()
    service = installation.api.post("/cloud-distribution-points", installation.wanted())
    _wait_until_ready(installation, service["id"])
    instances = _instance_processes(installation)
    assert len(instances) >= 2

    installation.kill("fabric")

    eventually(lambda: True if not any(map(_is_alive, instances)) else None, what="role instances are left over")


def _instance_processes(installation: Installation) -> list[int]:
    """Find the front ends: each works in a folder of its own below that of the fabric."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command, folder = (entry / "cmdline").read_bytes(), (entry / "cwd").readlink()
        except OSError:
            continue
        if b"distribution-point" in command and folder.is_relative_to(installation.home):
            found.append(int(entry.name))
    return found


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process}/stat")
    return status.exists() and status.read_text(encoding="ascii").rsplit(")", 1)[1].split()[0] != "Z"
