from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.cloud_services.memory_cloud import MemoryCloud
from tests.unit.cloud_services.site_bench import SiteBench


@pytest.fixture
def cloud(tmp_path: Path) -> MemoryCloud:
    return MemoryCloud(tmp_path / "cloud")


@pytest.fixture
def site(tmp_path: Path, cloud: MemoryCloud) -> Iterator[SiteBench]:
    bench = SiteBench(tmp_path, cloud)
    bench.start()
    yield bench
    bench.close()
