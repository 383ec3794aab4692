"""Compare all cloud distribution points, or one, with their clouds: the preview of a reconcile."""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Final

from clouddp.cloud_services.marks import Owner
from clouddp.cloud_services.ports import ServiceRecords
from clouddp.cloud_services.reconcile import judge, judge_orphans
from clouddp.cloud_services.reconcile_look import CloudLook, Holdings, list_holdings
from clouddp.cloud_services.reconcile_removal import RemovalRecords
from clouddp.model.cloud_service import CloudService, DesiredState
from clouddp.model.errors import SiteError
from clouddp.model.reconciliation import Finding, NotJudged, Preview

_DIGEST_DIGITS: Final = 32
_LOOKS_AT_ONCE: Final = 8  # each is a handful of requests to the cloud, one after the other

_Judged = tuple[list[Finding], list[NotJudged]]


class Previews:
    """Makes previews; changes nothing, here or in the cloud."""

    def __init__(
        self,
        *,
        records: ServiceRecords,
        removals: RemovalRecords,
        look: CloudLook,
        owner: Owner,
        now: Callable[[], datetime],
    ) -> None:
        self._records = records
        self._removals = removals
        self._look = look
        self._owner = owner
        self._now = now

    def of_all(self) -> Preview:
        """Compare all services, and list the orphans of their subscriptions."""
        services = self._records.list()
        findings, not_judged = _nothing()
        for group in _by_subscription(services):
            judged, untold = self._of_subscription(group)
            findings += judged
            not_judged += untold
        return _preview(services, findings, not_judged)

    def of_one(self, service: CloudService) -> Preview:
        """Compare one service."""
        untold = _why_not_judged(service)
        if untold is not None:
            return _preview([service], [], [untold])
        try:
            holdings = list_holdings(self._look.open_subscription([service]))
        except SiteError as error:
            return _preview([service], [], [_failure(service.id, service.service_fqdn, error)])
        return _preview([service], *self._of_service(service, holdings))

    def _of_subscription(self, services: Sequence[CloudService]) -> _Judged:
        try:
            holdings = list_holdings(self._look.open_subscription(services))
        except SiteError as error:
            return [], [_failure(None, services[0].subscription_id, error)]
        findings, not_judged = self._orphans(services[0], holdings)
        with ThreadPoolExecutor(_LOOKS_AT_ONCE) as pool:
            for judged, untold in pool.map(lambda service: self._of_service(service, holdings), services):
                findings += judged
                not_judged += untold
        return findings, not_judged

    def _orphans(self, neighbour: CloudService, holdings: Holdings) -> _Judged:
        # The records are read after the cloud: what was created meanwhile has one.
        found = judge_orphans(
            self._owner,
            management_url=neighbour.management_url,
            subscription_id=neighbour.subscription_id,
            accounts=tuple(holdings.accounts.values()),
            services=tuple(holdings.services.values()),
            recorded_names={service.service_name for service in self._records.list()},
        )
        leaving = {(removal.piece, removal.name) for removal in self._removals.list()}
        findings = [finding for finding in found if (finding.piece, finding.name) not in leaving]
        removed = [finding for finding in found if (finding.piece, finding.name) in leaving]
        return findings, [
            NotJudged(service_id=None, name=finding.name, code="reconciliation.removal_under_way")
            for finding in removed
        ]

    def _of_service(self, service: CloudService, holdings: Holdings) -> _Judged:
        untold = _why_not_judged(service)
        if untold is not None:
            return [], [untold]
        try:
            wanted, seen = self._look.look(service, holdings)
        except SiteError as error:
            return [], [_failure(service.id, service.service_fqdn, error)]
        current = self._records.find(service.id)
        if current is None:
            return _nothing()
        if current.generation != service.generation:
            return [], [_work_under_way(current)]
        return list(judge(wanted, seen, now=self._now())), []


def _nothing() -> _Judged:
    return [], []


def _by_subscription(services: Iterable[CloudService]) -> list[list[CloudService]]:
    groups: dict[tuple[str, str, str], list[CloudService]] = {}
    for service in services:
        key = (service.provider, service.management_url, service.subscription_id)
        groups.setdefault(key, []).append(service)
    return list(groups.values())


def _why_not_judged(service: CloudService) -> NotJudged | None:
    if not service.is_settled:
        return _work_under_way(service)
    if service.desired is DesiredState.DELETED:
        return NotJudged(service_id=service.id, name=service.service_fqdn, code="reconciliation.deletion_failed")
    return None


def _work_under_way(service: CloudService) -> NotJudged:
    return NotJudged(service_id=service.id, name=service.service_fqdn, code="reconciliation.work_under_way")


def _failure(service_id: str | None, name: str, error: SiteError) -> NotJudged:
    arguments = {key: str(value) for key, value in error.arguments.items()}
    return NotJudged(service_id=service_id, name=name, code=error.code, arguments=arguments)


def _preview(services: Sequence[CloudService], findings: list[Finding], not_judged: list[NotJudged]) -> Preview:
    generations = {service.id: service.generation for service in services}
    told = [[finding.id, finding.expected, finding.seen, *finding.remedies] for finding in findings]
    seen = {
        "findings": sorted(told),
        "not_judged": sorted([untold.name, untold.code] for untold in not_judged),
        "generations": generations,
    }
    digest = hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()[:_DIGEST_DIGITS]
    return Preview(digest=digest, findings=tuple(findings), not_judged=tuple(not_judged), generations=generations)
