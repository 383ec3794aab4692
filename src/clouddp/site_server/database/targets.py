"""What the administrator wants of content: which package goes where, is sent again, looked at, or taken away."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine, delete, insert, or_, select, tuple_, update
from sqlalchemy.sql.elements import ColumnElement

from clouddp.distribution_manager.plan import tokens_end_at
from clouddp.model.content import (
    ContentState,
    DistributionTask,
    PackageVersion,
    ValidationKind,
    ValidationState,
)
from clouddp.model.errors import ConflictError, NotFoundError
from clouddp.site_server.database.distributions import FINISHED, begin_anew, distribution, insert_targets
from clouddp.site_server.database.engine import write
from clouddp.site_server.database.groups import distribution_point_group, group_member, group_package
from clouddp.site_server.database.packages import (
    find_package,
    insert_version,
    newest_version,
    package,
    package_version,
)
from clouddp.site_server.database.validations import validation
from clouddp.site_server.database.withdrawals import insert_withdrawals, undo_withdrawals

_Places = Collection[str] | None


class ContentTargets:
    """Changes what is wanted, each change in one transaction; where no places are given, everywhere."""

    def __init__(self, engine: Engine, *, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._now = now

    def add_version(self, package_id: str, version: PackageVersion) -> PackageVersion:
        """Keep a version as the next one of its package, wanted wherever the package is."""
        with write(self._engine) as connection:
            find_package(connection, package_id)
            kept = insert_version(connection, package_id, version)
            want(connection, kept, _places_of(connection, package_id), at=self._now())
            return kept

    def distribute(self, package_id: str, distribution_point_ids: Collection[str]) -> None:
        """Target distribution points with the newest version."""
        with write(self._engine) as connection:
            want_package(connection, package_id, distribution_point_ids, at=self._now())

    def redistribute(self, package_id: str, places: _Places = None) -> None:
        """Have everything of the newest version that is wanted there sent again."""
        with write(self._engine) as connection:
            newest = _newest_at_places(connection, package_id, places)
            begin_anew(connection, _among(newest), task=DistributionTask.RESEND, changed_at=self._now())

    def validate(self, package_id: str, places: _Places = None, *, kind: ValidationKind, is_repairing: bool) -> None:
        """Have the newest version that is wanted there looked at."""
        with write(self._engine) as connection:
            newest = _newest_at_places(connection, package_id, places)
            keys = tuple_(validation.c.version_id, validation.c.distribution_point_id)
            connection.execute(delete(validation).where(keys.in_(newest)))
            asked = {
                "kind": kind,
                "is_repairing": is_repairing,
                "state": ValidationState.WAITING,
                "wanted_at": self._now(),
                "object_count": 0,
                "missing_count": 0,
                "damaged_count": 0,
            }
            rows = [{"version_id": version, "distribution_point_id": place, **asked} for version, place in newest]
            connection.execute(insert(validation), rows)

    def cancel(self, package_id: str, places: _Places = None) -> None:
        """Stop what is under way: what clients can get already stays, the rest is no longer wanted.

        Raises: ConflictError when nothing is under way.
        """
        unfinished = or_(distribution.c.state.not_in(FINISHED), distribution.c.next_try_at.is_not(None))
        with write(self._engine) as connection:
            find_package(connection, package_id)
            begun = _of_package(package_id, places) & unfinished
            looked_at = validation.c.version_id.in_(_version_ids(package_id)) & (
                validation.c.state == ValidationState.WAITING
            )
            if places is not None:
                looked_at &= validation.c.distribution_point_id.in_(places)
            count = connection.execute(delete(validation).where(looked_at)).rowcount
            count += connection.execute(
                update(distribution)
                .where(begun, distribution.c.is_visible)
                .values(
                    state=ContentState.SUCCESS,
                    task=DistributionTask.SEND,
                    wish=distribution.c.wish + 1,
                    done_bytes=distribution.c.total_bytes,
                    next_try_at=None,
                    problem=None,
                    changed_at=self._now(),
                )
            ).rowcount
            count += withdraw(connection, begun & ~distribution.c.is_visible, at=self._now())
            if not count:
                raise ConflictError("content.nothing_to_cancel", package=package_id)

    def withdraw(self, package_id: str, distribution_point_id: str) -> None:
        """Take a package away from one distribution point.

        Raises:
            NotFoundError: it is not wanted there.
            ConflictError: a group wants it there.
        """
        with write(self._engine) as connection:
            find_package(connection, package_id)
            _check_no_group(connection, package_id, distribution_point_id)
            if not withdraw(connection, _of_package(package_id, [distribution_point_id]), at=self._now()):
                raise _not_distributed(package_id, [distribution_point_id])

    def remove_package(self, package_id: str) -> None:
        """Take a package away from everywhere; its ID is never given again."""
        with write(self._engine) as connection:
            find_package(connection, package_id)
            connection.execute(delete(group_package).where(group_package.c.package_id == package_id))
            withdraw(connection, _of_package(package_id, None), at=self._now())
            connection.execute(update(package).where(package.c.id == package_id).values(removed_at=self._now()))


def want_package(
    connection: Connection, package_id: str, distribution_point_ids: Collection[str], *, at: datetime
) -> None:
    """Target distribution points with the newest version of a package; raises NotFoundError."""
    find_package(connection, package_id)
    want(connection, newest_version(connection, package_id), distribution_point_ids, at=at)


def want(
    connection: Connection, version: PackageVersion, distribution_point_ids: Collection[str], *, at: datetime
) -> None:
    """Target distribution points; where the version is already, or is on its way, nothing changes.

    A distribution that waits for its next try, or was given up, is due at once, with all its retries.
    """
    of_version = distribution.c.version_id == version.id
    here = of_version & distribution.c.distribution_point_id.in_(distribution_point_ids)
    known = set(connection.execute(select(distribution.c.distribution_point_id).where(here)).scalars())
    begin_anew(
        connection,
        here & (distribution.c.state == ContentState.ERROR),
        task=DistributionTask.SEND,
        changed_at=at,
    )
    new = [place for place in dict.fromkeys(distribution_point_ids) if place not in known]
    undo_withdrawals(connection, version.id, new)
    rows = [
        {
            "version_id": version.id,
            "distribution_point_id": place,
            "total_bytes": version.size_bytes,
            "wanted_at": at,
            "changed_at": at,
        }
        for place in new
    ]
    insert_targets(connection, rows)


def withdraw(connection: Connection, condition: ColumnElement[bool], *, at: datetime) -> int:
    """Want distributions no longer; their objects stay until the last token for them has ended. Give their number."""
    key = (distribution.c.version_id, distribution.c.distribution_point_id)
    places = [(row.version_id, row.distribution_point_id) for row in connection.execute(select(*key).where(condition))]
    insert_withdrawals(connection, places, ends_at=tokens_end_at(at))
    if places:
        connection.execute(delete(distribution).where(_among(places)))
        looked_at = tuple_(validation.c.version_id, validation.c.distribution_point_id)
        connection.execute(delete(validation).where(looked_at.in_(places)))
    return len(places)


def withdraw_from_places(
    connection: Connection, package_id: str, distribution_point_ids: Collection[str], *, at: datetime
) -> None:
    """Take a package away from distribution points; where it is not wanted, nothing changes."""
    withdraw(connection, _of_package(package_id, distribution_point_ids), at=at)


def _among(places: Sequence[tuple[str, str]]) -> ColumnElement[bool]:
    return tuple_(distribution.c.version_id, distribution.c.distribution_point_id).in_(places)


def _version_ids(package_id: str) -> ColumnElement[str]:
    return select(package_version.c.id).where(package_version.c.package_id == package_id)  # type: ignore[return-value]  # as IN takes it


def _of_package(package_id: str, places: _Places) -> ColumnElement[bool]:
    condition = distribution.c.version_id.in_(_version_ids(package_id))
    return condition if places is None else condition & distribution.c.distribution_point_id.in_(places)


def _places_of(connection: Connection, package_id: str) -> list[str]:
    """Name the distribution points that have a version of the package, or are in a group that has it."""
    known = select(distribution.c.distribution_point_id).where(_of_package(package_id, None))
    grouped = (
        select(group_member.c.distribution_point_id)
        .join(group_package, group_package.c.group_id == group_member.c.group_id)
        .where(group_package.c.package_id == package_id)
    )
    return sorted(connection.execute(known.union(grouped)).scalars())


def _newest_at_places(connection: Connection, package_id: str, places: _Places) -> list[tuple[str, str]]:
    """Give the newest version that is wanted at each place, as (version, place); raises NotFoundError."""
    find_package(connection, package_id)
    query = (
        select(distribution.c.version_id, distribution.c.distribution_point_id)
        .join(package_version, package_version.c.id == distribution.c.version_id)
        .where(_of_package(package_id, places))
        .order_by(package_version.c.number)
    )
    newest = {row.distribution_point_id: row.version_id for row in connection.execute(query)}
    if not newest or not newest.keys() >= set(places or ()):
        raise _not_distributed(package_id, sorted(set(places or ()) - newest.keys()))
    return [(version_id, place) for place, version_id in newest.items()]


def _not_distributed(package_id: str, places: Collection[str]) -> NotFoundError:
    if not places:
        return NotFoundError("content.distributed_nowhere", package=package_id)
    return NotFoundError("content.not_distributed", package=package_id, distribution_point=", ".join(places))


def _check_no_group(connection: Connection, package_id: str, distribution_point_id: str) -> None:
    query = (
        select(distribution_point_group.c.name)
        .join(group_package, group_package.c.group_id == distribution_point_group.c.id)
        .join(group_member, group_member.c.group_id == distribution_point_group.c.id)
        .where(group_package.c.package_id == package_id, group_member.c.distribution_point_id == distribution_point_id)
    )
    group = connection.execute(query.limit(1)).scalar()
    if group is not None:
        raise ConflictError("content.wanted_by_group", package=package_id, group=group)
