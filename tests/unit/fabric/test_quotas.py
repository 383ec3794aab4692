"""What a subscription may have at most is refused beyond that with the real service's text, and nothing is made."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.fabric.builders import (
    Answer,
    Cloud,
    account_document,
    configuration,
    deployment_document,
    document,
    encoded,
    running_cloud,
    service_document,
)

NAME = "d1594d4527614a09b934d470"
SERVICES, ACCOUNTS = "/services/hostedservices", "/services/storageservices"


def limit(root: Path, **quotas: int) -> None:
    """Write other quotas into the document of a fabric that does not run."""
    Cloud(root)
    (file,) = (root / "documents" / "subscriptions").glob("*.json")
    values = json.loads(file.read_bytes())
    values["quotas"] |= quotas
    file.write_text(json.dumps(values), encoding="utf-8")


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Cloud]:
    limit(tmp_path, hosted_services=2, storage_accounts=1, cores=3)
    with running_cloud(tmp_path) as cloud:
        yield cloud


def check_refused(answer: Answer, text: str) -> None:
    assert (answer.status, answer.error) == (400, "BadRequest")
    assert answer.text("Message").startswith("The subscription policy limit for resource type")
    assert text in answer.text("Message")


def test_the_subscription_tells_its_quotas_and_what_is_used_of_them(small: Cloud) -> None:
    small.make_service()
    small.wait_for(small.deploy(start=False).request_id)

    shown = small.call("GET", "")

    names = ("MaxCoreCount", "MaxHostedServices", "MaxStorageAccounts")
    assert [shown.text(name) for name in names] == ["3", "2", "1"]
    assert [shown.text(name.replace("Max", "Current")) for name in ("MaxCoreCount", "MaxHostedServices")] == ["2", "1"]
    assert shown.text("CurrentStorageAccounts") == "1"


def test_a_hosted_service_too_many_is_refused_until_one_is_gone(small: Cloud) -> None:
    for name in ("one", "two"):
        assert small.call("POST", SERVICES, service_document(name)).status == 201

    check_refused(
        small.call("POST", SERVICES, service_document("three")), "'hosted service count' is 2 per subscription"
    )

    assert small.call("GET", f"{SERVICES}/three").status == 404
    small.call("DELETE", f"{SERVICES}/one")
    assert small.call("POST", SERVICES, service_document("three")).status == 201


def test_a_storage_account_too_many_is_refused(small: Cloud) -> None:
    small.make_account()

    check_refused(small.call("POST", ACCOUNTS, account_document("store2")), "'storage account count' is 1")

    assert small.call("GET", f"{ACCOUNTS}/store2").status == 404


def test_cores_are_counted_for_new_deployments_and_for_more_instances(small: Cloud) -> None:
    small.make_service()
    assert small.wait_for(small.deploy(start=False).request_id).text("Status") == "Succeeded"
    slots = f"{SERVICES}/{NAME}/deploymentslots"

    more = document("ChangeConfiguration", Configuration=encoded(configuration(count=4)))
    check_refused(small.call("POST", f"{slots}/production/?comp=config", more), "'cores count' is 3")
    second = deployment_document(Name="second", cscfg=configuration(count=2), start=False)
    check_refused(
        small.call("POST", f"{slots}/staging", second), "the current count is 2, and the requested increment is 2"
    )

    enough = document("ChangeConfiguration", Configuration=encoded(configuration(count=3)))
    accepted = small.call("POST", f"{slots}/production/?comp=config", enough)
    assert small.wait_for(accepted.request_id).text("Status") == "Succeeded"
