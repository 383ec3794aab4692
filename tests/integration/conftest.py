"""What tests of several files share."""

from collections.abc import Iterator

import pytest

from tests.integration.troubled_fabric import TroubledFabric, troubled_fabric


@pytest.fixture(scope="session")
def shared_fabric(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TroubledFabric]:
    """A fabric for every test that takes names of its own, since a start costs more than most of them."""
    with troubled_fabric(tmp_path_factory.mktemp("fabric") / "cloud") as fabric:
        yield fabric


@pytest.fixture
def fabric_without_trouble(shared_fabric: TroubledFabric) -> TroubledFabric:
    """The shared fabric, with what the test before left in force removed."""
    shared_fabric.clear()
    return shared_fabric
