"""Decide which distributions are due, and what a failure means for the next try; pure."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime, timedelta

from clouddp.distribution_manager.ports import Transfer
from clouddp.model.cloud_service import CloudService, Problem, ServiceState
from clouddp.model.content import ContentState, Distribution
from clouddp.model.errors import SiteError, TemporaryError

LASTING_RETRIES = 100
LASTING_DELAY = timedelta(minutes=30)

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


def takes_content(service: CloudService) -> bool:
    """Say whether the cloud distribution point has a storage that content can be sent to."""
    return service.state in _TAKES_CONTENT


def due_transfers(
    transfers: Iterable[Transfer],
    services: Mapping[str, CloudService],
    *,
    running: AbstractSet[str],
    now: datetime,
) -> list[Transfer]:
    """Choose the transfers to start now; a distribution point that is not ready yet keeps its own waiting."""
    return [
        transfer
        for transfer in transfers
        if transfer.id not in running
        and transfer.distribution.distribution_point_id in services
        and takes_content(services[transfer.distribution.distribution_point_id])
        and (transfer.distribution.next_try_at is None or transfer.distribution.next_try_at <= now)
    ]


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
