"""Locks name files by hash and hold no addresses."""

import json
from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT

LOCKS = [*sorted((ROOT / "requirements").glob("*.txt")), *sorted((ROOT / "tests").glob("*/package-lock.json"))]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_holds_no_address(lock: Path) -> None:
    assert "://" not in lock.read_text(encoding="utf-8")


@pytest.mark.parametrize("lock", [path for path in LOCKS if path.suffix == ".json"], ids=lambda path: path.parent.name)
def test_a_lock_of_node_names_every_package_by_hash(lock: Path) -> None:
    packages = {
        name: package for name, package in json.loads(lock.read_text(encoding="utf-8"))["packages"].items() if name
    }

    assert packages
    assert [name for name, package in packages.items() if not package["integrity"].startswith("sha512-")] == []
