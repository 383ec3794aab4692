"""REST: what is done with a cloud distribution point once it exists."""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from clouddp.admin.rest.application import request_language
from clouddp.admin.rest.cloud_distribution_point_description import describe_service
from clouddp.model.cloud_service import CloudService
from clouddp.site_server.cloud_services import ChangeRequest, CloudServices, PfxUpload


class PfxBody(BaseModel):
    """A .pfx file and its password."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    pfx_base64: str = Field(max_length=400_000, repr=False)
    password: str = Field(max_length=1_000, repr=False)


class CertificateBody(PfxBody):
    """A service certificate that takes the place of the present one."""

    accept_wildcard: bool = False


class ChangeBody(BaseModel):
    """What is to be different; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    description: str | None = Field(default=None, max_length=1_000)
    instance_count: int | None = None
    storage_quota_bytes: int | None = Field(default=None, lt=2**63)
    transfer_quota_bytes: int | None = Field(default=None, lt=2**63)
    warning_percent: int | None = None
    critical_percent: int | None = None


def upload_of(body: PfxBody) -> PfxUpload:
    """Take a .pfx out of a body."""
    return PfxUpload(pfx_base64=body.pfx_base64, password=body.password)


def operation_routes(use_cases: CloudServices, *, language: str) -> APIRouter:
    """Make the routes below one cloud distribution point."""
    router = APIRouter(prefix="/{service_id}")
    operations: Mapping[str, Callable[[str], CloudService]] = {
        "stop": use_cases.stop,
        "start": use_cases.start,
        "upgrade": use_cases.upgrade,
        "cancel": use_cases.cancel,
        "retry": use_cases.retry,
    }
    for name, operation in operations.items():
        router.add_api_route(f"/{name}", _endpoint(operation, language), methods=["POST"], status_code=202, name=name)

    @router.patch("", status_code=202)
    def change(service_id: str, body: ChangeBody, request: Request) -> dict[str, Any]:
        """Change description, quotas, thresholds at once; have another instance count brought to the cloud."""
        service = use_cases.change(service_id, ChangeRequest(**body.model_dump()))
        return describe_service(service, request_language(request, language))

    @router.put("/service-certificate", status_code=202)
    def replace_certificate(service_id: str, body: CertificateBody, request: Request) -> dict[str, Any]:
        """Have the front ends present another service certificate."""
        service = use_cases.replace_certificate(service_id, upload_of(body), accept_wildcard=body.accept_wildcard)
        return describe_service(service, request_language(request, language))

    return router


def _endpoint(operation: Callable[[str], CloudService], language: str) -> Callable[..., dict[str, Any]]:
    def answer(service_id: str, request: Request) -> dict[str, Any]:
        return describe_service(operation(service_id), request_language(request, language))

    answer.__doc__ = operation.__doc__
    return answer
