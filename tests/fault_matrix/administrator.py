"""What an administrator asks of a cloud distribution point: the operations of the matrix, sent by REST."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clouddp.admin.api_client import SiteApi
from tests.fault_matrix.certificates import management_pfx, of_services, service_pfx

PATH = "/cloud-distribution-points"
REGION = "North Europe"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the cloud distribution point should be like now."""

    fqdn: str
    instances: int = 1
    certificate: int = 0  # which of the two

    @property
    def thumbprint(self) -> str:
        return of_services()[self.certificate].thumbprint


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
            "management_certificate": management_pfx(),
            "region": REGION,
            "service_certificate": service_pfx(wanted.certificate),
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

    def count_told(self, service_id: str, number: int) -> int:
        """Count the status messages of a number about one."""
        asked = {"object_id": service_id, "number": str(number), "limit": "1000"}
        return len(self._api.get("/status-messages", asked)) if service_id else 0

    def set_instances(self, service_id: str, count: int) -> None:
        self._api.patch(f"{PATH}/{service_id}", {"instance_count": count})

    def replace_certificate(self, service_id: str, which: int) -> None:
        body = service_pfx(which) | {"accept_wildcard": True}
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
        if not remedies:
            raise AssertionError("reconcile offers no repair", preview)
        applied = self._api.post(path, {"digest": preview["digest"], "remedies": remedies})
        assert applied["refused"] == []

    def close(self) -> None:
        self._api.close()
