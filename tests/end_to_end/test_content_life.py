"""The life of content at a real distribution point: sent again, cut, damaged, repaired, shared by a group, removed."""

import random
from pathlib import Path
from typing import Any

import pytest

from clouddp.demo.comparison import compare_folders
from tests.end_to_end.installation import SERVICE_FQDN, Installation, eventually
from tests.end_to_end.test_reconcile import await_content, get_content


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_content_survives_a_cut_and_damage_and_goes_when_it_is_removed(
    installation: Installation, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "image").write_bytes(random.Random(1).randbytes(12_000_000))
    installation.begin()
    service = installation.api.post("/cloud-distribution-points", installation.wanted())
    package = installation.api.post("/packages", {"name": "Image", "source_folder": str(source)})
    path = f"/packages/{package['id']}"
    installation.run("group", "create", "Everywhere")
    installation.run("group", "distribute", "Everywhere", package["id"])
    installation.run("group", "add-member", "Everywhere", SERVICE_FQDN)
    await_content(installation, f"{path}/distributions")
    installation.publish_name(service["id"])

    _cut_a_redistribution(installation, path)
    _damage_and_repair(installation, path, service["service_name"])
    get_content(installation, package["id"], tmp_path / "got")
    assert compare_folders(source, tmp_path / "got").files == 1

    refused = installation.run("content", "remove", package["id"], "--from", SERVICE_FQDN, expected=1)
    assert refused["code"] == "content.wanted_by_group"
    installation.run("content", "remove", package["id"])
    assert installation.api.get("/content-status") == []
    assert installation.api.get("/distribution-point-groups")[0]["package_ids"] == []


def _cut_a_redistribution(installation: Installation, path: str) -> None:
    """Kill the site while it sends at 2 MB a second; what the next one does is the rest."""
    installation.run("bandwidth", "set", "--limit", "2M")
    installation.api.post(f"{path}/redistributions", {})
    eventually(lambda: _if_sending(installation, path), what="nothing was sent again")

    installation.kill("site")
    installation.start_site()
    installation.run("bandwidth", "clear")

    await_content(installation, f"{path}/distributions")


def _if_sending(installation: Installation, path: str) -> dict[str, Any] | None:
    status: dict[str, Any] = installation.api.get(f"{path}/distributions")[0]
    return status if status["activity"] == "resending" else None


def _damage_and_repair(installation: Installation, path: str, service_name: str) -> None:
    objects = sorted((installation.home / "fabric" / "storage" / service_name / "clouddp" / "content").iterdir())
    spoilt = bytearray(objects[0].read_bytes())
    spoilt[len(spoilt) // 2] ^= 1
    objects[0].write_bytes(spoilt)
    objects[1].unlink()

    installation.api.post(f"{path}/validations", {"kind": "full", "repair": True})
    found = eventually(lambda: _if_validated(installation, path), what="not validated")

    assert (found["missing_count"], found["damaged_count"]) == (1, 1)
    await_content(installation, f"{path}/distributions")
    assert bytes(spoilt) != objects[0].read_bytes()
    assert objects[1].exists()


def _if_validated(installation: Installation, path: str) -> dict[str, Any] | None:
    validation: dict[str, Any] = installation.api.get(f"{path}/distributions")[0]["validation"]
    return validation if validation["state"] == "done" else None
