"""A site before a real fabric, with reconcile joined as the site server joins it."""

import time
from collections.abc import Callable
from pathlib import Path

from clouddp.cloud_services.front_end_steps import FrontEndSteps
from clouddp.cloud_services.reconcile_look import CloudLook
from clouddp.cloud_services.reconcile_preview import Previews
from clouddp.cloud_services.reconcile_removal import OrphanRemovals
from clouddp.cloud_services.reporting import Reporting
from clouddp.model.cloud_service import CloudService
from clouddp.model.reconciliation import Preview, Remedy
from clouddp.providers.base import Provider
from clouddp.site_server.database.cloud_removals import CloudRemovals
from clouddp.site_server.database.cloud_service_secrets import CloudServiceSecrets
from clouddp.site_server.database.sealing import Sealer
from clouddp.site_server.reconciliation import Applied, Reconciliation
from clouddp.workflows.base import StepObserver
from tests.unit.cloud_services.site_bench import OWNER, SiteBench, now


class ReconciledSite(SiteBench):
    """A site bench with the use cases of reconcile."""

    def __init__(self, home: Path, provider: Provider, *, observer: StepObserver | None = None) -> None:
        super().__init__(home, provider, observer=observer)
        front_ends = FrontEndSteps(
            clouds=self.clouds,
            records=self.records,
            secrets=CloudServiceSecrets(self.database, Sealer(bytes(32))),
            state=self.state,
            reporting=Reporting(status=self.status, log=self.log, language="en"),
        )
        self.wanted_removals = CloudRemovals(self.database, now=now)
        look = CloudLook(clouds=self.clouds, keys=self.keys, owner=OWNER, plan=front_ends.plan)
        self.removals = OrphanRemovals(
            engine=self.engine,
            records=self.wanted_removals,
            services=self.records,
            look=look,
            status=self.status,
            log=self.log,
            language="en",
        )
        self.reconciliation = Reconciliation(
            repository=self.records,
            removals=self.removals,
            previews=Previews(records=self.records, removals=self.wanted_removals, look=look, owner=OWNER, now=now),
            status=self.status,
            log=self.log,
            language="en",
            wake=self.manager.wake,
        )

    def start(self) -> None:
        super().start()
        self.removals.sweep()

    def findings(self) -> list[str]:
        """Name what a preview of all finds, without the names of the services."""
        return [short(finding.id) for finding in self.reconciliation.preview().findings]

    def apply(self, remedy: Remedy, *, only: Callable[[str], bool] = lambda _id: True) -> Applied:
        """Choose a remedy for all findings that offer it."""
        preview = self.reconciliation.preview()
        return self.reconciliation.apply(preview.digest, chosen(preview, remedy, only))

    def repaired(self, service: CloudService) -> CloudService:
        """Repair all that a preview finds, and wait for the end."""
        self.apply(Remedy.REPAIR)
        ended = self.settled(service.id, within_seconds=60)
        assert ended is not None
        return ended

    def await_removals(self) -> None:
        deadline = time.monotonic() + 30
        while self.wanted_removals.list():
            assert time.monotonic() < deadline, self.log.path.read_text()
            time.sleep(0.02)


def chosen(preview: Preview, remedy: Remedy, only: Callable[[str], bool] = lambda _id: True) -> dict[str, Remedy]:
    return {finding.id: remedy for finding in preview.findings if remedy in finding.remedies and only(finding.id)}


def short(finding_id: str) -> str:
    return ".".join(finding_id.split(".")[1:3])
