"""REST: DNS zones that take updates, and the name of each cloud distribution point in them."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from clouddp.admin.problems import problem_document
from clouddp.admin.rest.application import request_language
from clouddp.network.dns_update import ZoneAccess
from clouddp.site_server.service_names import NameCheck, ServiceNames


class ZoneBody(BaseModel):
    """Where a zone takes updates, and the key (TSIG) that may make them."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    server: str = Field(max_length=253)
    port: int = Field(default=53, ge=1, le=65_535)
    key_name: str = Field(max_length=253)
    algorithm: str = Field(default="hmac-sha256", max_length=32)
    secret_base64: str = Field(max_length=1_000, repr=False)


def dns_zone_routes(use_cases: ServiceNames, *, language: str) -> APIRouter:
    """Make the routes; `language` is the site's, for those who ask for none that we have."""
    router = APIRouter(tags=["names"])

    @router.put("/dns-zones/{zone}")
    def save_zone(zone: str, body: ZoneBody) -> dict[str, Any]:
        """Keep where a zone takes updates; the secret does not come out again."""
        access = ZoneAccess(
            zone=zone,
            server=body.server,
            port=body.port,
            key_name=body.key_name,
            algorithm=body.algorithm,
            secret=body.secret_base64,
        )
        use_cases.save_zone(access)
        return _zone(access)

    @router.get("/dns-zones")
    def list_zones() -> list[dict[str, Any]]:
        """Give the zones that take updates."""
        return [_zone(access) for access in use_cases.list_zones()]

    @router.get("/cloud-distribution-points/{service_id}/dns-record")
    def check(service_id: str, request: Request) -> dict[str, Any]:
        """Show the CNAME record that is needed, and go the chain that clients go."""
        return _chain(use_cases.check(service_id), request_language(request, language))

    @router.post("/cloud-distribution-points/{service_id}/dns-record")
    def publish(service_id: str, request: Request) -> dict[str, Any]:
        """Make the CNAME record, then go the chain."""
        return _chain(use_cases.publish(service_id), request_language(request, language))

    return router


def _zone(access: ZoneAccess) -> dict[str, Any]:
    return {
        "zone": access.zone,
        "server": access.server,
        "port": access.port,
        "key_name": access.key_name,
        "algorithm": access.algorithm,
    }


def _chain(check: NameCheck, language: str) -> dict[str, Any]:
    return {
        "service_fqdn": check.service_fqdn,
        "target": check.target,
        "record": f"{check.service_fqdn}. CNAME {check.target}.",
        "hops": [
            {"name": hop.name, "kind": hop.kind, "value": hop.value, "ttl_seconds": hop.ttl_seconds}
            for hop in check.hops
        ],
        "addresses": list(check.addresses),
        "is_right": not check.faults,
        "faults": [problem_document(fault, language) for fault in check.faults],
    }
