"""Decide which transfers run now and which pause, by priority, hours and fairness; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from clouddp.distribution_manager.ports import Transfer
from clouddp.model.bandwidth import Opening

SLOTS: Final = 3  # transfers at the same time; each uses two threads and some 60 MB
TURN: Final = timedelta(minutes=2)  # after which a transfer lets others of its priority go on

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


class Reason(StrEnum):
    """Why a transfer that could run does not."""

    PRIORITY = "priority"  # more urgent content is being sent
    TURN = "turn"  # others had waited longer
    HOURS = "hours"  # the bandwidth plan does not admit it at this hour


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A transfer that runs, or is about to pause."""

    transfer: Transfer
    started_at: datetime
    is_pausing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What changes now."""

    start: Sequence[Transfer]
    pause: Mapping[str, Reason]  # transfer id: why
    hold: Mapping[str, Reason]  # of those that wait: why


def decide(
    due: Sequence[Transfer],
    running: Sequence[Running],
    opening: Opening,
    *,
    served_at: Mapping[str, datetime],
    now: datetime,
) -> Decision:
    """Fill the free slots with the most urgent transfers, and free some for more urgent ones.

    Of equals those go first whose distribution point, then whose package, has fewest transfers under way, then who ran
    longest ago. `due` is in the order in which things were wanted, without those that run.
    """
    pause = {
        one.transfer.id: Reason.HOURS
        for one in running
        if not one.is_pausing and not opening.admits(one.transfer.priority)
    }
    hold = {transfer.id: Reason.HOURS for transfer in due if not opening.admits(transfer.priority)}
    waiting = [transfer for transfer in due if transfer.id not in hold]
    under_way = [one.transfer for one in running]
    start: list[Transfer] = []
    while len(under_way) < SLOTS and (chosen := _next(waiting, under_way, served_at)):
        start.append(chosen)
        under_way.append(chosen)
        waiting.remove(chosen)
    freed = len(pause) + sum(one.is_pausing for one in running)
    while waiting and (chosen := _next(waiting, under_way, served_at)):
        waiting.remove(chosen)
        is_outranked = any(one.priority.rank < chosen.priority.rank for one in under_way)
        hold[chosen.id] = Reason.PRIORITY if is_outranked else Reason.TURN
        if freed > 0:
            freed -= 1
        elif found := _who_gives_way(chosen, [one for one in running if one.transfer.id not in pause], now):
            pause[found[0]] = found[1]
    return Decision(start=start, pause=pause, hold=hold)


def _next(
    waiting: Sequence[Transfer], under_way: Sequence[Transfer], served_at: Mapping[str, datetime]
) -> Transfer | None:
    """Choose who goes first; a version that was never published goes to one place first, which makes its manifest."""
    first_publications = {one.version.id for one in under_way if not one.is_published}
    able = [one for one in waiting if one.version.id not in first_publications]

    def key(transfer: Transfer) -> tuple[int, int, int, datetime]:
        place, package = transfer.distribution.distribution_point_id, transfer.version.package_id
        return (
            transfer.priority.rank,
            sum(one.distribution.distribution_point_id == place for one in under_way),
            sum(one.version.package_id == package for one in under_way),
            served_at.get(transfer.id, _LONG_AGO),
        )

    return min(able, key=key, default=None)


def _who_gives_way(waiting: Transfer, running: Sequence[Running], now: datetime) -> tuple[str, Reason] | None:
    """Find who pauses for a waiting transfer: the least urgent and newest, or an equal that had its turn."""
    able = [one for one in running if not one.is_pausing]
    lower = [one for one in able if one.transfer.priority.rank > waiting.priority.rank]
    if lower:
        victim = max(lower, key=lambda one: (one.transfer.priority.rank, one.started_at))
        return victim.transfer.id, Reason.PRIORITY
    equal = [one for one in able if one.transfer.priority is waiting.priority and now - one.started_at >= TURN]
    if equal:
        return min(equal, key=lambda one: one.started_at).transfer.id, Reason.TURN
    return None
