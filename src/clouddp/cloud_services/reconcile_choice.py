"""Turn the remedies that an administrator chose into what each cloud distribution point is to become; pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from clouddp.model.cloud_service import DesiredState
from clouddp.model.errors import InvalidInputError, SiteError
from clouddp.model.reconciliation import Discrepancy, Finding, Piece, Remedy

Choice = tuple[Finding, Remedy]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceChange:
    """What one record takes over (None: nothing), and the misplaced pieces that its work removes before it repairs."""

    service_id: str
    choices: tuple[Choice, ...]
    is_deleted: bool
    instance_count: int | None
    region: str | None
    desired: DesiredState | None
    misplaced: tuple[Piece, ...]


def check_choice(findings: Iterable[Finding], remedies: Mapping[str, Remedy]) -> tuple[Choice, ...]:
    """Join findings with the remedies chosen for them.

    Raises:
        InvalidInputError: nothing was chosen, or something that is not offered; `faults` says all of it.
    """
    known = {finding.id: finding for finding in findings}
    faults: list[SiteError] = []
    for identifier, remedy in remedies.items():
        finding = known.get(identifier)
        if finding is None:
            faults.append(InvalidInputError("reconciliation.finding_unknown", id=identifier))
        elif remedy not in finding.remedies:
            offered = ", ".join(finding.remedies) or "-"
            faults.append(
                InvalidInputError("reconciliation.remedy_not_offered", id=identifier, remedy=remedy, offered=offered)
            )
    if faults or not remedies:
        raise InvalidInputError("reconciliation.choice_invalid", faults=tuple(faults))
    return tuple((known[identifier], remedy) for identifier, remedy in sorted(remedies.items()))


def plan_changes(choices: Sequence[Choice]) -> tuple[ServiceChange, ...]:
    """Say what becomes of each record that something was chosen for; orphans have none."""
    services = dict.fromkeys(finding.service_id for finding, _remedy in choices if finding.service_id is not None)
    return tuple(
        _change(service_id, tuple(choice for choice in choices if choice[0].service_id == service_id))
        for service_id in services
    )


def orphans(choices: Sequence[Choice]) -> tuple[Finding, ...]:
    """Give the pieces without a record that are to be removed."""
    return tuple(finding for finding, _remedy in choices if finding.service_id is None)


def _change(service_id: str, choices: tuple[Choice, ...]) -> ServiceChange:
    adopted = {finding.discrepancy: finding for finding, remedy in choices if remedy is Remedy.ADOPT}
    removed = {finding.piece for finding, remedy in choices if remedy is Remedy.REMOVE}
    misplaced = tuple(
        finding.piece
        for finding, remedy in choices
        if remedy is Remedy.REPAIR and finding.discrepancy is Discrepancy.ELSEWHERE
    )
    count, region = adopted.get(Discrepancy.OTHER_COUNT), adopted.get(Discrepancy.ELSEWHERE)
    return ServiceChange(
        service_id=service_id,
        choices=choices,
        is_deleted=Piece.CLOUD_SERVICE in removed,
        instance_count=None if count is None else int(count.seen),
        region=None if region is None else region.seen,
        desired=_desired(adopted),
        misplaced=misplaced,
    )


def _desired(adopted: Mapping[Discrepancy, Finding]) -> DesiredState | None:
    if Discrepancy.SUSPENDED in adopted:
        return DesiredState.STOPPED
    return DesiredState.RUNNING if Discrepancy.RUNNING in adopted else None
