"""Join reconcile: what compares the clouds with the records, and does what is chosen."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import APIRouter

from clouddp.admin.rest.reconciliation import reconciliation_routes
from clouddp.bootstrap.foundation import Foundation
from clouddp.cloud_services.clouds import Clouds
from clouddp.cloud_services.marks import Owner
from clouddp.cloud_services.reconcile_look import CloudLook
from clouddp.cloud_services.reconcile_preview import Previews
from clouddp.cloud_services.reconcile_removal import OrphanRemovals
from clouddp.model.cloud_service import CloudService
from clouddp.providers.base import DeploymentPlan
from clouddp.site_server.database.cloud_removals import CloudRemovals
from clouddp.site_server.database.cloud_services import CloudServiceRepository
from clouddp.site_server.reconciliation import Reconciliation
from clouddp.telemetry.logs import ComponentLog
from clouddp.workflows.base import WorkflowEngine


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileParts:
    """What reconcile uses of the cloud services manager."""

    clouds: Clouds
    repository: CloudServiceRepository
    owner: Owner
    plan: Callable[[CloudService], DeploymentPlan]
    wake: Callable[[], None]


def join_reconciliation(
    foundation: Foundation, parts: ReconcileParts, *, engine: WorkflowEngine, log: ComponentLog
) -> tuple[OrphanRemovals, APIRouter]:
    """Join it; removals that a crash has left without a workflow begin with the next sweep."""
    language = foundation.settings.language
    records = CloudRemovals(foundation.engine, now=foundation.now)
    look = CloudLook(clouds=parts.clouds, keys=foundation.keys, owner=parts.owner, plan=parts.plan)
    removals = OrphanRemovals(
        engine=engine,
        records=records,
        services=parts.repository,
        look=look,
        status=foundation.status,
        log=log,
        language=language,
    )
    previews = Previews(records=parts.repository, removals=records, look=look, owner=parts.owner, now=foundation.now)
    use_cases = Reconciliation(
        repository=parts.repository,
        removals=removals,
        previews=previews,
        status=foundation.status,
        log=log,
        language=language,
        wake=parts.wake,
    )
    return removals, reconciliation_routes(use_cases, language=language)
