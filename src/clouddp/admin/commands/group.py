"""`clouddp group`: distribution point groups."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import typer

from clouddp.admin.api_client import SiteApi
from clouddp.admin.commands.content_places import Json, PackageId, find_distribution_point
from clouddp.admin.commands.output import print_json, print_table, say
from clouddp.language.command_line import clouddp_home, exit_on_error
from clouddp.language.program import Program
from clouddp.model.errors import NotFoundError

app = Program()

_PATH: Final = "/distribution-point-groups"
_COLUMNS: Final = {
    "name": "content.column_group_name",
    "description": "content.column_group_description",
    "members": "content.column_group_members",
    "packages": "content.column_group_packages",
    "id": "content.column_group_id",
}

Name = Annotated[str, typer.Argument(help="Name or ID of the group.")]
Member = Annotated[str, typer.Argument(help="Cloud distribution point: service FQDN or ID.")]


@app.callback()
def group() -> None:
    """Groups of distribution points: a member automatically gets the group's content."""


@app.command("create")
@exit_on_error
def create(
    name: Annotated[str, typer.Argument(help="Name of the new group.")],
    *,
    description: Annotated[str, typer.Option(help="For people.")] = "",
    as_json: Json = False,
) -> None:
    """Make an empty group.

    Example: clouddp group create "Cloud, Europe"
    """
    made = SiteApi.from_home(clouddp_home()).post(_PATH, {"name": name, "description": description})
    if as_json:
        print_json(made)
    else:
        say("content.command_group_made", name=made["name"])


@app.command("list")
@exit_on_error
def list_all(*, as_json: Json = False) -> None:
    """List the groups, their distribution points and their packages.

    Example: clouddp group list
    """
    api = SiteApi.from_home(clouddp_home())
    groups = api.get(_PATH)
    if as_json:
        print_json(groups)
        return
    names = {point["id"]: point["service_fqdn"] for point in api.get("/cloud-distribution-points")}
    print_table(_COLUMNS, [_row(one, names) for one in groups])


@app.command("delete")
@exit_on_error
def delete(name: Name, *, as_json: Json = False) -> None:
    """Forget a group; content stays where it is.

    Example: clouddp group delete "Cloud, Europe"
    """
    api = SiteApi.from_home(clouddp_home())
    found = _find(api, name)
    api.delete(f"{_PATH}/{found['id']}")
    _tell(found, "content.command_group_deleted", as_json=as_json)


@app.command("add-member")
@exit_on_error
def add_member(name: Name, member: Member, *, as_json: Json = False) -> None:
    """Take a distribution point into a group: it gets what the group has.

    Example: clouddp group add-member "Cloud, Europe" clouddp1.contoso.com
    """
    api = SiteApi.from_home(clouddp_home())
    path = f"{_PATH}/{_find(api, name)['id']}/members"
    changed = api.post(path, {"distribution_point_ids": [find_distribution_point(api, member)]})
    _tell(changed, "content.command_member_added", as_json=as_json, distribution_point=member)


@app.command("remove-member")
@exit_on_error
def remove_member(name: Name, member: Member, *, as_json: Json = False) -> None:
    """Let a distribution point leave a group; its content stays.

    Example: clouddp group remove-member "Cloud, Europe" clouddp1.contoso.com
    """
    api = SiteApi.from_home(clouddp_home())
    path = f"{_PATH}/{_find(api, name)['id']}"
    api.delete(f"{path}/members/{find_distribution_point(api, member)}")
    _tell(api.get(path), "content.command_member_removed", as_json=as_json, distribution_point=member)


@app.command("distribute")
@exit_on_error
def distribute(name: Name, package_id: PackageId, *, as_json: Json = False) -> None:
    """Give a package to a group: all members get it, and who joins later.

    Example: clouddp group distribute "Cloud, Europe" P0100001
    """
    api = SiteApi.from_home(clouddp_home())
    changed = api.post(f"{_PATH}/{_find(api, name)['id']}/packages", {"package_id": package_id})
    _tell(changed, "content.command_group_distributed", as_json=as_json, package=package_id)


@app.command("withdraw")
@exit_on_error
def withdraw(name: Name, package_id: PackageId, *, as_json: Json = False) -> None:
    """Take a package from a group, and away from its members.

    Example: clouddp group withdraw "Cloud, Europe" P0100001
    """
    api = SiteApi.from_home(clouddp_home())
    path = f"{_PATH}/{_find(api, name)['id']}"
    api.delete(f"{path}/packages/{package_id}")
    _tell(api.get(path), "content.command_group_withdrawn", as_json=as_json, package=package_id)


def _find(api: SiteApi, name: str) -> dict[str, Any]:
    for one in api.get(_PATH):
        if name.casefold() in (one["id"], one["name"].casefold()):
            return dict(one)
    raise NotFoundError("content.group_missing", group=name)


def _tell(changed: Mapping[str, Any], code: str, *, as_json: bool, **arguments: str) -> None:
    if as_json:
        print_json(changed)
    else:
        say(code, name=changed["name"], **arguments)


def _row(one: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    members = (names.get(id_, id_) for id_ in one["distribution_point_ids"])
    return {**one, "members": ", ".join(members), "packages": ", ".join(one["package_ids"])}
