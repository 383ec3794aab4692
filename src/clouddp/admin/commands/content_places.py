"""What the commands of content share: packages and distribution points as a person names them."""

from collections.abc import Iterable
from typing import Annotated, Final

import typer

from clouddp.admin.api_client import SiteApi
from clouddp.model.errors import NotFoundError

PACKAGES_PATH: Final = "/packages"

Json = Annotated[bool, typer.Option("--json", help="Answer with JSON.")]
PackageId = Annotated[str, typer.Argument(help="Package ID, such as P0100001.")]
Places = Annotated[
    list[str] | None,
    typer.Option("--to", help="Cloud distribution point: service FQDN or ID. May be repeated; without it, all."),
]


def find_distribution_point(api: SiteApi, name: str) -> str:
    """Give the ID of a distribution point; raises NotFoundError."""
    for point in api.get("/cloud-distribution-points"):
        if name.lower() in (point["id"], point["service_fqdn"].lower(), point["service_name"]):
            return str(point["id"])
    raise NotFoundError("cloud.distribution_point_unknown", id=name)


def places_body(api: SiteApi, names: Iterable[str] | None) -> dict[str, object]:
    """Write where something is to be done; everywhere when no names are given."""
    return {"distribution_point_ids": [find_distribution_point(api, name) for name in names] if names else None}
