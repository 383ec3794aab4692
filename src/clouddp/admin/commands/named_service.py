"""Find the cloud distribution point that a command names."""

from collections.abc import Mapping
from typing import Any, Final

from clouddp.admin.api_client import SiteApi
from clouddp.model.errors import NotFoundError

SERVICES_PATH: Final = "/cloud-distribution-points"


def find_service_path(api: SiteApi, name: str) -> str:
    """Give the path of the one that has this service FQDN, service name or ID.

    Raises:
        NotFoundError: there is none.
    """
    services: list[Mapping[str, Any]] = api.get(SERVICES_PATH)
    for service in services:
        if name.lower() in (service["id"], service["service_fqdn"], service["service_name"]):
            return f"{SERVICES_PATH}/{service['id']}"
    raise NotFoundError("cloud.distribution_point_unknown", id=name)
