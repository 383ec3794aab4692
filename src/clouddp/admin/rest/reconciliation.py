"""REST: what the clouds hold against what they should hold, and remedies."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from clouddp.admin.problems import MEDIA_TYPE, problem_document, problem_status
from clouddp.admin.rest.application import request_language
from clouddp.language.translate import next_step, translate
from clouddp.model.reconciliation import Finding, NotJudged, Preview, Remedy
from clouddp.site_server.reconciliation import Applied, OutdatedPreviewError, Reconciliation, finding_text

_MOST_REMEDIES = 10_000


class ChoiceBody(BaseModel):
    """The remedies chosen by a preview, by the findings' ids."""

    model_config = ConfigDict(extra="forbid")

    digest: str = Field(max_length=64)
    remedies: dict[str, Remedy] = Field(max_length=_MOST_REMEDIES)


def reconciliation_routes(use_cases: Reconciliation, *, language: str) -> APIRouter:
    """Make the routes; `language` is the site's, for those who ask for none that we have."""
    router = APIRouter(tags=["reconcile"])

    @router.get("/reconciliation")
    def preview(request: Request) -> dict[str, Any]:
        """Compare all cloud distribution points with their clouds, and list orphans."""
        return _preview(use_cases.preview(), request_language(request, language))

    @router.post("/reconciliation", status_code=202, response_model=None)
    def apply(body: ChoiceBody, request: Request) -> dict[str, Any] | JSONResponse:
        """Have remedies done; 409 with the new preview when something else is seen now."""
        chosen = request_language(request, language)
        try:
            return _applied(use_cases.apply(body.digest, body.remedies), chosen)
        except OutdatedPreviewError as error:
            return _outdated(error, chosen)

    @router.get("/cloud-distribution-points/{service_id}/reconciliation")
    def preview_one(service_id: str, request: Request) -> dict[str, Any]:
        """Compare one cloud distribution point."""
        return _preview(use_cases.preview_one(service_id), request_language(request, language))

    @router.post("/cloud-distribution-points/{service_id}/reconciliation", status_code=202, response_model=None)
    def apply_to_one(service_id: str, body: ChoiceBody, request: Request) -> dict[str, Any] | JSONResponse:
        """Have remedies done for one cloud distribution point."""
        chosen = request_language(request, language)
        try:
            return _applied(use_cases.apply_to_one(service_id, body.digest, body.remedies), chosen)
        except OutdatedPreviewError as error:
            return _outdated(error, chosen)

    return router


def _preview(preview: Preview, language: str) -> dict[str, Any]:
    return {
        "digest": preview.digest,
        "findings": [_finding(finding, language) for finding in preview.findings],
        "not_judged": [_not_judged(untold, language) for untold in preview.not_judged],
    }


def _finding(finding: Finding, language: str) -> dict[str, Any]:
    return {
        "id": finding.id,
        "piece": finding.piece,
        "discrepancy": finding.discrepancy,
        "name": finding.name,
        "distribution_point_id": finding.service_id,
        "service_fqdn": finding.service_fqdn or None,
        "service_name": finding.service_name,
        "subscription_id": finding.subscription_id,
        "expected": finding.expected or None,
        "seen": finding.seen or None,
        "remedies": list(finding.remedies),
        "text": finding_text(finding, language),
    }


def _not_judged(untold: NotJudged, language: str) -> dict[str, Any]:
    return {
        "distribution_point_id": untold.service_id,
        "name": untold.name,
        **_told(untold.code, untold.arguments, language),
    }


def _told(code: str, arguments: Mapping[str, str], language: str) -> dict[str, Any]:
    return {
        "code": code,
        "text": translate(code, arguments, language=language),
        "next_step": next_step(code, arguments, language=language),
    }


def _applied(applied: Applied, language: str) -> dict[str, Any]:
    return {
        "accepted": [
            {"id": finding.id, "remedy": remedy, "distribution_point_id": finding.service_id}
            for finding, remedy in applied.accepted
        ],
        "refused": [
            {"id": finding.id, "problem": problem_document(refusal.error, language)}
            for refusal in applied.refused
            for finding in refusal.findings
        ],
    }


def _outdated(error: OutdatedPreviewError, language: str) -> JSONResponse:
    document = problem_document(error, language) | {"preview": _preview(error.preview, language)}
    return JSONResponse(document, status_code=problem_status(error), media_type=MEDIA_TYPE)
