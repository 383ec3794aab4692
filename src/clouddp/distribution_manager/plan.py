"""Decide which distributions are due, and what a failure means for the next try; pure."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from clouddp.distribution_manager.ports import Transfer
from clouddp.distribution_manager.schedule import Reason
from clouddp.model.cloud_service import CloudService, Problem, ServiceState
from clouddp.model.content import ContentState, Distribution, DistributionTask
from clouddp.model.errors import SiteError, TemporaryError
from clouddp.network.tokens import ACCESS_LIFETIME_SECONDS

LASTING_RETRIES = 100
LASTING_DELAY = timedelta(minutes=30)
SUPERSEDED_FOR = timedelta(hours=24)  # a client that is at an older version may end with it

_TOKEN_LIFE = timedelta(seconds=ACCESS_LIFETIME_SECONDS)
_AFTER_TOKENS = timedelta(minutes=10)  # a request that decides now, clocks that differ, a signed location of 5 minutes

_QUICK_DELAY_SECONDS = 2.0
_QUICK_TRIES = 8  # 2, 4, 8 … 256 seconds; what still fails then is lasting
_TAKES_CONTENT = frozenset(
    {
        ServiceState.READY,
        ServiceState.STOPPING,
        ServiceState.STOPPED,
        ServiceState.STARTING,
        ServiceState.UPGRADING,
    }
)


class Activity(StrEnum):
    """What is being done for a distribution."""

    NONE = "none"
    SENDING = "sending"
    RESENDING = "resending"
    WAITING_TURN = "waiting_turn"
    WAITING_PRIORITY = "waiting_priority"
    WAITING_HOURS = "waiting_hours"
    WAITING_RETRY = "waiting_retry"
    WAITING_DISTRIBUTION_POINT = "waiting_distribution_point"


_WAITING: Final = {
    Reason.TURN: Activity.WAITING_TURN,
    Reason.PRIORITY: Activity.WAITING_PRIORITY,
    Reason.HOURS: Activity.WAITING_HOURS,
}


def tokens_end_at(withdrawn_at: datetime) -> datetime:
    """Say when nobody can have a token any more for what is withdrawn at a moment."""
    return withdrawn_at + _TOKEN_LIFE + _AFTER_TOKENS


def takes_content(service: CloudService) -> bool:
    """Say whether the cloud distribution point has a storage that content can be sent to."""
    return service.state in _TAKES_CONTENT


def is_due(transfer: Transfer, services: Mapping[str, CloudService], now: datetime) -> bool:
    """Say whether the transfer could run now; a distribution point that is not ready yet keeps its own waiting."""
    service = services.get(transfer.distribution.distribution_point_id)
    next_try_at = transfer.distribution.next_try_at
    if service is None or not takes_content(service):
        return False
    return next_try_at is None or not is_still_to_come(next_try_at, LASTING_DELAY, now)


def is_still_to_come(moment: datetime, delay: timedelta, now: datetime) -> bool:
    """Say whether a moment that was set `delay` ahead is ahead; one further away is of a clock that was wrong."""
    return now < moment <= now + delay


def shown_state(distribution: Distribution, service: CloudService | None) -> ContentState:
    """Say what an administrator sees: nobody knows what is at a distribution point that is itself in trouble."""
    is_lost_sight_of = service is None or service.state is ServiceState.ERROR
    return ContentState.UNKNOWN if is_lost_sight_of and distribution.is_visible else distribution.state


def activity_of(
    transfer: Transfer, service: CloudService | None, *, is_running: bool, held_for: Reason | None, now: datetime
) -> Activity:
    """Say what is being done for a distribution, or what it waits for."""
    distribution = transfer.distribution
    if is_running:
        return Activity.RESENDING if distribution.task is DistributionTask.RESEND else Activity.SENDING
    if distribution.state is ContentState.SUCCESS or has_given_up(distribution):
        return Activity.NONE
    if service is None or not takes_content(service):
        return Activity.WAITING_DISTRIBUTION_POINT
    if distribution.next_try_at is not None and is_still_to_come(distribution.next_try_at, LASTING_DELAY, now):
        return Activity.WAITING_RETRY
    return _WAITING[held_for or Reason.TURN]


def after_failure(transfer: Transfer, error: SiteError, *, now: datetime) -> Transfer:
    """Say when the transfer is tried again.

    What may pass by itself is tried again within seconds; what lasts costs one of 100 retries, 30 minutes apart.
    """
    problem = Problem(code=error.code, arguments={name: str(value) for name, value in error.arguments.items()})
    current = replace(transfer.distribution, problem=problem, changed_at=now)
    if isinstance(error, TemporaryError) and transfer.quick_tries < _QUICK_TRIES:
        delay = timedelta(seconds=_QUICK_DELAY_SECONDS * 2**transfer.quick_tries)
        waiting = replace(current, state=ContentState.IN_PROGRESS, next_try_at=now + delay)
        return replace(transfer, distribution=waiting, quick_tries=transfer.quick_tries + 1)
    return replace(transfer, distribution=_lasting(current, now), quick_tries=0)


def has_given_up(distribution: Distribution) -> bool:
    """Say whether no retry is left."""
    return distribution.state is ContentState.ERROR and distribution.next_try_at is None


def _lasting(distribution: Distribution, now: datetime) -> Distribution:
    if distribution.retries_left == 0:
        return replace(distribution, state=ContentState.ERROR, next_try_at=None)
    left = distribution.retries_left - 1
    return replace(distribution, state=ContentState.ERROR, retries_left=left, next_try_at=now + LASTING_DELAY)
