"""REST: packages and where their content is."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from clouddp.admin.rest.application import request_language
from clouddp.admin.rest.content_status import describe_content_status
from clouddp.model.bandwidth import Priority
from clouddp.model.content import ValidationKind
from clouddp.site_server.content import Contents, ContentStatus, PackageSummary


class NewPackageBody(BaseModel):
    """A package that is to be made of a folder on the site server."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=1000)
    source_folder: str = Field(min_length=1, max_length=32_767)
    priority: Priority = Priority.MEDIUM


class PackageChangeBody(BaseModel):
    """What an administrator changes of a package."""

    model_config = ConfigDict(extra="forbid")

    priority: Priority


_Places = Annotated[list[Annotated[str, Field(max_length=64)]], Field(min_length=1, max_length=1000)]


class DistributeBody(BaseModel):
    """Where a package is to be sent."""

    model_config = ConfigDict(extra="forbid")

    distribution_point_ids: _Places


class PlacesBody(BaseModel):
    """Where something is to be done; everywhere when no distribution points are named."""

    model_config = ConfigDict(extra="forbid")

    distribution_point_ids: _Places | None = None


class ValidateBody(PlacesBody):
    """What is to be looked at, and whether what is missing or damaged is sent again."""

    kind: ValidationKind = ValidationKind.SAMPLE
    repair: bool = False


def package_routes(use_cases: Contents, *, language: str) -> APIRouter:
    """Make the routes below `/packages`; `language` is the site's, for those who ask for none that we have."""
    router = APIRouter(prefix="/packages", tags=["packages"])

    @router.post("", status_code=201)
    def add_package(body: NewPackageBody, response: Response) -> dict[str, Any]:
        """Make a package; the answer comes when its content is in the library."""
        summary = use_cases.add(body.name, body.source_folder, priority=body.priority)
        response.headers["Location"] = f"/api/v1/packages/{summary.package.id}"
        return describe_package(summary)

    @router.get("")
    def list_packages() -> list[dict[str, Any]]:
        """Give all packages."""
        return [describe_package(summary) for summary in use_cases.list()]

    @router.get("/{package_id}")
    def show_package(package_id: str) -> dict[str, Any]:
        """Give one package."""
        return describe_package(use_cases.get(package_id))

    @router.patch("/{package_id}")
    def change_package(package_id: str, body: PackageChangeBody) -> dict[str, Any]:
        """Say how urgent a package is."""
        return describe_package(use_cases.set_priority(package_id, body.priority))

    @router.delete("/{package_id}", status_code=202)
    def remove_package(package_id: str) -> None:
        """Take a package away from everywhere; objects go when the last token for them has ended."""
        use_cases.remove(package_id)

    @router.post("/{package_id}/versions", status_code=201)
    def update_package(package_id: str) -> dict[str, Any]:
        """Read the source folder again as a new version."""
        return describe_package(use_cases.update(package_id))

    _add_distribution_routes(router, use_cases, language)
    return router


def _add_distribution_routes(router: APIRouter, use_cases: Contents, language: str) -> None:
    def describe(found: Sequence[ContentStatus], request: Request) -> list[dict[str, Any]]:
        chosen = request_language(request, language)
        return [describe_content_status(status, chosen) for status in found]

    @router.post("/{package_id}/distributions", status_code=202)
    def distribute(package_id: str, body: DistributeBody, request: Request) -> list[dict[str, Any]]:
        """Send the newest version to distribution points, what is missing there."""
        return describe(use_cases.distribute(package_id, _once(body.distribution_point_ids)), request)

    @router.get("/{package_id}/distributions")
    def list_distributions(package_id: str, request: Request) -> list[dict[str, Any]]:
        """Say where the package is and how far it is, newest version first."""
        return describe(use_cases.distributions(package_id), request)

    @router.delete("/{package_id}/distributions/{distribution_point_id}", status_code=202)
    def withdraw(package_id: str, distribution_point_id: str) -> None:
        """Take the package away from one distribution point."""
        use_cases.withdraw(package_id, distribution_point_id)

    @router.post("/{package_id}/redistributions", status_code=202)
    def redistribute(package_id: str, body: PlacesBody, request: Request) -> list[dict[str, Any]]:
        """Send everything again, and overwrite what is there."""
        return describe(use_cases.redistribute(package_id, _named(body)), request)

    @router.post("/{package_id}/validations", status_code=202)
    def validate(package_id: str, body: ValidateBody, request: Request) -> list[dict[str, Any]]:
        """Compare what is there with what should be."""
        found = use_cases.validate(package_id, _named(body), kind=body.kind, is_repairing=body.repair)
        return describe(found, request)

    @router.post("/{package_id}/cancellations", status_code=202)
    def cancel(package_id: str, body: PlacesBody, request: Request) -> list[dict[str, Any]]:
        """Stop what is under way."""
        return describe(use_cases.cancel(package_id, _named(body)), request)


def content_status_routes(use_cases: Contents, *, language: str) -> APIRouter:
    """Make the route `/content-status`."""
    router = APIRouter(prefix="/content-status", tags=["packages"])

    @router.get("")
    def list_all(request: Request) -> list[dict[str, Any]]:
        """Say where all packages are and how far they are."""
        chosen = request_language(request, language)
        return [describe_content_status(status, chosen) for status in use_cases.all_distributions()]

    return router


def _named(body: PlacesBody) -> list[str] | None:
    return None if body.distribution_point_ids is None else _once(body.distribution_point_ids)


def _once(names: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(names))


def describe_package(summary: PackageSummary) -> dict[str, Any]:
    """Put a package and its newest version into JSON."""
    return {
        "id": summary.package.id,
        "name": summary.package.name,
        "source_folder": summary.package.source_folder,
        "priority": summary.package.priority,
        "created_at": summary.package.created_at.isoformat(),
        "version": summary.newest.number,
        "version_id": summary.newest.id,
        "file_count": summary.newest.file_count,
        "size_bytes": summary.newest.size_bytes,
        "updated_at": summary.newest.created_at.isoformat(),
    }
