"""Tests of storage that survives a cut connection."""

from pathlib import Path

import pytest

from clouddp.distribution_manager.steady_stores import SteadyStores
from clouddp.model.errors import RefusedError, TemporaryError
from tests.unit.distribution_manager.distribution_bench import Cloud


def test_a_request_that_was_cut_is_repeated(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path)
    store = cloud.add("cdp1")
    store.fails_after, store.faults = 0, [TemporaryError("store.unreachable", name="n", reason="cut")]

    SteadyStores(cloud).open_store("cdp1").put("content/a", b"a")

    assert store.get("content/a") == b"a"


def test_a_request_that_was_refused_is_not_repeated(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path)
    store = cloud.add("cdp1")
    store.fails_after, store.faults = 0, [RefusedError("store.refused", name="n", reason="key")]

    with pytest.raises(RefusedError):
        SteadyStores(cloud).open_store("cdp1").put("content/a", b"a")
