"""A process that does what the site server does to publish a folder, and says how long that took and how much it held.

`python -m benchmarks.publishing HOME [--add SOURCE] [--send]`: one JSON object on standard output.
"""

import argparse
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

from benchmarks.memory_peak import peak_bytes
from benchmarks.null_sink import NullStores
from clouddp.content.format.keys import derive_content_keys
from clouddp.content.library import ContentLibrary
from clouddp.distribution_manager.ports import Transfer
from clouddp.distribution_manager.transfer import TransferRunner, TransferTools
from clouddp.model.content import ContentState, Distribution, Package, PackageVersion
from clouddp.network.signed import Purpose, sign
from clouddp.network.signing_keys import new_signing_key
from clouddp.site_server.database.content import ContentRepository
from clouddp.site_server.database.engine import open_database
from clouddp.site_server.database.packages import PackageRepository
from clouddp.site_server.database.sealing import Sealer
from clouddp.site_server.database.tables import metadata
from clouddp.workflows.base import SilentObserver

_KEYS = derive_content_keys(bytes(range(32)), generation=1)
_VERSION_ID, _WARM_VERSION_ID = f"{1:032x}", f"{2:032x}"
_NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


class _Signer:
    """Signs statements with a key of its own."""

    def __init__(self) -> None:
        self._key = new_signing_key()

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Give the claims as a signed statement."""
        return sign(claims, key=self._key, purpose=Purpose.VERSION)


def main() -> None:
    """Add, send, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--add", type=Path, metavar="SOURCE", help="copy this folder into the library first")
    parser.add_argument("--send", action="store_true", help="publish what the library holds")
    arguments = parser.parse_args()
    site = _Site(arguments.home)
    site.warm_up()
    told: dict[str, float] = {"peak_before_bytes": peak_bytes()}
    started, started_cpu = time.perf_counter(), time.process_time()
    if arguments.add:
        site.library.add(arguments.add, _VERSION_ID)
        told["add_seconds"] = time.perf_counter() - started
    if arguments.send:
        told["sent_bytes"] = site.send(_VERSION_ID)
    told["seconds"] = time.perf_counter() - started
    told["cpu_seconds"] = time.process_time() - started_cpu
    print(json.dumps({**told, "peak_bytes": peak_bytes()}))


class _Site:
    """The parts of a site server that publish, with a database that knows of nothing published yet."""

    def __init__(self, home: Path) -> None:
        self._home = home
        for left in home.glob("site.sqlite*"):
            left.unlink()
        engine = open_database(home / "site.sqlite")
        metadata.create_all(engine)
        self._packages = PackageRepository(engine, site_code="P01")
        self.library = ContentLibrary(home / "library")
        sink = NullStores()
        tools = TransferTools(
            site_code="P01",
            keys=_KEYS,
            library=self.library,
            records=ContentRepository(engine, Sealer(bytes(32)), _KEYS),
            stores=sink,
            scopes=sink,
            signer=_Signer(),
            observer=SilentObserver(),
        )
        self._runner = TransferRunner(tools)

    def warm_up(self) -> None:
        """Publish one small file, since a site server has been running for long."""
        source = self._home / "warm"
        source.mkdir(exist_ok=True)
        (source / "file").write_bytes(b"warm")
        self.library.add(source, _WARM_VERSION_ID)
        self.send(_WARM_VERSION_ID)

    def send(self, version_id: str) -> int:
        """Distribute a version of the library; give the octets sent."""
        package = Package(id="", name="bench", source_folder="bench", created_at=_NOON)
        version = PackageVersion(
            id=version_id, package_id="", number=0, file_count=0, size_bytes=0, created_at=_NOON
        )  # the sizes are for administrators alone
        _, kept = self._packages.create(package, version)
        sent: list[int] = []
        transfer = Transfer(version=kept, distribution=_distribution(version_id), quick_tries=0)
        self._runner.run(transfer, lambda _progress: None, sent.append, stopping=Event())
        return sent[0]


def _distribution(version_id: str) -> Distribution:
    return Distribution(
        version_id=version_id,
        distribution_point_id="null",
        state=ContentState.TARGETED,
        total_bytes=0,
        done_bytes=0,
        sent_bytes=0,
        retries_left=0,
        next_try_at=None,
        problem=None,
        changed_at=_NOON,
    )


if __name__ == "__main__":
    main()
