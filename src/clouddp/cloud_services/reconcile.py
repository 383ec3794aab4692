"""Judge what was seen in a cloud against what should be there; pure."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

from clouddp.cloud_services.marks import Mark, Owner, read_mark
from clouddp.cloud_services.reconcile_configuration import differing_names, read_configuration
from clouddp.model.cloud_service import CloudService, DesiredState
from clouddp.model.exchange import ServiceStateDocument
from clouddp.model.reconciliation import Discrepancy, Finding, Piece, Remedy
from clouddp.providers.base import FoundAccount, FoundDeployment, FoundService

_STATE_OLD_AFTER: Final = timedelta(hours=2)  # it is written each hour

_REPAIR: Final = (Remedy.REPAIR,)
_ADOPT_OR_REPAIR: Final = (Remedy.ADOPT, Remedy.REPAIR)


class StateLook(Enum):
    """What there is to say about a signed state that cannot be given."""

    CONTAINER_MISSING = auto()
    MISSING = auto()
    DAMAGED = auto()
    NOT_SEEN = auto()  # its storage does not answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What should be there for one cloud distribution point."""

    owner: Owner
    service: CloudService
    deployment_label: str
    configuration: bytes | None  # None: not known while there is no storage, whose address is in it


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is there under the name of a cloud distribution point."""

    account: FoundAccount | None
    hosted_service: FoundService | None
    certificates: tuple[str, ...]
    deployment: FoundDeployment | None
    state: ServiceStateDocument | StateLook


def judge(wanted: Wanted, seen: Seen, *, now: datetime) -> tuple[Finding, ...]:
    """List how a cloud distribution point differs from its record; what follows from a missing piece is not listed."""
    foreign = tuple(_foreign_findings(wanted, seen))
    if foreign:
        return foreign
    if seen.account is None and seen.hosted_service is None:
        service = wanted.service
        remedies = (Remedy.REPAIR, Remedy.REMOVE)
        return (_finding(service, Piece.CLOUD_SERVICE, Discrepancy.MISSING, remedies=remedies),)
    return (*_storage_findings(wanted, seen, now), *_service_findings(wanted, seen))


def judge_orphans(
    owner: Owner,
    *,
    management_url: str,
    subscription_id: str,
    accounts: Collection[FoundAccount],
    services: Collection[FoundService],
    recorded_names: Collection[str],
) -> tuple[Finding, ...]:
    """List what bears the mark of the site and the name of no record; whatever bears no mark of ours is not told."""
    found = [
        *((Piece.HOSTED_SERVICE, service.name, read_mark(service.marks)) for service in services),
        *((Piece.STORAGE_ACCOUNT, found.name, read_mark(found.marks)) for found in accounts if not found.is_leaving),
    ]
    return tuple(
        Finding(
            piece=piece,
            discrepancy=Discrepancy.ORPHANED,
            name=name,
            service_id=None,
            management_url=management_url,
            subscription_id=subscription_id,
            service_name=name,
            service_fqdn="",
            expected="",
            seen=mark.service_id,
            remedies=(Remedy.REMOVE,),
        )
        for piece, name, mark in found
        if mark is not None and mark.owner == owner and name not in recorded_names
    )


def _foreign_findings(wanted: Wanted, seen: Seen) -> Iterator[Finding]:
    pieces = ((Piece.STORAGE_ACCOUNT, seen.account), (Piece.HOSTED_SERVICE, seen.hosted_service))
    for piece, found in pieces:
        # A piece without a mark was made before marks were, or its mark was taken away; its name is ours all the same.
        mark = None if found is None else read_mark(found.marks)
        if mark is not None and mark != _mark(wanted):
            yield _finding(
                wanted.service,
                piece,
                Discrepancy.FOREIGN,
                expected=wanted.owner.site_code,
                seen=f"{mark.owner.site_code} ({mark.owner.site_id})",
            )


def _mark(wanted: Wanted) -> Mark:
    return Mark(owner=wanted.owner, service_id=wanted.service.id)


def _storage_findings(wanted: Wanted, seen: Seen, now: datetime) -> Iterator[Finding]:
    service, account = wanted.service, seen.account
    if account is None:
        yield _finding(service, Piece.STORAGE_ACCOUNT, Discrepancy.MISSING, remedies=_REPAIR)
    elif account.is_leaving:
        yield _finding(service, Piece.STORAGE_ACCOUNT, Discrepancy.LEAVING, seen=account.status, remedies=_REPAIR)
    elif account.region != service.region:
        yield _elsewhere(wanted, seen, Piece.STORAGE_ACCOUNT, account.region)
    elif not account.is_ready:
        yield _finding(service, Piece.STORAGE_ACCOUNT, Discrepancy.UNREADY, seen=account.status, remedies=_REPAIR)
    if account is not None and account.is_ready:
        yield from _state_findings(service, seen.state, now)


def _elsewhere(wanted: Wanted, seen: Seen, piece: Piece, region: str) -> Finding:
    """The record can take over a region only if all of the service is there."""
    regions = {found.region for found in (seen.account, seen.hosted_service) if found is not None}
    is_agreed = len(regions) == 1 and seen.account is not None and seen.hosted_service is not None
    return _finding(
        wanted.service,
        piece,
        Discrepancy.ELSEWHERE,
        expected=wanted.service.region,
        seen=region,
        remedies=_ADOPT_OR_REPAIR if is_agreed else _REPAIR,
    )


def _state_findings(service: CloudService, state: ServiceStateDocument | StateLook, now: datetime) -> Iterator[Finding]:
    if state is StateLook.CONTAINER_MISSING:
        yield _finding(service, Piece.CONTAINER, Discrepancy.MISSING, remedies=_REPAIR)
    elif state is StateLook.MISSING:
        yield _finding(service, Piece.SERVICE_STATE, Discrepancy.MISSING, remedies=_REPAIR)
    elif state is StateLook.DAMAGED:
        yield _finding(service, Piece.SERVICE_STATE, Discrepancy.DAMAGED, remedies=_REPAIR)
    elif isinstance(state, ServiceStateDocument) and _is_outdated(service, state, now):
        yield _finding(
            service,
            Piece.SERVICE_STATE,
            Discrepancy.OUTDATED,
            seen=f"{state.issued_at:%Y-%m-%d %H:%M:%S} UTC",
            remedies=_REPAIR,
        )


def _is_outdated(service: CloudService, state: ServiceStateDocument, now: datetime) -> bool:
    is_old = state.issued_at + _STATE_OLD_AFTER < now or state.expires_at <= now
    return is_old or state.service_id != service.id or state.running != (service.desired is DesiredState.RUNNING)


def _service_findings(wanted: Wanted, seen: Seen) -> Iterator[Finding]:
    service, hosted = wanted.service, seen.hosted_service
    if hosted is None:
        yield _finding(service, Piece.HOSTED_SERVICE, Discrepancy.MISSING, remedies=_REPAIR)
        return
    if hosted.region != service.region:
        yield _elsewhere(wanted, seen, Piece.HOSTED_SERVICE, hosted.region)
    yield from _certificate_findings(service, seen)
    if seen.deployment is None:
        yield _finding(service, Piece.DEPLOYMENT, Discrepancy.MISSING, remedies=_REPAIR)
    else:
        yield from _deployment_findings(wanted, seen.deployment)


def _certificate_findings(service: CloudService, seen: Seen) -> Iterator[Finding]:
    ours = service.service_certificate_thumbprint
    if ours not in seen.certificates:
        yield _finding(
            service, Piece.SERVICE_CERTIFICATE, Discrepancy.MISSING, name=ours, expected=ours, remedies=_REPAIR
        )
    configuration = None if seen.deployment is None else read_configuration(seen.deployment.configuration)
    # The cloud keeps a certificate that the deployment uses; that one is told as another configuration.
    used = set() if configuration is None else set(configuration.certificates.values())
    for extra in sorted(set(seen.certificates) - used - {ours}):
        yield _finding(
            service,
            Piece.SERVICE_CERTIFICATE,
            Discrepancy.EXTRA,
            name=extra,
            expected=ours,
            seen=extra,
            remedies=(Remedy.REMOVE,),
        )


def _deployment_findings(wanted: Wanted, deployment: FoundDeployment) -> Iterator[Finding]:
    service = wanted.service
    if deployment.label != wanted.deployment_label:
        yield _finding(
            service,
            Piece.DEPLOYMENT,
            Discrepancy.OTHER_PACKAGE,
            expected=wanted.deployment_label,
            seen=deployment.label,
            remedies=_REPAIR,
        )
    yield from _configuration_findings(wanted, deployment)
    should_run = service.desired is DesiredState.RUNNING
    if deployment.is_suspended and should_run:
        yield _finding(
            service, Piece.DEPLOYMENT, Discrepancy.SUSPENDED, seen=deployment.status, remedies=_ADOPT_OR_REPAIR
        )
    elif should_run:
        yield from _instance_findings(service, deployment)
    elif not deployment.is_suspended:
        yield _finding(
            service, Piece.DEPLOYMENT, Discrepancy.RUNNING, seen=deployment.status, remedies=_ADOPT_OR_REPAIR
        )


def _configuration_findings(wanted: Wanted, deployment: FoundDeployment) -> Iterator[Finding]:
    service, theirs = wanted.service, read_configuration(deployment.configuration)
    ours = None if wanted.configuration is None else read_configuration(wanted.configuration)
    if theirs is None:
        yield _finding(service, Piece.DEPLOYMENT, Discrepancy.OTHER_CONFIGURATION, seen="?", remedies=_REPAIR)
        return
    differing = () if ours is None else differing_names(ours, theirs)
    if differing:
        names = ", ".join(differing)
        yield _finding(service, Piece.DEPLOYMENT, Discrepancy.OTHER_CONFIGURATION, seen=names, remedies=_REPAIR)
    if theirs.instance_count != service.instance_count:
        yield _finding(
            service,
            Piece.DEPLOYMENT,
            Discrepancy.OTHER_COUNT,
            expected=str(service.instance_count),
            seen=str(theirs.instance_count),
            remedies=_ADOPT_OR_REPAIR if theirs.instance_count else _REPAIR,
        )


def _instance_findings(service: CloudService, deployment: FoundDeployment) -> Iterator[Finding]:
    unready = [f"{found.name} {found.status}" for found in deployment.instances if not found.is_ready]
    if unready or not deployment.instances:
        yield _finding(service, Piece.ROLE_INSTANCES, Discrepancy.UNREADY, seen=", ".join(unready), remedies=_REPAIR)


def _finding(
    service: CloudService,
    piece: Piece,
    discrepancy: Discrepancy,
    *,
    name: str | None = None,
    expected: str = "",
    seen: str = "",
    remedies: tuple[Remedy, ...] = (),
) -> Finding:
    return Finding(
        piece=piece,
        discrepancy=discrepancy,
        name=service.service_name if name is None else name,
        service_id=service.id,
        management_url=service.management_url,
        subscription_id=service.subscription_id,
        service_name=service.service_name,
        service_fqdn=service.service_fqdn,
        expected=expected,
        seen=seen,
        remedies=remedies,
    )
