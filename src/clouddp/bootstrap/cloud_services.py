"""Join the cloud services manager; the only file that names concrete clouds."""

import os
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter

from clouddp.admin.rest.cloud_connections import cloud_connection_routes
from clouddp.admin.rest.cloud_distribution_points import cloud_distribution_point_routes
from clouddp.admin.rest.dns_zones import dns_zone_routes
from clouddp.bootstrap.foundation import Foundation
from clouddp.bootstrap.reconciliation import ReconcileParts, join_reconciliation
from clouddp.cloud_services.clouds import Clouds
from clouddp.cloud_services.delays import Delays
from clouddp.cloud_services.front_end_steps import FrontEndSteps
from clouddp.cloud_services.hosted_service_steps import HostedServiceSteps
from clouddp.cloud_services.life_cycle import LifeCycle
from clouddp.cloud_services.manager import CloudServicesManager
from clouddp.cloud_services.marks import Owner
from clouddp.cloud_services.misplaced_steps import MisplacedSteps
from clouddp.cloud_services.ports import BlockedClients
from clouddp.cloud_services.preflight import Preflight
from clouddp.cloud_services.reconcile_removal import OrphanRemovals
from clouddp.cloud_services.record_steps import RecordSteps
from clouddp.cloud_services.reporting import Reporting
from clouddp.cloud_services.state import StateWriter
from clouddp.cloud_services.state_refresh import StateRefresher
from clouddp.cloud_services.steps import StepKeeper
from clouddp.cloud_services.storage_steps import StorageSteps
from clouddp.cloud_services.stores import CloudStores
from clouddp.network.certificates import load_authorities
from clouddp.providers.azure_classic.provider import AzureClassicProvider
from clouddp.providers.base import Provider
from clouddp.site_server.cloud_connections import CloudConnections
from clouddp.site_server.cloud_services import CloudServices
from clouddp.site_server.database.clients import ClientRepository
from clouddp.site_server.database.cloud_operations import CloudOperations
from clouddp.site_server.database.cloud_service_progress import CloudServiceProgress
from clouddp.site_server.database.cloud_service_secrets import CloudServiceSecrets
from clouddp.site_server.database.cloud_services import CloudServiceRepository
from clouddp.site_server.database.distributions import DistributionRepository
from clouddp.site_server.database.dns_zones import DnsZoneRepository
from clouddp.site_server.service_names import ServiceNames
from clouddp.telemetry.logs import ComponentLog
from clouddp.workflows.base import WorkflowEngine

_SITE_ID_BYTES: Final = 16
_PROVIDERS: Final[dict[str, Provider]] = {"azure-classic": AzureClassicProvider()}


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudServicesRoom:
    """What the rest of the site uses of the cloud services manager."""

    manager: CloudServicesManager
    repository: CloudServiceRepository
    stores: CloudStores
    state: StateWriter
    removals: OrphanRemovals
    routers: tuple[APIRouter, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What the parts of the manager share."""

    repository: CloudServiceRepository
    progress: CloudServiceProgress
    secrets: CloudServiceSecrets
    clouds: Clouds
    stores: CloudStores
    state: StateWriter
    reporting: Reporting
    owner: Owner
    front_ends: FrontEndSteps
    delays: Delays


def join_cloud_services(
    foundation: Foundation, *, engine: WorkflowEngine, log: ComponentLog, blocked: BlockedClients
) -> CloudServicesRoom:
    """Join what creates, watches and deletes cloud services; nothing runs yet."""
    parts = _parts(foundation, log, blocked)
    manager = _manager(foundation, parts, engine=engine, log=log)
    names = ServiceNames(
        services=parts.repository,
        zones=DnsZoneRepository(foundation.engine, foundation.sealers["site"]),
        clients=ClientRepository(foundation.engine),
        resolver=foundation.settings.resolver,
    )
    use_cases = CloudServices(
        repository=parts.repository,
        progress=parts.progress,
        delays=parts.delays,
        preflight=_preflight(foundation, parts, names),
        status=foundation.status,
        wake=manager.wake,
        now=foundation.now,
    )
    reconcile_parts = ReconcileParts(
        clouds=parts.clouds,
        repository=parts.repository,
        owner=parts.owner,
        plan=parts.front_ends.plan,
        wake=manager.wake,
    )
    removals, reconcile_routes = join_reconciliation(foundation, reconcile_parts, engine=engine, log=log)
    return CloudServicesRoom(
        manager=manager,
        repository=parts.repository,
        stores=parts.stores,
        state=parts.state,
        removals=removals,
        routers=(
            cloud_distribution_point_routes(use_cases, language=foundation.settings.language),
            dns_zone_routes(names, language=foundation.settings.language),
            reconcile_routes,
            cloud_connection_routes(
                CloudConnections(clouds=parts.clouds, now=foundation.now), language=foundation.settings.language
            ),
        ),
    )


def _preflight(foundation: Foundation, parts: _Parts, names: ServiceNames) -> Preflight:
    return Preflight(
        clouds=parts.clouds,
        is_fqdn_taken=parts.repository.is_fqdn_taken,
        name_use=names.use_of,
        authorities=load_authorities(foundation.folders.client_authorities.read_text(encoding="ascii")),
        now=foundation.now,
    )


def _parts(foundation: Foundation, log: ComponentLog, blocked: BlockedClients) -> _Parts:
    secrets = CloudServiceSecrets(foundation.engine, foundation.sealers["site"])
    repository = CloudServiceRepository(foundation.engine, secrets, now=foundation.now)
    progress = CloudServiceProgress(foundation.engine, now=foundation.now)
    owner = Owner(site_code=foundation.settings.site_code, site_id=_site_id(foundation))
    clouds = Clouds(_PROVIDERS, secrets, CloudOperations(foundation.engine, now=foundation.now), owner=owner)
    stores = CloudStores(repository, clouds)
    reporting = Reporting(status=foundation.status, log=log, language=foundation.settings.language)
    state = StateWriter(
        records=repository,
        versions=progress,
        stores=stores,
        keys=foundation.keys,
        blocked=blocked,
        now=foundation.now,
    )
    return _Parts(
        repository=repository,
        progress=progress,
        secrets=secrets,
        clouds=clouds,
        stores=stores,
        state=state,
        reporting=reporting,
        owner=owner,
        front_ends=FrontEndSteps(clouds=clouds, records=repository, secrets=secrets, state=state, reporting=reporting),
        delays=Delays(),
    )


def _site_id(foundation: Foundation) -> str:
    """Give what tells this site from another one of the same code; it comes back with the database."""
    return foundation.secrets.obtain("site_id", wrapping="site", make=lambda: os.urandom(_SITE_ID_BYTES)).hex()


def _manager(
    foundation: Foundation, parts: _Parts, *, engine: WorkflowEngine, log: ComponentLog
) -> CloudServicesManager:
    refresher = StateRefresher(
        write=parts.state.write_state,
        dates=parts.progress,
        reporting=parts.reporting,
        now=foundation.now,
    )
    return CloudServicesManager(
        engine=engine,
        records=parts.repository,
        life_cycle=_life_cycle(foundation, parts, refresher),
        refresher=refresher,
        log=log,
    )


def _life_cycle(foundation: Foundation, parts: _Parts, refresher: StateRefresher) -> LifeCycle:
    distributions = DistributionRepository(foundation.engine)
    return LifeCycle(
        keeper=StepKeeper(
            records=parts.repository,
            done=parts.progress,
            delays=parts.delays,
            reporting=parts.reporting,
            now=foundation.now,
        ),
        storage=StorageSteps(clouds=parts.clouds, stores=parts.stores, listener=distributions),
        hosted_service=HostedServiceSteps(
            clouds=parts.clouds, records=parts.repository, secrets=parts.secrets, reporting=parts.reporting
        ),
        front_ends=parts.front_ends,
        misplaced=MisplacedSteps(clouds=parts.clouds),
        record=RecordSteps(
            records=parts.repository,
            clouds=parts.clouds,
            stores=parts.stores,
            state=parts.state,
            refresher=refresher,
            listener=distributions,
            reporting=parts.reporting,
        ),
    )
