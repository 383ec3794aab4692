"""Keeps distribution point groups; what joins a group gets what the group has, in the same transaction."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, insert, select
from sqlalchemy.exc import IntegrityError

from clouddp.model.content import DistributionPointGroup
from clouddp.model.errors import ConflictError, NotFoundError
from clouddp.site_server.database.engine import read, write
from clouddp.site_server.database.groups import distribution_point_group, group_member, group_package
from clouddp.site_server.database.packages import find_package
from clouddp.site_server.database.targets import want_package, withdraw_from_places
from clouddp.site_server.database.withdrawals import insert_new


class DistributionPointGroupRepository:
    """Keeps groups. Leaving a group takes nothing away; taking a package from a group does."""

    def __init__(self, engine: Engine, *, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._now = now

    def create(self, group: DistributionPointGroup) -> None:
        """Keep a new group; raises ConflictError when the name is taken."""
        row = {
            "id": group.id,
            "name": group.name,
            "name_without_case": group.name.casefold(),
            "description": group.description,
            "created_at": group.created_at,
        }
        try:
            with write(self._engine) as connection:
                connection.execute(insert(distribution_point_group).values(row))
        except IntegrityError as error:
            raise ConflictError("content.group_name_taken", group=group.name) from error

    def get(self, group_id: str) -> DistributionPointGroup:
        """Give a group; raises NotFoundError."""
        with read(self._engine) as connection:
            return _find(connection, group_id)

    def list(self) -> Sequence[DistributionPointGroup]:
        """Give all groups by name."""
        query = select(distribution_point_group).order_by(distribution_point_group.c.name_without_case)
        with read(self._engine) as connection:
            return [_completed(connection, row) for row in connection.execute(query).all()]

    def delete(self, group_id: str) -> None:
        """Forget a group; content stays where it is."""
        with write(self._engine) as connection:
            _find(connection, group_id)
            connection.execute(delete(distribution_point_group).where(distribution_point_group.c.id == group_id))

    def add_members(self, group_id: str, distribution_point_ids: Collection[str]) -> None:
        """Take distribution points in, and send them what the group has."""
        with write(self._engine) as connection:
            group = _find(connection, group_id)
            rows = [{"group_id": group_id, "distribution_point_id": place} for place in distribution_point_ids]
            connection.execute(insert_new(connection, group_member), rows)
            for package_id in group.package_ids:
                want_package(connection, package_id, distribution_point_ids, at=self._now())

    def remove_member(self, group_id: str, distribution_point_id: str) -> None:
        """Let a distribution point go; its content stays. Raises NotFoundError when it is no member."""
        with write(self._engine) as connection:
            group = _find(connection, group_id)
            if distribution_point_id not in group.distribution_point_ids:
                raise NotFoundError("content.not_in_group", group=group.name, distribution_point=distribution_point_id)
            connection.execute(
                delete(group_member).where(
                    group_member.c.group_id == group_id,
                    group_member.c.distribution_point_id == distribution_point_id,
                )
            )

    def add_package(self, group_id: str, package_id: str) -> None:
        """Give a package to a group, and send it to all members."""
        with write(self._engine) as connection:
            group = _find(connection, group_id)
            find_package(connection, package_id)
            connection.execute(
                insert_new(connection, group_package), [{"group_id": group_id, "package_id": package_id}]
            )
            want_package(connection, package_id, group.distribution_point_ids, at=self._now())

    def remove_package(self, group_id: str, package_id: str) -> None:
        """Take a package from a group, and from those members that no other group gives it to."""
        with write(self._engine) as connection:
            group = _find(connection, group_id)
            if package_id not in group.package_ids:
                raise NotFoundError("content.package_not_in_group", group=group.name, package=package_id)
            connection.execute(
                delete(group_package).where(
                    group_package.c.group_id == group_id, group_package.c.package_id == package_id
                )
            )
            elsewhere = (
                select(group_member.c.distribution_point_id)
                .join(group_package, group_package.c.group_id == group_member.c.group_id)
                .where(group_package.c.package_id == package_id)
            )
            kept = set(connection.execute(elsewhere).scalars())
            places = [place for place in group.distribution_point_ids if place not in kept]
            withdraw_from_places(connection, package_id, places, at=self._now())


def _find(connection: Connection, group_id: str) -> DistributionPointGroup:
    query = select(distribution_point_group).where(distribution_point_group.c.id == group_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFoundError("content.group_missing", group=group_id)
    return _completed(connection, row)


def _completed(connection: Connection, row: Row[Any]) -> DistributionPointGroup:
    group = DistributionPointGroup(id=row.id, name=row.name, description=row.description, created_at=row.created_at)
    members = select(group_member.c.distribution_point_id).where(group_member.c.group_id == row.id)
    packages = select(group_package.c.package_id).where(group_package.c.group_id == row.id)
    return replace(
        group,
        distribution_point_ids=tuple(sorted(connection.execute(members).scalars())),
        package_ids=tuple(sorted(connection.execute(packages).scalars())),
    )
