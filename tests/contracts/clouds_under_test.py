"""Clouds for the suite that every provider passes: each a real one, and what the suite may use of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from clouddp.providers.azure_classic.provider import AzureClassicProvider
from clouddp.providers.base import Connection, ConnectionSettings
from clouddp.providers.journal import MemoryJournal
from tests.integration.fabric_process import FabricProcess
from tests.unit.cloud_services.site_bench import management_certificate


@dataclass(frozen=True, kw_only=True)
class CloudUnderTest:
    """A cloud, and ways to it; a new connection knows nothing of what another one has asked for."""

    region: str
    connect: Callable[[], Connection]
    connect_with: Callable[[MemoryJournal], Connection]


@contextmanager
def azure_classic(folder: Path) -> Iterator[CloudUnderTest]:
    """Run the embedded cloud, which speaks Azure Service Management."""
    fabric = FabricProcess(folder)
    fabric.start()
    fabric.upload_management_certificate()
    settings = ConnectionSettings(
        management_url=fabric.addresses["management_url"],
        subscription_id=fabric.addresses["subscription_id"],
        authorities_pem=fabric.authorities_pem,
        management_certificate=management_certificate(),
    )
    try:
        yield CloudUnderTest(
            region="West Europe",
            connect=lambda: AzureClassicProvider().connect(settings),
            connect_with=lambda journal: AzureClassicProvider().connect(settings, journal=journal),
        )
    finally:
        fabric.stop()


CLOUDS = {"azure-classic": azure_classic}
