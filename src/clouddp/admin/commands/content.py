"""`clouddp content`: packages, and where their content is."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from clouddp.admin.api_client import SiteApi
from clouddp.admin.commands.output import print_json, print_table, say
from clouddp.language.command_line import clouddp_home, exit_on_error
from clouddp.model.errors import NotFoundError, SiteError

app = typer.Typer(no_args_is_help=True, pretty_exceptions_show_locals=False)

_PATH: Final = "/packages"
_LOOK_SECONDS: Final = 0.25
_PACKAGE_FIELDS: Final = ("id", "name", "version", "file_count", "size_bytes", "source_folder")
_STATUS_FIELDS: Final = (
    "version",
    "distribution_point",
    "state_text",
    "percent",
    "sent_bytes",
    "retries_left",
    "next_try_at",
)

Json = Annotated[bool, typer.Option("--json", help="Answer with JSON.")]
Wait = Annotated[bool, typer.Option("--wait", help="Wait until clients can get it, and show the progress.")]
PackageId = Annotated[str, typer.Argument(help="Package ID, such as P0100001.")]


@app.callback()
def content() -> None:
    """Packages: add, distribute, watch."""


@app.command("add")
@exit_on_error
def add(
    source: Annotated[Path, typer.Argument(help="Folder on the site server that holds the files.")],
    *,
    name: Annotated[str, typer.Option(help="Name of the package, for people.")],
    as_json: Json = False,
) -> None:
    """Make a package of a folder.

    Example: clouddp content add /srv/packages/editor --name "Editor 3.1"
    """
    package = SiteApi.from_home(clouddp_home()).post(_PATH, {"name": name, "source_folder": str(source.absolute())})
    _tell_package(package, as_json=as_json)


@app.command("update")
@exit_on_error
def update(package_id: PackageId, *, wait: Wait = False, as_json: Json = False) -> None:
    """Read the source folder again as a new version, and send what changed wherever the package is.

    Example: clouddp content update P0100001 --wait
    """
    api = SiteApi.from_home(clouddp_home())
    package = api.post(f"{_PATH}/{package_id}/versions")
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
    wanted = [_find_distribution_point(api, name) for name in to]
    distributions = api.post(f"{_PATH}/{package_id}/distributions", {"distribution_point_ids": wanted})
    version_id, version = distributions[0]["version_id"], distributions[0]["version"]
    if not as_json:
        say("content.command_accepted", package=package_id, version=version)
    if wait:
        distributions = _await_success(api, package_id, version_id, is_quiet=as_json)
    _tell_distributions(api, distributions, as_json=as_json)


@app.command("status")
@exit_on_error
def status(package_id: PackageId, *, as_json: Json = False) -> None:
    """Show where a package is, and how far it is.

    Example: clouddp content status P0100001
    """
    api = SiteApi.from_home(clouddp_home())
    _tell_distributions(api, api.get(f"{_PATH}/{package_id}/distributions"), as_json=as_json)


@app.command("list")
@exit_on_error
def list_all(*, as_json: Json = False) -> None:
    """List the packages.

    Example: clouddp content list
    """
    packages = SiteApi.from_home(clouddp_home()).get(_PATH)
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


def _tell_distributions(api: SiteApi, distributions: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print_json(distributions)
        return
    names = {point["id"]: point["service_fqdn"] for point in api.get("/cloud-distribution-points")}
    rows = [
        {**row, "distribution_point": names.get(row["distribution_point_id"], row["distribution_point_id"])}
        for row in distributions
    ]
    print_table({field: f"content.column_{field}" for field in _STATUS_FIELDS}, rows)
    for row in rows:
        if row["problem"] is not None:
            typer.echo(f"{row['distribution_point']}: {row['problem']['title']}")
            typer.echo(f"  → {row['problem']['next_step']}")


def _find_distribution_point(api: SiteApi, name: str) -> str:
    for point in api.get("/cloud-distribution-points"):
        if name.lower() in (point["id"], point["service_fqdn"].lower(), point["service_name"]):
            return str(point["id"])
    raise NotFoundError("cloud.distribution_point_unknown", id=name)


def _await_success(api: SiteApi, package_id: str, version_id: str, *, is_quiet: bool) -> Sequence[Mapping[str, Any]]:
    """Follow the distributions of a version until all have ended; raises when one has failed."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True, quiet=is_quiet)) as progress:
        task = progress.add_task(package_id, total=None)
        while True:
            everything = api.get(f"{_PATH}/{package_id}/distributions")
            seen = [row for row in everything if row["version_id"] == version_id]
            progress.update(
                task, total=sum(row["total_bytes"] for row in seen), completed=sum(row["done_bytes"] for row in seen)
            )
            if any(row["state"] == "error" for row in seen):
                raise SiteError("content.distribution_failed", package=package_id)
            if all(row["state"] == "success" for row in seen):
                return seen
            time.sleep(_LOOK_SECONDS)
