"""`clouddp content`: packages, and where their content is."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from clouddp.admin.api_client import SiteApi
from clouddp.admin.commands.content_places import (
    PACKAGES_PATH,
    Json,
    PackageId,
    Places,
    find_distribution_point,
    places_body,
)
from clouddp.admin.commands.content_status import tell_distributions
from clouddp.admin.commands.output import print_json, print_table, say
from clouddp.language.command_line import clouddp_home, exit_on_error
from clouddp.language.program import Program
from clouddp.model.bandwidth import Priority
from clouddp.model.content import ValidationKind
from clouddp.model.errors import SiteError

app = Program()

_LOOK_SECONDS: Final = 0.25
_PACKAGE_FIELDS: Final = ("id", "name", "version", "priority", "file_count", "size_bytes", "source_folder")

Wait = Annotated[bool, typer.Option("--wait", help="Wait until clients can get it, and show the progress.")]


@app.callback()
def content() -> None:
    """Packages: add, distribute, watch."""


@app.command("add")
@exit_on_error
def add(
    source: Annotated[Path, typer.Argument(help="Folder on the site server that holds the files.")],
    *,
    name: Annotated[str, typer.Option(help="Name of the package, for people.")],
    priority: Annotated[Priority, typer.Option(help="How urgent it is.")] = Priority.MEDIUM,
    as_json: Json = False,
) -> None:
    """Make a package of a folder.

    Example: clouddp content add /srv/packages/editor --name "Editor 3.1"
    """
    body = {"name": name, "source_folder": str(source.absolute()), "priority": priority}
    _tell_package(SiteApi.from_home(clouddp_home()).post(PACKAGES_PATH, body), as_json=as_json)


@app.command("set")
@exit_on_error
def change(
    package_id: PackageId,
    *,
    priority: Annotated[Priority, typer.Option(help="How urgent it is.")],
    as_json: Json = False,
) -> None:
    """Change how urgent a package is, also for what is under way.

    Example: clouddp content set P0100001 --priority high
    """
    package = SiteApi.from_home(clouddp_home()).patch(f"{PACKAGES_PATH}/{package_id}", {"priority": priority})
    if as_json:
        print_json(package)
    else:
        say("content.command_priority", package=package_id, priority=package["priority"])


@app.command("update")
@exit_on_error
def update(package_id: PackageId, *, wait: Wait = False, as_json: Json = False) -> None:
    """Read the source folder again as a new version, and send what changed wherever the package is.

    Example: clouddp content update P0100001 --wait
    """
    api = SiteApi.from_home(clouddp_home())
    package = api.post(f"{PACKAGES_PATH}/{package_id}/versions")
    _tell_package(package, as_json=as_json)
    if wait:
        _await_success(api, package_id, package["version_id"], is_quiet=as_json)


@app.command("distribute")
@exit_on_error
def distribute(
    package_id: PackageId,
    *,
    to: Annotated[list[str], typer.Option(help="Cloud distribution point: service FQDN or ID. May be repeated.")],
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Send the newest version of a package to cloud distribution points, what is missing there.

    Example: clouddp content distribute P0100001 --to clouddp1.contoso.com --wait
    """
    api = SiteApi.from_home(clouddp_home())
    wanted = [find_distribution_point(api, name) for name in to]
    distributions = api.post(f"{PACKAGES_PATH}/{package_id}/distributions", {"distribution_point_ids": wanted})
    version_id, version = distributions[0]["version_id"], distributions[0]["version"]
    if not as_json:
        say("content.command_accepted", package=package_id, version=version)
    if wait:
        distributions = _await_success(api, package_id, version_id, is_quiet=as_json)
    tell_distributions(api, distributions, as_json=as_json)


@app.command("redistribute")
@exit_on_error
def redistribute(package_id: PackageId, *, to: Places = None, wait: Wait = False, as_json: Json = False) -> None:
    """Send everything of a package again, and overwrite what is there.

    Example: clouddp content redistribute P0100001 --to clouddp1.contoso.com
    """
    api = SiteApi.from_home(clouddp_home())
    distributions = api.post(f"{PACKAGES_PATH}/{package_id}/redistributions", places_body(api, to))
    if not as_json:
        say("content.command_redistributed", package=package_id)
    if wait:
        distributions = _await_success(api, package_id, distributions[0]["version_id"], is_quiet=as_json)
    tell_distributions(api, distributions, as_json=as_json)


@app.command("validate")
@exit_on_error
def validate(
    package_id: PackageId,
    *,
    to: Places = None,
    full: Annotated[bool, typer.Option("--full", help="Read the octets of all objects, not of a sample.")] = False,
    repair: Annotated[bool, typer.Option("--repair", help="Send again what is missing or damaged.")] = False,
    as_json: Json = False,
) -> None:
    """Compare what the distribution points hold with what they should.

    Example: clouddp content validate P0100001 --full --repair
    """
    api = SiteApi.from_home(clouddp_home())
    kind = ValidationKind.FULL if full else ValidationKind.SAMPLE
    body = {**places_body(api, to), "kind": kind, "repair": repair}
    distributions = api.post(f"{PACKAGES_PATH}/{package_id}/validations", body)
    if as_json:
        print_json(distributions)
    else:
        say("content.command_validated", package=package_id)


@app.command("cancel")
@exit_on_error
def cancel(package_id: PackageId, *, to: Places = None, as_json: Json = False) -> None:
    """Stop what is under way for a package: what clients can get already stays.

    Example: clouddp content cancel P0100001 --to clouddp1.contoso.com
    """
    api = SiteApi.from_home(clouddp_home())
    distributions = api.post(f"{PACKAGES_PATH}/{package_id}/cancellations", places_body(api, to))
    if as_json:
        print_json(distributions)
    else:
        say("content.command_cancelled", package=package_id)


@app.command("remove")
@exit_on_error
def remove(
    package_id: PackageId,
    *,
    places: Annotated[
        list[str] | None,
        typer.Option("--from", help="Only from this cloud distribution point. May be repeated."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Take a package away, from everywhere and the content library, or from distribution points.

    Example: clouddp content remove P0100001 --from clouddp1.contoso.com
    """
    api = SiteApi.from_home(clouddp_home())
    ids = [find_distribution_point(api, name) for name in places or ()]
    for id_ in ids:
        api.delete(f"{PACKAGES_PATH}/{package_id}/distributions/{id_}")
    if not ids:
        api.delete(f"{PACKAGES_PATH}/{package_id}")
    if as_json:
        print_json({"package_id": package_id, "removed_from": ids or None})
    elif places:
        say("content.command_withdrawn", package=package_id, distribution_point=", ".join(places))
    else:
        say("content.command_removed", package=package_id)


@app.command("status")
@exit_on_error
def status(
    package_id: Annotated[str | None, typer.Argument(help="Package ID; without it, all packages.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """Show where content is, and how far it is.

    Example: clouddp content status P0100001
    """
    api = SiteApi.from_home(clouddp_home())
    path = "/content-status" if package_id is None else f"{PACKAGES_PATH}/{package_id}/distributions"
    tell_distributions(api, api.get(path), as_json=as_json)


@app.command("list")
@exit_on_error
def list_all(*, as_json: Json = False) -> None:
    """List the packages.

    Example: clouddp content list
    """
    packages = SiteApi.from_home(clouddp_home()).get(PACKAGES_PATH)
    if as_json:
        print_json(packages)
    else:
        print_table({field: f"content.column_{field}" for field in _PACKAGE_FIELDS}, packages)


def _tell_package(package: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(package)
        return
    say(
        "content.command_added",
        package=package["id"],
        name=package["name"],
        version=package["version"],
        count=package["file_count"],
        size=package["size_bytes"],
    )


def _await_success(api: SiteApi, package_id: str, version_id: str, *, is_quiet: bool) -> Sequence[Mapping[str, Any]]:
    """Follow the distributions of a version until all have ended; raises when one has failed."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True, quiet=is_quiet)) as progress:
        task = progress.add_task(package_id, total=None)
        while True:
            everything = api.get(f"{PACKAGES_PATH}/{package_id}/distributions")
            seen = [row for row in everything if row["version_id"] == version_id]
            progress.update(
                task, total=sum(row["total_bytes"] for row in seen), completed=sum(row["done_bytes"] for row in seen)
            )
            if any(row["state"] == "error" for row in seen):
                raise SiteError("content.distribution_failed", package=package_id)
            if all(row["state"] == "success" for row in seen):
                return seen
            time.sleep(_LOOK_SECONDS)
