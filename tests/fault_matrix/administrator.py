"""What an administrator asks of a cloud distribution point: the operations of the matrix, sent by REST."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from clouddp.admin.api_client import SiteApi
from clouddp.network.certificates import KeyedCertificate, to_pfx
from clouddp.network.issuing import issue_service_certificate
from tests.unit.cloud_services.site_bench import PASSWORD, authority, management_certificate, now

PATH = "/cloud-distribution-points"
REGION = "North Europe"


@cache
def certificates() -> tuple[KeyedCertificate, KeyedCertificate]:
    """Make two certificates of one name, for all services of the tests."""
    first, second = (issue_service_certificate(["*.contoso.com"], authority=authority(), now=now()) for _ in range(2))
    return first, second


def pfx(keyed: KeyedCertificate) -> dict[str, Any]:
    return {"pfx_base64": base64.b64encode(to_pfx(keyed, PASSWORD)).decode("ascii"), "password": PASSWORD}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the cloud distribution point should be like now."""

    fqdn: str
    instances: int = 1
    certificate: int = 0  # which of the two

    @property
    def thumbprint(self) -> str:
        return certificates()[self.certificate].thumbprint


class Administrator:
    """Speaks to one site."""

    def __init__(self, api: SiteApi, fabric: Mapping[str, Any], authorities_pem: str) -> None:
        self._api = api
        self._fabric = fabric
        self._authorities_pem = authorities_pem

    def create(self, wanted: Wanted) -> str:
        body = {
            "management_url": self._fabric["management_url"],
            "management_authorities_pem": self._authorities_pem,
            "subscription_id": self._fabric["subscription_id"],
            "management_certificate": pfx(management_certificate()),
            "region": REGION,
            "service_certificate": pfx(certificates()[wanted.certificate]),
            "service_fqdn": wanted.fqdn,
            "accept_wildcard": True,
            "instance_count": wanted.instances,
        }
        return str(self._api.post(PATH, body)["id"])

    def show(self, service_id: str) -> dict[str, Any]:
        shown: dict[str, Any] = self._api.get(f"{PATH}/{service_id}")
        return shown

    def list_names(self) -> list[str]:
        """Give the names of all services that the site has a record of."""
        return [str(service["service_name"]) for service in self._api.get(PATH)]

    def numbers(self, service_id: str) -> list[int]:
        """Give the status messages about one, the oldest first."""
        told = self._api.get("/status-messages", {"object_id": service_id, "limit": "1000"})
        return [int(message["number"]) for message in reversed(told)]

    def set_instances(self, service_id: str, count: int) -> None:
        self._api.patch(f"{PATH}/{service_id}", {"instance_count": count})

    def replace_certificate(self, service_id: str, which: int) -> None:
        body = pfx(certificates()[which]) | {"accept_wildcard": True}
        self._api.put(f"{PATH}/{service_id}/service-certificate", body)

    def act(self, service_id: str, action: str) -> None:
        self._api.post(f"{PATH}/{service_id}/{action}")

    def delete(self, service_id: str) -> None:
        self._api.delete(f"{PATH}/{service_id}")

    def repair(self, service_id: str) -> None:
        """Have everything repaired that the reconciliation of a service finds."""
        path = f"{PATH}/{service_id}/reconciliation"
        preview = self._api.get(path)
        remedies = {finding["id"]: "repair" for finding in preview["findings"] if "repair" in finding["remedies"]}
        self._api.post(path, {"digest": preview["digest"], "remedies": remedies})

    def close(self) -> None:
        self._api.close()
