from dataclasses import replace
from datetime import UTC, datetime

import pytest

from clouddp.management_point.location import Rule, order_sources
from clouddp.model.cloud_service import CloudService, DesiredState, ServiceState
from clouddp.model.settings import Quotas

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def service(identifier: str) -> CloudService:
    return CloudService(
        id=identifier, provider="azure-classic", management_url="https://m.invalid", subscription_id="s", region="r",
        service_fqdn=f"{identifier}.contoso.com", service_name="0" * 24, description="", instance_count=2,
        quotas=Quotas(), desired=DesiredState.RUNNING, generation=1, settled_generation=1, state=ServiceState.READY,
        activity="", problem=None, service_certificate_thumbprint="", management_certificate_thumbprint="",
        virtual_ip="127.0.0.2", port=443, created_at=NOON, changed_at=NOON,
    )  # fmt: skip


def rule_for(one: CloudService, *, blocked: bool = False, allowed: bool = True, holds: bool = True) -> Rule:
    (judged,) = order_sources(
        [one], holders={one.id} if holds else set(), is_blocked=blocked, is_cloud_allowed=allowed, draw=lambda: 0.5
    )
    assert (judged.place is not None) is (judged.rule is Rule.CLOUD_LAST)
    return judged.rule


def test_a_ready_service_that_has_the_content_is_offered() -> None:
    assert rule_for(service("a")) is Rule.CLOUD_LAST


def test_a_service_that_lacks_the_content_is_never_offered() -> None:
    assert rule_for(service("a"), holds=False) is Rule.CONTENT_MISSING


def test_a_client_whose_setting_is_no_is_never_offered_the_cloud() -> None:
    assert rule_for(service("a"), allowed=False) is Rule.CLOUD_NOT_ALLOWED


def test_a_blocked_client_is_offered_nothing() -> None:
    assert rule_for(service("a"), blocked=True) is Rule.CLIENT_BLOCKED


@pytest.mark.parametrize(
    "not_serving",
    [
        replace(service("a"), state=ServiceState.ERROR),
        replace(service("a"), state=ServiceState.STARTING),
        replace(service("a"), state=ServiceState.UPGRADING, desired=DesiredState.STOPPED),
        replace(service("a"), desired=DesiredState.STOPPED),
        replace(service("a"), desired=DesiredState.DELETED),
        replace(service("a"), virtual_ip=None),
        replace(service("a"), port=None),
    ],
)
def test_a_service_that_does_not_serve_is_left_out(not_serving: CloudService) -> None:
    assert rule_for(not_serving) is Rule.SERVICE_NOT_READY


def test_a_service_whose_front_ends_are_changed_one_at_a_time_goes_on_being_offered() -> None:
    assert rule_for(replace(service("a"), state=ServiceState.UPGRADING)) is rule_for(service("a"))


def test_equals_are_ordered_by_chance_and_those_left_out_come_last() -> None:
    chances = iter([0.9, 0.1])

    judged = order_sources(
        [service("lacks"), service("a"), service("b")],
        holders={"a", "b"},
        is_blocked=False,
        is_cloud_allowed=True,
        draw=lambda: next(chances),
    )

    assert [(one.service.id, one.place) for one in judged] == [("b", 1), ("a", 2), ("lacks", None)]
