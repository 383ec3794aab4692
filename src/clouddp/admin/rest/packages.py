"""REST: packages and where their content is."""

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from clouddp.admin.rest.application import request_language
from clouddp.language.translate import next_step, translate
from clouddp.model.content import ContentState
from clouddp.site_server.content import Contents, ContentStatus, PackageSummary


class NewPackageBody(BaseModel):
    """A package that is to be made of a folder on the site server."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=1000)
    source_folder: str = Field(min_length=1, max_length=32_767)


class DistributeBody(BaseModel):
    """Where a package is to be sent."""

    model_config = ConfigDict(extra="forbid")

    distribution_point_ids: list[Annotated[str, Field(max_length=64)]] = Field(min_length=1, max_length=1000)


def package_routes(use_cases: Contents, *, language: str) -> APIRouter:
    """Make the routes below `/packages`; `language` is the site's, for those who ask for none that we have."""
    router = APIRouter(prefix="/packages", tags=["packages"])

    @router.post("", status_code=201)
    def add_package(body: NewPackageBody, response: Response) -> dict[str, Any]:
        """Make a package; the answer comes when its content is in the library."""
        summary = use_cases.add(body.name, body.source_folder)
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

    @router.post("/{package_id}/versions", status_code=201)
    def update_package(package_id: str) -> dict[str, Any]:
        """Read the source folder again as a new version."""
        return describe_package(use_cases.update(package_id))

    @router.post("/{package_id}/distributions", status_code=202)
    def distribute(package_id: str, body: DistributeBody, request: Request) -> list[dict[str, Any]]:
        """Send the newest version to distribution points."""
        chosen = request_language(request, language)
        wanted = list(dict.fromkeys(body.distribution_point_ids))
        return [describe_distribution(status, chosen) for status in use_cases.distribute(package_id, wanted)]

    @router.get("/{package_id}/distributions")
    def list_distributions(package_id: str, request: Request) -> list[dict[str, Any]]:
        """Say where the package is and how far it is, newest version first."""
        chosen = request_language(request, language)
        return [describe_distribution(status, chosen) for status in use_cases.distributions(package_id)]

    return router


def describe_package(summary: PackageSummary) -> dict[str, Any]:
    """Put a package and its newest version into JSON."""
    return {
        "id": summary.package.id,
        "name": summary.package.name,
        "source_folder": summary.package.source_folder,
        "created_at": summary.package.created_at.isoformat(),
        "version": summary.newest.number,
        "version_id": summary.newest.id,
        "file_count": summary.newest.file_count,
        "size_bytes": summary.newest.size_bytes,
        "updated_at": summary.newest.created_at.isoformat(),
    }


def describe_distribution(status: ContentStatus, language: str) -> dict[str, Any]:
    """Put the content status of one version at one distribution point into JSON."""
    distribution = status.distribution
    problem = distribution.problem
    return {
        "package_id": status.version.package_id,
        "version": status.version.number,
        "version_id": distribution.version_id,
        "distribution_point_id": distribution.distribution_point_id,
        "state": distribution.state,
        "state_text": translate(f"distribution.state_{distribution.state}", language=language),
        "percent": _percent(status),
        "total_bytes": distribution.total_bytes,
        "done_bytes": distribution.done_bytes,
        "sent_bytes": distribution.sent_bytes,
        "retries_left": distribution.retries_left,
        "next_try_at": None if distribution.next_try_at is None else distribution.next_try_at.isoformat(),
        "problem": None
        if problem is None
        else {
            "code": problem.code,
            "title": translate(problem.code, problem.arguments, language=language),
            "next_step": next_step(problem.code, problem.arguments, language=language),
        },
        "changed_at": distribution.changed_at.isoformat(),
    }


def _percent(status: ContentStatus) -> int:
    """Say how much is there; 100 only when clients can get it."""
    distribution = status.distribution
    if distribution.state is ContentState.SUCCESS:
        return 100
    return min(99, 100 * distribution.done_bytes // max(1, distribution.total_bytes))
