from collections.abc import Iterator

import pytest

from tests.unit.providers.azure_classic.scripted_cloud import ScriptedCloud, serve_cloud


@pytest.fixture
def cloud() -> Iterator[ScriptedCloud]:
    with serve_cloud() as serving:
        yield serving
