"""A site's cloud services manager with a real database, engine and log, before a cloud in memory."""

import base64
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from clouddp.cloud_services.clouds import Clouds
from clouddp.cloud_services.delays import Delays
from clouddp.cloud_services.front_end_steps import FrontEndSteps
from clouddp.cloud_services.hosted_service_steps import HostedServiceSteps
from clouddp.cloud_services.life_cycle import LifeCycle
from clouddp.cloud_services.manager import CloudServicesManager
from clouddp.cloud_services.marks import Owner
from clouddp.cloud_services.misplaced_steps import MisplacedSteps
from clouddp.cloud_services.name_preflight import NameUse
from clouddp.cloud_services.preflight import Preflight
from clouddp.cloud_services.record_steps import RecordSteps
from clouddp.cloud_services.reporting import Reporting
from clouddp.cloud_services.state import StateWriter
from clouddp.cloud_services.state_refresh import StateRefresher
from clouddp.cloud_services.steps import StepKeeper
from clouddp.cloud_services.storage_steps import StorageSteps
from clouddp.cloud_services.stores import CloudStores
from clouddp.model.cloud_service import CloudService
from clouddp.model.settings import Quotas
from clouddp.network.certificates import KeyedCertificate, to_quick_pfx
from clouddp.network.issuing import issue_management_certificate, issue_service_certificate, make_authority
from clouddp.providers.base import Provider
from clouddp.site_server.cloud_services import CloudServices, CreationRequest, PfxUpload
from clouddp.site_server.database.cloud_operations import CloudOperations
from clouddp.site_server.database.cloud_service_progress import CloudServiceProgress
from clouddp.site_server.database.cloud_service_secrets import CloudServiceSecrets
from clouddp.site_server.database.cloud_services import CloudServiceRepository
from clouddp.site_server.database.engine import open_database
from clouddp.site_server.database.sealing import Sealer
from clouddp.site_server.database.secrets import SiteSecrets
from clouddp.site_server.database.status_messages import StatusMessageRepository
from clouddp.site_server.database.tables import metadata
from clouddp.site_server.signing_keys import SigningKeys
from clouddp.site_server.status import StatusLog
from clouddp.telemetry.logs import ComponentLog
from clouddp.workflows.base import SilentObserver, StepObserver
from clouddp.workflows.engine import DurableEngine

PASSWORD = "pfx password"
OWNER = Owner(site_code="P01", site_id="5e" * 16)
SUBSCRIPTION_ID = "01234567-89ab-cdef-0123-456789abcdef"


def now() -> datetime:
    return datetime.now(UTC)


@cache
def authority() -> KeyedCertificate:
    return make_authority("Contoso CA", now=now())


@cache
def management_certificate() -> KeyedCertificate:
    return issue_management_certificate("Contoso management", now=now())


@cache
def service_certificate(fqdn: str = "clouddp1.contoso.com") -> KeyedCertificate:
    return issue_service_certificate([fqdn], authority=authority(), now=now())


def upload(certificate: KeyedCertificate, password: str = PASSWORD) -> PfxUpload:
    return PfxUpload(
        pfx_base64=base64.b64encode(to_quick_pfx(certificate, PASSWORD)).decode("ascii"), password=password
    )


def request(**changes: Any) -> CreationRequest:
    plain = CreationRequest(
        provider="azure-classic",
        management_url="https://127.0.0.1:8443",
        subscription_id=SUBSCRIPTION_ID,
        management_authorities_pem=None,
        management_certificate=upload(management_certificate()),
        service_certificate=upload(service_certificate()),
        service_fqdn=None,
        accept_wildcard=False,
        region="West Europe",
        description="",
        instance_count=2,
        quotas=Quotas(),
    )
    return replace(plain, **changes)


class _NobodyBlocked:
    def blocked_clients(self) -> Mapping[str, datetime]:
        return {}


class Listener:
    def __init__(self) -> None:
        self.forgotten: list[str] = []
        self.lost: list[str] = []

    def forget_distribution_point(self, service_id: str) -> None:
        self.forgotten.append(service_id)

    def content_lost(self, service_id: str) -> None:
        self.lost.append(service_id)


class SiteBench:
    """All parts joined as the site server joins them."""

    def __init__(
        self, home: Path, provider: Provider, *, observer: StepObserver | None = None, language: str = "en"
    ) -> None:
        self.database = open_database(home / "site.db")
        metadata.create_all(self.database)
        self.log = ComponentLog(home / "CloudMgr.log", "SMS_CLOUD_SERVICES_MANAGER", language=language)
        self.status = StatusLog(StatusMessageRepository(self.database), now=now)
        sealer = Sealer(bytes(32))
        secrets = self.secrets = CloudServiceSecrets(self.database, sealer)
        self.records = CloudServiceRepository(self.database, secrets, now=now)
        self.progress = CloudServiceProgress(self.database, now=now)
        self.delays = Delays()
        self.keys = SigningKeys(SiteSecrets(self.database, {"site": sealer, "delivery": sealer}))
        self.clouds = Clouds({"azure-classic": provider}, secrets, CloudOperations(self.database, now=now), owner=OWNER)
        self.stores = CloudStores(self.records, self.clouds)
        self.listener = Listener()
        reporting = Reporting(status=self.status, log=self.log, language=language)
        self.state = StateWriter(
            records=self.records,
            versions=self.progress,
            stores=self.stores,
            keys=self.keys,
            blocked=_NobodyBlocked(),
            now=now,
        )
        self.refresher = StateRefresher(write=self.state.write_state, dates=self.progress, reporting=reporting, now=now)
        self.engine = DurableEngine(home / "workflows.db", observer=observer or SilentObserver(), log=self.log)
        self.manager = self._manager(secrets, reporting)
        self.name_use = NameUse(records=(), silence=None, devices=())
        preflight = Preflight(
            clouds=self.clouds,
            is_fqdn_taken=self.records.is_fqdn_taken,
            name_use=lambda _fqdn: self.name_use,
            authorities=[authority().certificate],
            now=now,
        )
        self.use_cases = CloudServices(
            repository=self.records,
            progress=self.progress,
            delays=self.delays,
            preflight=preflight,
            status=self.status,
            wake=self.manager.wake,
            now=now,
        )

    def _manager(self, secrets: CloudServiceSecrets, reporting: Reporting) -> CloudServicesManager:
        life_cycle = LifeCycle(
            keeper=StepKeeper(
                records=self.records, done=self.progress, delays=self.delays, reporting=reporting, now=now
            ),
            storage=StorageSteps(clouds=self.clouds, stores=self.stores, listener=self.listener),
            hosted_service=HostedServiceSteps(
                clouds=self.clouds, records=self.records, secrets=secrets, reporting=reporting
            ),
            front_ends=FrontEndSteps(
                clouds=self.clouds, records=self.records, secrets=secrets, state=self.state, reporting=reporting
            ),
            misplaced=MisplacedSteps(clouds=self.clouds),
            record=RecordSteps(
                records=self.records,
                clouds=self.clouds,
                stores=self.stores,
                state=self.state,
                refresher=self.refresher,
                listener=self.listener,
                reporting=reporting,
            ),
        )
        return CloudServicesManager(
            engine=self.engine,
            records=self.records,
            life_cycle=life_cycle,
            refresher=self.refresher,
            log=self.log,
        )

    def start(self) -> None:
        self.engine.launch()
        self.manager.start()

    def close(self) -> None:
        self.manager.close()
        self.engine.close()
        self.database.dispose()

    def settled(self, service_id: str, *, within_seconds: float = 20) -> CloudService | None:
        """Wait for the end of the work; None when it removed the record."""
        deadline = time.monotonic() + within_seconds
        while time.monotonic() < deadline:
            service = self.records.find(service_id)
            if service is None or service.settled_generation == service.generation:
                return service
            time.sleep(0.02)
        raise TimeoutError(self.log.path.read_text())

    def refresh_states(self) -> None:
        """Begin to write what is due, and wait until no state is."""
        deadline = time.monotonic() + 10
        self.refresher.begin_due()
        while self.progress.states_written_before(now() - timedelta(hours=1)) and time.monotonic() < deadline:
            time.sleep(0.01)

    def numbers(self) -> list[int]:
        return [message.number for message in reversed(self.status.list())]
