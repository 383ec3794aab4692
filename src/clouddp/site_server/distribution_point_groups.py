"""What an administrator does with distribution point groups."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import uuid4

from clouddp.model.content import DistributionPointGroup
from clouddp.model.errors import InvalidInputError
from clouddp.site_server.content import DistributionPoints, check_distribution_point
from clouddp.site_server.database.distribution_point_groups import DistributionPointGroupRepository

_LONGEST_NAME: Final = 256


class DistributionPointGroups:
    """The use cases of groups; `wake` tells the distribution manager that there is work."""

    def __init__(
        self,
        *,
        groups: DistributionPointGroupRepository,
        distribution_points: DistributionPoints,
        wake: Callable[[], None],
        now: Callable[[], datetime],
    ) -> None:
        self._groups = groups
        self._distribution_points = distribution_points
        self._wake = wake
        self._now = now

    def create(self, name: str, description: str) -> DistributionPointGroup:
        """Make an empty group; raises ConflictError when the name is taken."""
        if not 0 < len(name.strip()) <= _LONGEST_NAME:
            raise InvalidInputError("content.group_name_missing", limit=_LONGEST_NAME)
        group = DistributionPointGroup(
            id=uuid4().hex, name=name.strip(), description=description, created_at=self._now()
        )
        self._groups.create(group)
        return group

    def get(self, group_id: str) -> DistributionPointGroup:
        """Give a group; raises NotFoundError."""
        return self._groups.get(group_id)

    def list(self) -> Sequence[DistributionPointGroup]:
        """Give all groups by name."""
        return self._groups.list()

    def delete(self, group_id: str) -> None:
        """Forget a group; content stays where it is."""
        self._groups.delete(group_id)

    def add_members(self, group_id: str, distribution_point_ids: Collection[str]) -> DistributionPointGroup:
        """Take distribution points in: they get what the group has."""
        for distribution_point_id in distribution_point_ids:
            check_distribution_point(self._distribution_points, distribution_point_id)
        self._groups.add_members(group_id, distribution_point_ids)
        self._wake()
        return self._groups.get(group_id)

    def remove_member(self, group_id: str, distribution_point_id: str) -> None:
        """Let a distribution point go; its content stays."""
        self._groups.remove_member(group_id, distribution_point_id)

    def add_package(self, group_id: str, package_id: str) -> DistributionPointGroup:
        """Give a package to a group: all members get it."""
        self._groups.add_package(group_id, package_id)
        self._wake()
        return self._groups.get(group_id)

    def remove_package(self, group_id: str, package_id: str) -> None:
        """Take a package from a group, and from its members."""
        self._groups.remove_package(group_id, package_id)
        self._wake()
