"""REST: distribution point groups."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Annotated, Protocol

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from clouddp.model.content import DistributionPointGroup


class Groups(Protocol):
    """What an administrator does with groups."""

    def create(self, name: str, description: str) -> DistributionPointGroup:
        """Make an empty group."""

    def get(self, group_id: str) -> DistributionPointGroup:
        """Give a group."""

    def list(self) -> Sequence[DistributionPointGroup]:
        """Give all groups."""

    def delete(self, group_id: str) -> None:
        """Forget a group."""

    def add_members(self, group_id: str, distribution_point_ids: Collection[str]) -> DistributionPointGroup:
        """Take distribution points in."""

    def remove_member(self, group_id: str, distribution_point_id: str) -> None:
        """Let a distribution point go."""

    def add_package(self, group_id: str, package_id: str) -> DistributionPointGroup:
        """Give a package to a group."""

    def remove_package(self, group_id: str, package_id: str) -> None:
        """Take a package from a group."""


class NewGroupBody(BaseModel):
    """A group that is to be made."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=1000)
    description: str = Field(default="", max_length=4000)


class MembersBody(BaseModel):
    """Distribution points that join."""

    model_config = ConfigDict(extra="forbid")

    distribution_point_ids: list[Annotated[str, Field(max_length=64)]] = Field(min_length=1, max_length=1000)


class PackageBody(BaseModel):
    """A package that a group gets."""

    model_config = ConfigDict(extra="forbid")

    package_id: str = Field(max_length=8)


class GroupView(BaseModel):
    """A group, its members and its packages."""

    id: str
    name: str
    description: str
    created_at: datetime
    distribution_point_ids: list[str]
    package_ids: list[str]


def group_routes(groups: Groups) -> APIRouter:
    """Make the routes below `/distribution-point-groups`."""
    router = APIRouter(prefix="/distribution-point-groups", tags=["distribution point groups"])

    @router.post("", status_code=201)
    def create_group(body: NewGroupBody) -> GroupView:
        """Make an empty group."""
        return _view(groups.create(body.name, body.description))

    @router.get("")
    def list_groups() -> list[GroupView]:
        """Give all groups by name."""
        return [_view(group) for group in groups.list()]

    @router.get("/{group_id}")
    def show_group(group_id: str) -> GroupView:
        """Give one group."""
        return _view(groups.get(group_id))

    @router.delete("/{group_id}", status_code=204)
    def delete_group(group_id: str) -> None:
        """Forget a group; content stays where it is."""
        groups.delete(group_id)

    @router.post("/{group_id}/members", status_code=202)
    def add_members(group_id: str, body: MembersBody) -> GroupView:
        """Take distribution points in; they get what the group has."""
        return _view(groups.add_members(group_id, list(dict.fromkeys(body.distribution_point_ids))))

    @router.delete("/{group_id}/members/{distribution_point_id}", status_code=204)
    def remove_member(group_id: str, distribution_point_id: str) -> None:
        """Let a distribution point go; its content stays."""
        groups.remove_member(group_id, distribution_point_id)

    @router.post("/{group_id}/packages", status_code=202)
    def add_package(group_id: str, body: PackageBody) -> GroupView:
        """Give a package to a group; all members get it."""
        return _view(groups.add_package(group_id, body.package_id))

    @router.delete("/{group_id}/packages/{package_id}", status_code=202)
    def remove_package(group_id: str, package_id: str) -> None:
        """Take a package from a group, and from its members."""
        groups.remove_package(group_id, package_id)

    return router


def _view(group: DistributionPointGroup) -> GroupView:
    return GroupView(
        id=group.id,
        name=group.name,
        description=group.description,
        created_at=group.created_at,
        distribution_point_ids=list(group.distribution_point_ids),
        package_ids=list(group.package_ids),
    )
