"""Trouble between a request of the management protocol and its answer."""

from pathlib import Path

import pytest

from clouddp.fabric.trouble.connection_cut import ConnectionCutError
from clouddp.fabric.trouble.management_strikes import ASYNCHRONOUS
from clouddp.fabric.trouble.rules import parse_rule
from tests.unit.fabric.builders import (
    Cloud,
    account_document,
    configuration,
    document,
    encoded,
    running_cloud,
    service_document,
    wait_until,
)

SERVICES = "/services/hostedservices"


def test_every_operation_that_is_done_later_is_one_of_the_protocol(tmp_path: Path) -> None:
    known = {route.operation for route in Cloud(tmp_path).plane.management_routes()}

    assert known >= ASYNCHRONOUS


def test_trouble_of_an_operations_status_knows_what_the_operation_is_about(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        mine = cloud.call("POST", "/services/storageservices", account_document("mine1"))
        other = cloud.call("POST", "/services/storageservices", account_document("other1"))

        cloud.plane.troubles.add(
            parse_rule({"kind": "error", "status": 503, "operation": "get-operation-status", "name": "mine*"})
        )

        assert cloud.call("GET", f"/operations/{mine.request_id}").status == 503
        assert cloud.call("GET", f"/operations/{other.request_id}").status == 200


def test_a_body_that_is_no_document_is_left_to_who_answers_it(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path)
    cloud.plane.troubles.add(parse_rule({"kind": "name-taken-late", "name": "d15*"}))

    assert cloud.call("POST", SERVICES, "<CreateHostedService").error == "InvalidXmlRequest"


def test_a_client_that_is_not_admitted_meets_no_trouble(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path)
    cloud.plane.troubles.add(parse_rule({"kind": "lost-answer"}))

    assert cloud.call("GET", "/locations", certificate=None).error == "ForbiddenError"
    assert cloud.plane.troubles.all()[0].struck == 0


def test_an_answer_that_is_an_error_is_lost_like_any_other(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path)
    cloud.plane.troubles.add(parse_rule({"kind": "lost-answer"}))

    with pytest.raises(ConnectionCutError):
        cloud.call("GET", f"{SERVICES}/absent")


def test_a_repeated_request_asks_twice_under_two_request_ids(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        cloud.call("POST", SERVICES, service_document("service1"))
        before = len(cloud.plane.operations.all(cloud.subscription_id))
        cloud.plane.troubles.add(parse_rule({"kind": "repeated-request", "operation": "update-hosted-service"}))

        answer = cloud.call("PUT", f"{SERVICES}/service1", document("UpdateHostedService", Description="twice"))

        assert answer.status == 200
        assert len(cloud.plane.operations.all(cloud.subscription_id)) == before + 2
        assert cloud.call("GET", f"/operations/{answer.request_id}").text("Status") == "Succeeded"


def test_a_removal_with_all_that_is_in_it_is_delayed_as_an_operation(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        cloud.call("POST", SERVICES, service_document("service1"))
        cloud.plane.troubles.add(parse_rule({"kind": "delay", "seconds": 3_600, "operation": "delete-hosted-service"}))

        accepted = cloud.call("DELETE", f"{SERVICES}/service1?comp=media")

        assert accepted.status == 202
        assert cloud.call("GET", f"/operations/{accepted.request_id}").text("Status") == "InProgress"


def test_instances_stay_busy_until_the_rule_is_removed(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        cloud.make_service()
        rule = cloud.plane.troubles.add(parse_rule({"kind": "instance-never-ready", "name": "d15*"}))

        assert cloud.wait_for(cloud.deploy().request_id).text("Status") == "Succeeded"
        wait_until(cloud.instance_statuses, lambda found: found == ["BusyRole"] * 2)
        (deployment,) = cloud.plane.deployments.of_service("d1594d4527614a09b934d470")
        instances = cloud.plane.roles.running(deployment.key).values()
        assert all(instance.wait_until_ready(20) for instance in instances)
        assert cloud.instance_statuses() == ["BusyRole"] * 2

        cloud.plane.troubles.remove(rule.id)
        assert cloud.instance_statuses() == ["ReadyRole"] * 2


def test_a_change_waits_for_instances_that_are_held_back(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        cloud.make_service()
        cloud.wait_for(cloud.deploy().request_id)
        cloud.wait_until_ready()
        rule = cloud.plane.troubles.add(parse_rule({"kind": "instance-never-ready"}))

        body = document("ChangeConfiguration", Configuration=encoded(configuration(count=3)))
        changed = cloud.call(
            "POST", f"{SERVICES}/d1594d4527614a09b934d470/deploymentslots/Production?comp=config", body
        )
        assert cloud.call("GET", f"/operations/{changed.request_id}").text("Status") == "InProgress"

        cloud.plane.troubles.remove(rule.id)
        assert cloud.wait_for(changed.request_id).text("Status") == "Succeeded"
        cloud.wait_until_ready(count=3)
