"""Join content: library, distribution manager, packages, groups, the bandwidth plan."""

import os
from dataclasses import dataclass

from fastapi import APIRouter

from clouddp.admin.rest.bandwidth_plan import bandwidth_plan_routes
from clouddp.admin.rest.distribution_point_groups import group_routes
from clouddp.admin.rest.packages import content_status_routes, package_routes
from clouddp.bootstrap.cloud_services import CloudServicesRoom
from clouddp.bootstrap.foundation import Foundation
from clouddp.content.format.keys import SECRET_LENGTH, ContentKeys, derive_content_keys
from clouddp.content.library import ContentLibrary
from clouddp.distribution_manager.attempt import DistributionReporting
from clouddp.distribution_manager.garbage import GarbageCollector
from clouddp.distribution_manager.manager import DistributionManager
from clouddp.distribution_manager.steady_stores import SteadyStores
from clouddp.distribution_manager.transfer import TransferTools
from clouddp.distribution_manager.validation import Validator
from clouddp.model.status import Component
from clouddp.site_server.bandwidth import BandwidthPlanning
from clouddp.site_server.content import ContentRecords, Contents
from clouddp.site_server.database.bandwidth_plan import BandwidthPlanRepository
from clouddp.site_server.database.content import ContentRepository
from clouddp.site_server.database.distribution_point_groups import DistributionPointGroupRepository
from clouddp.site_server.database.distributions import DistributionRepository
from clouddp.site_server.database.garbage import GarbageRepository
from clouddp.site_server.database.packages import PackageRepository
from clouddp.site_server.database.targets import ContentTargets
from clouddp.site_server.database.validation_repository import ValidationRepository
from clouddp.site_server.distribution_point_groups import DistributionPointGroups
from clouddp.site_server.signing_keys import StatementSigner
from clouddp.workflows.base import StepObserver

_FIRST_GENERATION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentRoom:
    """What the rest of the site uses of content."""

    manager: DistributionManager
    routers: tuple[APIRouter, ...]


def join_content(foundation: Foundation, *, services: CloudServicesRoom, observer: StepObserver) -> ContentRoom:
    """Join what adds, distributes and shows content; nothing runs yet."""
    library = ContentLibrary(foundation.folders.library)
    manager = _distribution_manager(foundation, services, library, observer)
    contents = Contents(
        records=_records(foundation),
        library=library,
        distribution_points=services.repository,
        transfers=manager,
        status=foundation.status,
        now=foundation.now,
    )
    contents.clean_up()
    groups = DistributionPointGroups(
        groups=DistributionPointGroupRepository(foundation.engine, now=foundation.now),
        distribution_points=services.repository,
        wake=manager.wake,
        now=foundation.now,
    )
    planning = BandwidthPlanning(BandwidthPlanRepository(foundation.engine), wake=manager.wake)
    routers = (
        package_routes(contents, language=foundation.settings.language),
        content_status_routes(contents, language=foundation.settings.language),
        group_routes(groups),
        bandwidth_plan_routes(planning),
    )
    return ContentRoom(manager=manager, routers=routers)


def _records(foundation: Foundation) -> ContentRecords:
    return ContentRecords(
        packages=PackageRepository(foundation.engine, site_code=foundation.settings.site_code),
        targets=ContentTargets(foundation.engine, now=foundation.now),
        distributions=DistributionRepository(foundation.engine),
        validations=ValidationRepository(foundation.engine),
    )


def _distribution_manager(
    foundation: Foundation, services: CloudServicesRoom, library: ContentLibrary, observer: StepObserver
) -> DistributionManager:
    tools = _tools(foundation, services, library, observer)
    reporting = DistributionReporting(
        status=foundation.status,
        log=foundation.log("distmgr.log", Component.DISTRIBUTION_MANAGER),
        transfer_log=foundation.log("PkgXferMgr.log", Component.DISTRIBUTION_MANAGER),
        language=foundation.settings.language,
    )
    validator = Validator(
        records=ValidationRepository(foundation.engine),
        services=services.repository,
        tools=tools,
        reporting=reporting,
        now=foundation.now,
    )
    collector = GarbageCollector(
        records=GarbageRepository(foundation.engine),
        services=services.repository,
        tools=tools,
        reporting=reporting,
        now=foundation.now,
    )
    return DistributionManager(
        records=DistributionRepository(foundation.engine),
        services=services.repository,
        plans=BandwidthPlanRepository(foundation.engine),
        tools=tools,
        companions=(validator, collector),
        reporting=reporting,
        now=foundation.now,
    )


def _tools(
    foundation: Foundation, services: CloudServicesRoom, library: ContentLibrary, observer: StepObserver
) -> TransferTools:
    keys = _content_keys(foundation)
    return TransferTools(
        site_code=foundation.settings.site_code,
        keys=keys,
        library=library,
        records=ContentRepository(foundation.engine, foundation.sealers["delivery"], keys),
        stores=SteadyStores(services.stores),
        scopes=services.state,
        signer=StatementSigner(foundation.keys),
        observer=observer,
    )


def _content_keys(foundation: Foundation) -> ContentKeys:
    secret = foundation.secrets.obtain(
        f"content_secret.{_FIRST_GENERATION}", wrapping="site", make=lambda: os.urandom(SECRET_LENGTH)
    )
    return derive_content_keys(secret, generation=_FIRST_GENERATION)
