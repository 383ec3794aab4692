"""Join content: library, distribution manager, packages."""

import os
from dataclasses import dataclass

from fastapi import APIRouter

from clouddp.admin.rest.packages import package_routes
from clouddp.bootstrap.cloud_services import CloudServicesRoom
from clouddp.bootstrap.foundation import Foundation
from clouddp.content.format.keys import SECRET_LENGTH, ContentKeys, derive_content_keys
from clouddp.content.library import ContentLibrary
from clouddp.distribution_manager.attempt import DistributionReporting
from clouddp.distribution_manager.manager import DistributionManager
from clouddp.distribution_manager.transfer import TransferTools
from clouddp.model.status import Component
from clouddp.site_server.content import Contents
from clouddp.site_server.database.content import ContentRepository
from clouddp.site_server.database.distributions import DistributionRepository
from clouddp.site_server.database.packages import PackageRepository
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
    distributions = DistributionRepository(foundation.engine)
    manager = _distribution_manager(foundation, services, library, observer)
    contents = Contents(
        packages=PackageRepository(foundation.engine, site_code=foundation.settings.site_code),
        distributions=distributions,
        library=library,
        distribution_points=services.repository,
        status=foundation.status,
        wake=manager.wake,
        now=foundation.now,
    )
    contents.clean_up()
    return ContentRoom(manager=manager, routers=(package_routes(contents, language=foundation.settings.language),))


def _distribution_manager(
    foundation: Foundation, services: CloudServicesRoom, library: ContentLibrary, observer: StepObserver
) -> DistributionManager:
    keys = _content_keys(foundation)
    return DistributionManager(
        records=DistributionRepository(foundation.engine),
        services=services.repository,
        tools=TransferTools(
            site_code=foundation.settings.site_code,
            keys=keys,
            library=library,
            records=ContentRepository(foundation.engine, foundation.sealers["delivery"], keys),
            stores=services.stores,
            scopes=services.state,
            signer=StatementSigner(foundation.keys),
            observer=observer,
        ),
        reporting=DistributionReporting(
            status=foundation.status,
            log=foundation.log("distmgr.log", Component.DISTRIBUTION_MANAGER),
            transfer_log=foundation.log("PkgXferMgr.log", Component.DISTRIBUTION_MANAGER),
            language=foundation.settings.language,
        ),
        now=foundation.now,
    )


def _content_keys(foundation: Foundation) -> ContentKeys:
    secret = foundation.secrets.obtain(
        f"content_secret.{_FIRST_GENERATION}", wrapping="site", make=lambda: os.urandom(SECRET_LENGTH)
    )
    return derive_content_keys(secret, generation=_FIRST_GENERATION)
