"""The stage on which the cells are played: one for each process that runs tests."""

from collections.abc import Iterator

import pytest

from tests.fault_matrix.stage import Stage


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    made = Stage(tmp_path_factory.mktemp("stage"))
    yield made
    made.close()
