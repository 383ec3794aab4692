"""Every test of this folder runs against the fabric's storage, and in `make test-all` against Azurite, too."""

from collections.abc import Iterator
from itertools import count

import pytest
from azure.storage.blob import ContainerClient

from tests.contracts.blob_service.services import Service, running_azurite, running_fabric_service

AZURITE = pytest.param(running_azurite, id="azurite", marks=[pytest.mark.slow, pytest.mark.peer("node", "npm")])


@pytest.fixture(scope="session", params=[pytest.param(running_fabric_service, id="fabric"), AZURITE])
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with request.param(tmp_path_factory.mktemp("blob-service")) as running:
        yield running


@pytest.fixture(scope="session")
def numbers() -> Iterator[int]:
    return count(1)


@pytest.fixture
def container(service: Service, numbers: Iterator[int]) -> Iterator[ContainerClient]:
    with service.client() as client:
        yield client.create_container(f"container-{next(numbers)}")
