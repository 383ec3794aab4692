"""REST: whether a cloud accepts a management certificate, and what the subscription offers."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from clouddp.admin.problems import problem_document
from clouddp.admin.rest.application import request_language
from clouddp.admin.rest.cloud_distribution_point_operations import PfxBody, upload_of
from clouddp.site_server.cloud_connections import CloudConnections, ConnectionFacts, ConnectionRequest


class ConnectionBody(BaseModel):
    """A subscription and a management certificate; nothing of it is kept."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    provider: str = "azure-classic"
    subscription_id: str = Field(max_length=64)
    management_url: str = Field(max_length=512)
    management_authorities_pem: str | None = Field(default=None, max_length=1_000_000)
    management_certificate: PfxBody


def cloud_connection_routes(use_cases: CloudConnections, *, language: str) -> APIRouter:
    """Make the routes; `language` is the site's, for those who ask for none that we have."""
    router = APIRouter(tags=["cloud connections"])

    @router.post("/cloud-connection-checks")
    def check(body: ConnectionBody, request: Request) -> dict[str, Any]:
        """Connect, and give limits and regions of the subscription, or what stands in the way."""
        facts = use_cases.check(
            ConnectionRequest(
                provider=body.provider,
                management_url=body.management_url,
                subscription_id=body.subscription_id,
                management_authorities_pem=body.management_authorities_pem,
                management_certificate=upload_of(body.management_certificate),
            )
        )
        return _facts(facts, request_language(request, language))

    return router


def _facts(facts: ConnectionFacts, language: str) -> dict[str, Any]:
    subscription = facts.subscription
    return {
        "faults": [problem_document(fault, language) for fault in facts.faults],
        "subscription": None
        if subscription is None
        else {
            "id": subscription.id,
            "name": subscription.name,
            "storage_accounts": subscription.storage_accounts,
            "storage_accounts_limit": subscription.storage_accounts_limit,
            "hosted_services": subscription.hosted_services,
            "hosted_services_limit": subscription.hosted_services_limit,
            "cores": subscription.cores,
            "cores_limit": subscription.cores_limit,
        },
        "regions": [{"name": region.name, "display_name": region.display_name} for region in facts.regions],
    }
