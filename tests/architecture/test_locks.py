"""Locks name files by hash and hold no addresses."""

from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT

LOCKS = [*sorted((ROOT / "requirements").glob("*.txt")), *sorted((ROOT / "tests").glob("*/package-lock.json"))]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_holds_no_address(lock: Path) -> None:
    assert "://" not in lock.read_text(encoding="utf-8")
