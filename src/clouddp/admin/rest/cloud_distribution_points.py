"""REST: cloud distribution points."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from clouddp.admin.problems import problem_document
from clouddp.admin.rest.application import request_language
from clouddp.admin.rest.cloud_distribution_point_description import describe_progress, describe_service
from clouddp.admin.rest.cloud_distribution_point_operations import PfxBody, operation_routes, upload_of
from clouddp.model.settings import Quotas
from clouddp.site_server.cloud_services import CloudServices, CreationRequest

_DEFAULTS = Quotas()


class CreationBody(BaseModel):
    """A cloud distribution point that is wanted; `dry_run` only looks whether it could be."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    provider: str = "azure-classic"
    subscription_id: str = Field(max_length=64)
    management_url: str = Field(max_length=512)
    management_authorities_pem: str | None = Field(default=None, max_length=1_000_000)
    management_certificate: PfxBody
    service_certificate: PfxBody
    service_fqdn: str | None = Field(default=None, max_length=253)
    accept_wildcard: bool = False
    region: str = Field(max_length=128)
    description: str = Field(default="", max_length=1_000)
    instance_count: int = 2
    storage_quota_bytes: int = _DEFAULTS.storage_bytes
    transfer_quota_bytes: int = _DEFAULTS.transfer_bytes
    warning_percent: int = _DEFAULTS.warning_percent
    critical_percent: int = _DEFAULTS.critical_percent
    dry_run: bool = False


def cloud_distribution_point_routes(use_cases: CloudServices, *, language: str) -> APIRouter:
    """Make the routes; `language` is the site's, for those who ask for none that we have."""
    router = APIRouter(prefix="/cloud-distribution-points", tags=["cloud distribution points"])

    @router.post("", status_code=202)
    def create(
        body: CreationBody,
        request: Request,
        response: Response,
        idempotency_key: Annotated[str | None, Header(max_length=255)] = None,
    ) -> dict[str, Any]:
        """Accept a cloud distribution point, or with `dry_run` list what would stop it."""
        chosen = request_language(request, language)
        if body.dry_run:
            response.status_code = 200
            found = use_cases.examine(_creation_request(body))
            return {
                "faults": [problem_document(fault, chosen) for fault in found.faults],
                "warnings": [problem_document(warning, chosen) for warning in found.warnings],
            }
        service = use_cases.create(_creation_request(body), idempotency_key=idempotency_key)
        response.headers["Location"] = f"/api/v1/cloud-distribution-points/{service.id}"
        return describe_service(service, chosen)

    @router.get("")
    def list_all(request: Request) -> list[dict[str, Any]]:
        """Give all cloud distribution points."""
        return [describe_service(service, request_language(request, language)) for service in use_cases.list()]

    @router.get("/{service_id}")
    def show(service_id: str, request: Request) -> dict[str, Any]:
        """Give one, with the steps that were finished for what is wanted now."""
        service, chosen = use_cases.get(service_id), request_language(request, language)
        progress = describe_progress(use_cases.progress_of(service), use_cases.list_steps(service), chosen)
        return describe_service(service, chosen) | progress

    @router.delete("/{service_id}", status_code=202)
    def delete(service_id: str, request: Request) -> dict[str, Any]:
        """Have one removed from the cloud and from the site."""
        return describe_service(use_cases.delete(service_id), request_language(request, language))

    router.include_router(operation_routes(use_cases, language=language))
    return router


def _creation_request(body: CreationBody) -> CreationRequest:
    return CreationRequest(
        provider=body.provider,
        management_url=body.management_url,
        subscription_id=body.subscription_id,
        management_authorities_pem=body.management_authorities_pem,
        management_certificate=upload_of(body.management_certificate),
        service_certificate=upload_of(body.service_certificate),
        service_fqdn=body.service_fqdn,
        accept_wildcard=body.accept_wildcard,
        region=body.region,
        description=body.description,
        instance_count=body.instance_count,
        quotas=Quotas(
            storage_bytes=body.storage_quota_bytes,
            transfer_bytes=body.transfer_quota_bytes,
            warning_percent=body.warning_percent,
            critical_percent=body.critical_percent,
        ),
    )
