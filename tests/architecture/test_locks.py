"""Locks name files by hash and hold no addresses."""

from pathlib import Path

import json

import pytest

from tests.architecture.source_tree import ROOT

LOCKS = [*sorted((ROOT / "requirements").glob("*.txt")), *sorted((ROOT / "tests").glob("*/package-lock.json"))]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_holds_no_address(lock: Path) -> None:
    assert "://" not in lock.read_text(encoding="utf-8")


def test_the_lock_of_the_node_clients_names_packages_by_hash_and_holds_no_address() -> None:
    text = (ROOT / "tests" / "peers_node" / "package-lock.json").read_text(encoding="utf-8")
    packages = {name: package for name, package in json.loads(text)["packages"].items() if name}

    assert "://" not in text
    assert len(packages) > 3
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())
