"""REST: cloud distribution points."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from clouddp.admin.problems import problem_document
from clouddp.admin.rest.application import request_language
from clouddp.language.translate import next_step, translate
from clouddp.model.cloud_service import CloudService, Problem
from clouddp.model.settings import Quotas
from clouddp.site_server.cloud_services import CloudServices, CreationRequest, PfxUpload

_DEFAULTS = Quotas()


class PfxBody(BaseModel):
    """A .pfx file and its password."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    pfx_base64: str = Field(max_length=400_000, repr=False)
    password: str = Field(max_length=1_000, repr=False)


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
            faults = use_cases.find_faults(_creation_request(body))
            return {"faults": [problem_document(fault, chosen) for fault in faults]}
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
        return describe_service(service, chosen) | {"steps": _steps(use_cases.list_steps(service), chosen)}

    @router.delete("/{service_id}", status_code=202)
    def delete(service_id: str, request: Request) -> dict[str, Any]:
        """Have one removed from the cloud and from the site."""
        return describe_service(use_cases.delete(service_id), request_language(request, language))

    @router.post("/{service_id}/retry", status_code=202)
    def retry(service_id: str, request: Request) -> dict[str, Any]:
        """Have work that ended in an error done again."""
        return describe_service(use_cases.retry(service_id), request_language(request, language))

    return router


def describe_service(service: CloudService, language: str) -> dict[str, Any]:
    """Put a cloud distribution point into JSON, both of its names under their own labels."""
    return {
        "id": service.id,
        "provider": service.provider,
        "service_fqdn": service.service_fqdn,
        "service_name": service.service_name,
        "site_url": f"http://{service.site_host}",
        "site_host": service.site_host,
        "subscription_id": service.subscription_id,
        "management_url": service.management_url,
        "region": service.region,
        "description": service.description,
        "instance_count": service.instance_count,
        "storage_quota_bytes": service.quotas.storage_bytes,
        "transfer_quota_bytes": service.quotas.transfer_bytes,
        "warning_percent": service.quotas.warning_percent,
        "critical_percent": service.quotas.critical_percent,
        "desired": service.desired,
        "generation": service.generation,
        "settled": service.settled_generation >= service.generation,
        "state": service.state,
        "state_text": translate(f"cloud.state_{service.state}", language=language),
        "activity": translate(service.activity, language=language) if service.activity else "",
        "activity_code": service.activity,
        "problem": None if service.problem is None else _problem(service.problem, language),
        "virtual_ip": service.virtual_ip,
        "port": service.port,
        "service_certificate_thumbprint": service.service_certificate_thumbprint,
        "management_certificate_thumbprint": service.management_certificate_thumbprint,
        "created_at": service.created_at.isoformat(),
        "changed_at": service.changed_at.isoformat(),
    }


def _creation_request(body: CreationBody) -> CreationRequest:
    return CreationRequest(
        provider=body.provider,
        management_url=body.management_url,
        subscription_id=body.subscription_id,
        management_authorities_pem=body.management_authorities_pem,
        management_certificate=_upload(body.management_certificate),
        service_certificate=_upload(body.service_certificate),
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


def _upload(body: PfxBody) -> PfxUpload:
    return PfxUpload(pfx_base64=body.pfx_base64, password=body.password)


def _problem(problem: Problem, language: str) -> dict[str, Any]:
    return {
        "code": problem.code,
        "arguments": dict(problem.arguments),
        "text": translate(problem.code, problem.arguments, language=language),
        "next_step": next_step(problem.code, problem.arguments, language=language),
    }


def _steps(steps: Sequence[tuple[str, datetime]], language: str) -> list[dict[str, str]]:
    return [
        {"step": step, "text": translate(f"cloud.step_{step}", language=language), "done_at": done_at.isoformat()}
        for step, done_at in steps
    ]
