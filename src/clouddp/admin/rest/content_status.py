"""Content status as JSON: how a version stands at a distribution point, in numbers and in words."""

from typing import Any

from clouddp.language.translate import next_step, translate
from clouddp.model.cloud_service import Problem
from clouddp.model.content import ContentState, Validation
from clouddp.site_server.content import ContentStatus


def describe_content_status(status: ContentStatus, language: str) -> dict[str, Any]:
    """Put the content status of one version at one distribution point into JSON."""
    distribution, live = status.distribution, status.live
    return {
        "package_id": status.version.package_id,
        "version": status.version.number,
        "version_id": distribution.version_id,
        "distribution_point_id": distribution.distribution_point_id,
        "state": status.state,
        "state_text": translate(f"distribution.state_{status.state}", language=language),
        "activity": status.activity,
        "activity_text": translate(f"distribution.activity_{status.activity}", language=language),
        "is_visible": distribution.is_visible,
        "percent": _percent(status),
        "total_bytes": distribution.total_bytes,
        "done_bytes": distribution.done_bytes if live is None else live.done_bytes,
        "sent_bytes": distribution.sent_bytes if live is None else live.sent_bytes,
        "bytes_per_second": None if live is None else live.bytes_per_second,
        "seconds_left": None if live is None else live.seconds_left,
        "retries_left": distribution.retries_left,
        "next_try_at": None if distribution.next_try_at is None else distribution.next_try_at.isoformat(),
        "seconds_to_next_try": status.seconds_to_next_try,
        "problem": _problem(distribution.problem, language),
        "validation": None if status.validation is None else _validation(status.validation, language),
        "changed_at": distribution.changed_at.isoformat(),
    }


def _percent(status: ContentStatus) -> int:
    """Say how much is there; 100 only when all of it is."""
    distribution = status.distribution
    if distribution.state is ContentState.SUCCESS:
        return 100
    done = distribution.done_bytes if status.live is None else status.live.done_bytes
    return min(99, 100 * done // max(1, distribution.total_bytes))


def _problem(problem: Problem | None, language: str) -> dict[str, Any] | None:
    if problem is None:
        return None
    return {
        "code": problem.code,
        "text": translate(problem.code, problem.arguments, language=language),
        "next_step": next_step(problem.code, problem.arguments, language=language),
    }


def _validation(validation: Validation, language: str) -> dict[str, Any]:
    return {
        "kind": validation.kind,
        "repair": validation.is_repairing,
        "state": validation.state,
        "wanted_at": validation.wanted_at.isoformat(),
        "ended_at": None if validation.ended_at is None else validation.ended_at.isoformat(),
        "object_count": validation.object_count,
        "missing_count": validation.missing_count,
        "damaged_count": validation.damaged_count,
        "problem": _problem(validation.problem, language),
    }
