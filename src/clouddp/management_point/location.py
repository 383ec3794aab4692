"""Which sources a client gets, in which order, and by which rule each is where it is: pure."""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from clouddp.model.cloud_service import CloudService, DesiredState, ServiceState

_SERVING: Final = frozenset({ServiceState.READY, ServiceState.UPGRADING})  # which rolls through one at a time


class Rule(StrEnum):
    """The rule that put a source in its place, or left it out."""

    CLOUD_LAST = "cloud_last"  # cloud distribution points come last, equals in random order
    CLIENT_BLOCKED = "client_blocked"
    CLOUD_NOT_ALLOWED = "cloud_not_allowed"  # the setting *Allow access to cloud distribution point* is No
    SERVICE_NOT_READY = "service_not_ready"
    CONTENT_MISSING = "content_missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedSource:
    """A distribution point, its place from 1, or None when it is left out, and why."""

    service: CloudService
    place: int | None
    rule: Rule


def order_sources(
    services: Sequence[CloudService],
    *,
    holders: AbstractSet[str],
    is_blocked: bool,
    is_cloud_allowed: bool,
    draw: Callable[[], float],
) -> tuple[JudgedSource, ...]:
    """Judge every distribution point: those that are offered in order, then those that are not.

    `holders` are the ids of those that have all of the version; `draw` gives chance, from 0 to 1.
    """
    offered: list[CloudService] = []
    left_out: list[JudgedSource] = []
    for service in services:
        rule = _exclusion(service, holders=holders, is_blocked=is_blocked, is_cloud_allowed=is_cloud_allowed)
        if rule is None:
            offered.append(service)
        else:
            left_out.append(JudgedSource(service=service, place=None, rule=rule))
    drawn = sorted(((draw(), service.id, service) for service in offered), key=lambda item: item[:2])
    ordered = [
        JudgedSource(service=service, place=place, rule=Rule.CLOUD_LAST)
        for place, (_chance, _id, service) in enumerate(drawn, start=1)
    ]
    return (*ordered, *left_out)


def _exclusion(
    service: CloudService, *, holders: AbstractSet[str], is_blocked: bool, is_cloud_allowed: bool
) -> Rule | None:
    if is_blocked:
        return Rule.CLIENT_BLOCKED
    if not is_cloud_allowed:
        return Rule.CLOUD_NOT_ALLOWED
    is_reachable = service.virtual_ip is not None and service.port is not None
    if service.state not in _SERVING or service.desired is not DesiredState.RUNNING or not is_reachable:
        return Rule.SERVICE_NOT_READY
    return None if service.id in holders else Rule.CONTENT_MISSING
