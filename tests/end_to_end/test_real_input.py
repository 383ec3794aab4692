"""Real software, whole: more than 100 MB in more than 5,000 files, there and back, byte for byte."""

import os
import stat
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from clouddp.demo.comparison import compare_folders
from tests.end_to_end.installation import Installation, eventually
from tests.end_to_end.tree import make_tree

FILES_WANTED = 5_000
BYTES_WANTED = 100 * 2**20


@pytest.mark.timeout(280)
@pytest.mark.slow
@pytest.mark.sample
def test_real_software_arrives_as_it_left(installation: Installation, tmp_path: Path) -> None:
    source = _real_software(tmp_path / "source")
    size, files = _size(source)
    assert size >= BYTES_WANTED
    assert files >= FILES_WANTED
    package = _distribute(installation, source)

    fetched = _get(installation, package["id"], tmp_path / "got")

    compared = compare_folders(source, tmp_path / "got")
    assert compared.files >= FILES_WANTED
    assert _modes(source) == _modes(tmp_path / "got")
    assert fetched["fetched_bytes"] > 0
    assert (tmp_path / "got" / "odd" / "empty folder").is_dir()
    _assert_the_cloud_saw_nothing(installation, source)
    _assert_the_administrator_can_read_what_happened(installation, package["id"])


def _real_software(folder: Path) -> Path:
    """Put together the environment that the tests run in, and a tree of what is odd about names and links."""
    make_tree(folder / "odd", files=90)
    deep = folder.joinpath("deep", *(["level"] * 40))
    deep.mkdir(parents=True)
    (deep / "at the bottom.txt").write_text("here", encoding="utf-8")
    size = files = 0
    for path in sorted(Path(sysconfig.get_path("purelib")).rglob("*")):
        if path.is_symlink() or not path.is_file() or "clouddp" in str(path.name):
            continue
        copy = folder / "software" / path.relative_to(sysconfig.get_path("purelib"))
        copy.parent.mkdir(parents=True, exist_ok=True)
        os.link(path, copy) if path.stat().st_dev == folder.stat().st_dev else copy.write_bytes(path.read_bytes())
        size += path.stat().st_size
        files += 1
        if size > BYTES_WANTED and files > FILES_WANTED:
            break
    return folder


def _size(folder: Path) -> tuple[int, int]:
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return sum(sizes), len(sizes)


def _modes(folder: Path) -> dict[str, int]:
    return {
        str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode)
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def _distribute(installation: Installation, source: Path) -> dict[str, Any]:
    installation.begin()
    service = installation.api.post("/cloud-distribution-points", installation.wanted())
    package: dict[str, Any] = installation.api.post("/packages", {"name": "Software", "source_folder": str(source)})
    path = f"/packages/{package['id']}/distributions"
    installation.api.post(path, {"distribution_point_ids": [service["id"]]})

    def look() -> bool | None:
        distribution = installation.api.get(path)[0]
        assert distribution["state"] != "error", distribution
        return True if distribution["state"] == "success" else None

    eventually(look, what="not distributed", deadline_seconds=180)
    return package


def _get(installation: Installation, package_id: str, to: Path) -> dict[str, Any]:
    token = installation.home / "registration-token.txt"
    installation.run("registration-token", "new", "--to", str(token))
    installation.api.put("/client-settings", {"allow_cloud_distribution_point": True})
    _publish_name(installation)
    client = ["--home", str(installation.home / "client")]
    management_point = installation.site["management_point_url"]
    installation.run("client", "register", "--management-point", management_point, "--token-file", str(token), *client)
    return installation.run("client", "get", package_id, "--to", str(to), "--dns", installation.fabric["dns"], *client)


def _publish_name(installation: Installation) -> None:
    installation.publish_name(installation.api.get("/cloud-distribution-points")[0]["id"])


def _assert_the_cloud_saw_nothing(installation: Installation, source: Path) -> None:
    """No stored object holds a line of a file or a name of one."""
    telling = [(source / "deep").name.encode() + b"/level", "Übersicht".encode(), b"at the bottom.txt"]
    readable = next(path for path in (source / "software").rglob("*.py") if path.stat().st_size > 2_000)
    telling.append(readable.read_bytes()[500:600])
    for stored in (installation.home / "fabric" / "storage").rglob("*"):
        if stored.is_file():
            content = stored.read_bytes()
            assert not any(piece in content for piece in telling), stored


def _assert_the_administrator_can_read_what_happened(installation: Installation, package_id: str) -> None:
    told = installation.read("status-message", "list")
    assert "9409  SMS_CLOUD_SERVICES_MANAGER" in told
    assert f"Package {package_id}, version 1, is on clouddp1.contoso.com" in told
    assert "Le package" in installation.read("status-message", "list", language="fr")
    listed = installation.read("cloud-dp", "list")
    assert installation.api.get("/cloud-distribution-points")[0]["id"] in listed
