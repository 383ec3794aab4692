"""How the administration service shows a cloud distribution point: JSON, both of its names under their own labels."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from clouddp.language.translate import next_step, translate
from clouddp.model.cloud_service import CloudService, Problem
from clouddp.site_server.cloud_services import Progress, possible_operations


def describe_service(service: CloudService, language: str) -> dict[str, Any]:
    """Describe what is wanted, and what is known."""
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
        "action": service.action,
        "generation": service.generation,
        "settled": service.is_settled,
        "state": service.state,
        "state_text": translate(f"cloud.state_{service.state}", language=language),
        "activity": translate(service.activity, language=language) if service.activity else "",
        "activity_code": service.activity,
        "problem": None if service.problem is None else _problem(service.problem, language),
        "virtual_ip": service.virtual_ip,
        "port": service.port,
        "service_certificate_thumbprint": service.service_certificate_thumbprint,
        "previous_certificate_thumbprints": list(service.previous_certificate_thumbprints),
        "management_certificate_thumbprint": service.management_certificate_thumbprint,
        "created_at": service.created_at.isoformat(),
        "changed_at": service.changed_at.isoformat(),
        "wanted_at": _moment(service.wanted_at),
        "deadline_at": _moment(service.deadline_at),
        "possible": list(possible_operations(service)),
    }


def describe_progress(progress: Progress, steps: Sequence[tuple[str, datetime]], language: str) -> dict[str, Any]:
    """Describe how far the work is."""
    return {
        "elapsed_seconds": progress.elapsed_seconds,
        "remaining_seconds": progress.remaining_seconds,
        "delay": None if progress.delay is None else _problem(progress.delay, language),
        "steps": [
            {"step": step, "text": translate(f"cloud.step_{step}", language=language), "done_at": done_at.isoformat()}
            for step, done_at in steps
        ],
    }


def _problem(problem: Problem, language: str) -> dict[str, Any]:
    return {
        "code": problem.code,
        "arguments": dict(problem.arguments),
        "text": translate(problem.code, problem.arguments, language=language),
        "next_step": next_step(problem.code, problem.arguments, language=language),
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
