"""A distribution manager with a real database, library and folder stores, on a clock that tests turn."""

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from clouddp.content.format.entries import chunk_slices
from clouddp.content.format.keys import derive_content_keys
from clouddp.content.format.manifest import open_manifest
from clouddp.content.format.sealing import open_chunk
from clouddp.content.format.statement import check_manifest, parse_statement
from clouddp.content.library import ContentLibrary
from clouddp.distribution_manager.attempt import DistributionReporting
from clouddp.distribution_manager.garbage import GarbageCollector
from clouddp.distribution_manager.manager import DistributionManager
from clouddp.distribution_manager.transfer import TransferTools
from clouddp.distribution_manager.validation import Validator
from clouddp.model.cloud_service import CloudService, DesiredState, ServiceState
from clouddp.model.content import ContentState
from clouddp.model.errors import NotFoundError
from clouddp.model.exchange import Scope
from clouddp.model.settings import Quotas
from clouddp.network.signed import Purpose, sign, verify
from clouddp.network.signing_keys import new_signing_key, public_jwk
from clouddp.site_server.bandwidth import BandwidthPlanning
from clouddp.site_server.content import ContentRecords, Contents, ContentStatus
from clouddp.site_server.database.bandwidth_plan import BandwidthPlanRepository
from clouddp.site_server.database.content import ContentRepository, LocatedContents
from clouddp.site_server.database.distribution_point_groups import DistributionPointGroupRepository
from clouddp.site_server.database.distributions import DistributionRepository
from clouddp.site_server.database.engine import open_database
from clouddp.site_server.database.garbage import GarbageRepository
from clouddp.site_server.database.packages import PackageRepository
from clouddp.site_server.database.sealing import Sealer
from clouddp.site_server.database.status_messages import StatusMessageRepository
from clouddp.site_server.database.tables import metadata
from clouddp.site_server.database.targets import ContentTargets
from clouddp.site_server.database.validation_repository import ValidationRepository
from clouddp.site_server.distribution_point_groups import DistributionPointGroups
from clouddp.site_server.status import StatusLog
from clouddp.store.base import ObjectStore
from clouddp.store.object_store import open_folder
from clouddp.telemetry.logs import ComponentLog
from clouddp.workflows.base import SilentObserver, StepObserver

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEYS = derive_content_keys(bytes(range(32)), generation=1)


CONTENTS = {
    "setup.exe": random.Random(1).randbytes(3_000_000),
    "data/big.bin": random.Random(2).randbytes(5_000_000),
    "data/empty": b"",
    "lisez-moi/été.txt": b"bonjour " * 1000,
    "文件/файл.txt": b"x",
}


class Killed(BaseException):
    """The process is gone at this moment."""


@dataclass
class KillingObserver:
    """Ends the process before or after one step, once."""

    moment: str  # "before" or "after"
    step: str
    is_spent: bool = False

    def before(self, workflow_id: str, step: str) -> None:
        self._kill("before", step)

    def after(self, workflow_id: str, step: str) -> None:
        self._kill("after", step)

    def _kill(self, moment: str, step: str) -> None:
        if (moment, step) == (self.moment, self.step) and not self.is_spent:
            self.is_spent = True
            raise Killed


class WatchedStore:
    """A store that notes what is put, and fails when told to."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self.puts: list[str] = []
        self.faults: list[BaseException] = []
        self.loses = 0  # objects that are said to be kept and are not
        self.get_faults: list[BaseException] = []
        self.delete_faults: list[BaseException] = []
        self.fails_after = 10**9
        self.before_put: Callable[[str], None] = lambda _name: None
        self._lock = threading.Lock()

    def put(self, name: str, body: bytes) -> None:
        self.before_put(name)
        with self._lock:
            if self.faults and len(self.puts) >= self.fails_after:
                raise self.faults.pop(0)
            self.puts.append(name)
            if self.loses:
                self.loses -= 1
                return
            self._store.put(name, body)

    def write_unseen(self, name: str, body: bytes) -> None:
        self._store.put(name, body)

    def get(self, name: str) -> bytes:
        if self.get_faults:
            raise self.get_faults.pop()
        return self._store.get(name)

    def length(self, name: str) -> int | None:
        return self._store.length(name)

    def delete(self, name: str) -> None:
        if self.delete_faults:
            raise self.delete_faults.pop()
        self._store.delete(name)

    def list(self, prefix: str) -> Iterator[tuple[str, int]]:
        return self._store.list(prefix)


@dataclass
class Cloud:
    """The cloud distribution points, their stores, and the scopes written."""

    folder: Path
    services: dict[str, CloudService] = field(default_factory=dict)
    stores: dict[str, WatchedStore] = field(default_factory=dict)
    scopes: list[tuple[str, Scope]] = field(default_factory=list)

    def add(self, service_id: str, state: ServiceState = ServiceState.READY) -> WatchedStore:
        self.services[service_id] = a_service(service_id, state)
        self.stores[service_id] = WatchedStore(open_folder(self.folder / service_id))
        return self.stores[service_id]

    def get(self, service_id: str) -> CloudService:
        if service_id not in self.services:
            raise NotFoundError("cloud.distribution_point_unknown", id=service_id)
        return self.services[service_id]

    def find(self, service_id: str) -> CloudService | None:
        return self.services.get(service_id)

    def open_store(self, distribution_point_id: str) -> ObjectStore:
        return self.stores[distribution_point_id]

    def write_scope(self, distribution_point_id: str, scope: Scope) -> None:
        self.scopes.append((distribution_point_id, scope))
        self.stores[distribution_point_id].write_unseen(f"state/scope/{scope.version_id}", b"scope")


class Signer:
    """Signs with a key of its own."""

    def __init__(self) -> None:
        self.key = new_signing_key()

    def sign(self, claims: Mapping[str, Any]) -> str:
        return sign(claims, key=self.key, purpose=Purpose.VERSION)


class Bench:
    """One site, as far as content goes; `restart` is what follows a crash."""

    def __init__(self, folder: Path) -> None:
        self.now = NOON
        self.folder = folder
        self.cloud = Cloud(folder / "cloud")
        self.signer = Signer()
        self.database: Engine = open_database(folder / "site.db")
        metadata.create_all(self.database)
        self.delivery = Sealer(bytes(32))
        self.status = StatusLog(StatusMessageRepository(self.database), now=self.clock)
        self.distributions = DistributionRepository(self.database)
        self.plans = BandwidthPlanRepository(self.database)
        self.located = LocatedContents(self.database, self.delivery)
        self.restart()

    def clock(self) -> datetime:
        return self.now

    def wait(self, duration: timedelta) -> None:
        self.now += duration

    def restart(self, observer: StepObserver | None = None) -> None:
        """Begin anew with what is on the disk."""
        self.library = ContentLibrary(self.folder / "library")
        self.tools = self._make_tools(observer or SilentObserver())
        self.reporting = DistributionReporting(
            status=self.status,
            log=ComponentLog(self.folder / "distmgr.log", "SMS_DISTRIBUTION_MANAGER"),
            transfer_log=ComponentLog(self.folder / "PkgXferMgr.log", "SMS_PACKAGE_TRANSFER_MANAGER"),
            language="en",
        )
        self.validator = Validator(
            records=ValidationRepository(self.database),
            services=self.cloud,
            tools=self.tools,
            reporting=self.reporting,
            now=self.clock,
        )
        self.collector = GarbageCollector(
            records=GarbageRepository(self.database),
            services=self.cloud,
            tools=self.tools,
            reporting=self.reporting,
            now=self.clock,
        )
        self.manager = DistributionManager(
            records=self.distributions,
            services=self.cloud,
            plans=self.plans,
            tools=self.tools,
            companions=(self.validator, self.collector),
            reporting=self.reporting,
            now=self.clock,
        )
        self._make_use_cases()

    def _make_use_cases(self) -> None:
        self.contents = Contents(
            records=ContentRecords(
                packages=PackageRepository(self.database, site_code="P01"),
                targets=ContentTargets(self.database, now=self.clock),
                distributions=self.distributions,
                validations=ValidationRepository(self.database),
            ),
            library=self.library,
            distribution_points=self.cloud,
            transfers=self.manager,
            status=self.status,
            now=self.clock,
        )
        self.groups = DistributionPointGroups(
            groups=DistributionPointGroupRepository(self.database, now=self.clock),
            distribution_points=self.cloud,
            wake=self.manager.wake,
            now=self.clock,
        )
        self.planning = BandwidthPlanning(self.plans, wake=self.manager.wake)

    def _make_tools(self, observer: StepObserver) -> TransferTools:
        return TransferTools(
            site_code="P01",
            keys=KEYS,
            library=self.library,
            records=ContentRepository(self.database, self.delivery, KEYS),
            stores=self.cloud,
            scopes=self.cloud,
            signer=self.signer,
            observer=observer,
        )

    def status_of(self, package_id: str) -> ContentStatus:
        return self.contents.distributions(package_id)[0]

    def numbers(self) -> list[int]:
        """Give the numbers of all status messages, oldest first."""
        return [message.number for message in reversed(self.status.list())]

    def await_success(self, package_id: str) -> None:
        """Look until the package is there; the background thread has ten real seconds."""
        self.await_that(lambda: self.status_of(package_id).distribution.state is ContentState.SUCCESS)

    def await_that(self, is_so: Callable[[], bool]) -> None:
        """Look until it is so; the background threads have ten real seconds."""
        deadline = time.monotonic() + 10
        while not is_so():
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def close(self) -> None:
        self.manager.close()
        self.database.dispose()


def add_package(bench: Bench, contents: Mapping[str, bytes] = CONTENTS, *, folder: str = "source") -> str:
    """Make a package of these files."""
    source = write_files(bench.folder / folder, contents)
    return bench.contents.add("Editor", str(source)).package.id


def read_as_client(bench: Bench, package_id: str, service_id: str = "cdp1") -> dict[str, bytes]:
    """Do what a client does, from what the management point tells and what the store holds."""
    located = bench.located.located_content(package_id)
    assert located is not None
    assert service_id in located.distribution_point_ids
    store = bench.cloud.stores[service_id]
    keys = [public_jwk(bench.signer.key)]
    statement = parse_statement(verify(located.statement, keys=keys, purpose=Purpose.VERSION, limit_bytes=4096))
    assert store.length(f"state/scope/{statement.version_id}") is not None
    ciphertext = store.get(f"content/{statement.manifest_name}")
    check_manifest(statement, ciphertext)
    manifest = open_manifest(ciphertext, located.manifest_key)
    files = {file.path: bytearray() for file in manifest.tree.files}
    for chunk, slices in chunk_slices(manifest):
        raw = open_chunk(store.get(f"content/{chunk.name}"), chunk)
        for part in slices:
            files[part.file.path] += raw[part.chunk_offset : part.chunk_offset + part.length]
    return {path: bytes(content) for path, content in files.items()}


def write_files(folder: Path, contents: Mapping[str, bytes]) -> Path:
    for path, content in contents.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return folder


def a_service(service_id: str, state: ServiceState) -> CloudService:
    return CloudService(
        id=service_id,
        provider="azure-classic",
        management_url="https://management.example",
        subscription_id="subscription",
        region="West Europe",
        service_fqdn=f"{service_id}.contoso.com",
        service_name="0" * 24,
        description="",
        instance_count=2,
        quotas=Quotas(),
        desired=DesiredState.RUNNING,
        generation=1,
        settled_generation=1,
        state=state,
        activity="",
        problem=None,
        service_certificate_thumbprint="A" * 40,
        management_certificate_thumbprint="B" * 40,
        virtual_ip=None,
        port=None,
        created_at=NOON,
        changed_at=NOON,
    )


def in_state(service: CloudService, state: ServiceState) -> CloudService:
    return replace(service, state=state)
