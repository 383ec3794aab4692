"""The bench, fresh for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.distribution_manager.distribution_bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()
