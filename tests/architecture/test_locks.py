"""Locks name files by hash and hold no addresses."""

import pytest

from tests.architecture.source_tree import ROOT

LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_holds_no_address(lock: object) -> None:
    assert "://" not in (ROOT / "requirements" / str(lock)).read_text(encoding="utf-8")
