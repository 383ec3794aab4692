"""What was done to a subscription is listed with who asked for it, and without what the requests held."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clouddp.fabric.management.operation_list_api import PAGE_LENGTH
from tests.unit.fabric.builders import (
    MANAGEMENT,
    NAMESPACE,
    Answer,
    Cloud,
    account_document,
    certificate_document,
    document,
    encoded,
    running_cloud,
    service_document,
)

SERVICES = "/services/hostedservices"
DAY = timedelta(days=1)


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    with running_cloud(tmp_path) as running:
        yield running


def moment(shift: timedelta = timedelta()) -> str:
    return f"{datetime.now(UTC) + shift:%Y-%m-%dT%H:%M:%SZ}"


def listed(cloud: Cloud, **parameters: str) -> Answer:
    query = {"StartTime": moment(-DAY), "EndTime": moment(DAY), **parameters}
    return cloud.call("GET", "/operations?" + "&".join(f"{name}={value}" for name, value in query.items()))


def texts(answer: Answer, name: str) -> list[str]:
    return [found.text or "" for found in answer.document.iter(f"{{{NAMESPACE}}}{name}")]


def test_an_operation_is_listed_with_its_object_and_its_caller(cloud: Cloud) -> None:
    accepted = cloud.call("POST", "/services/storageservices", account_document(), REMOTE_ADDR="192.0.2.7")
    cloud.wait_for(accepted.request_id)

    answer = listed(cloud)

    operation = "SubscriptionOperations/SubscriptionOperation"
    assert answer.status == 200
    names = [child.tag.removeprefix(f"{{{NAMESPACE}}}") for child in answer.document[0][0]]
    assert names == [
        *("OperationId", "OperationObjectId", "OperationName", "OperationParameters", "OperationCaller"),
        *("OperationStatus", "OperationStartedTime", "OperationCompletedTime"),
    ]
    assert answer.text(f"{operation}/OperationId").replace("-", "") == accepted.request_id
    target = f"/{cloud.subscription_id}/services/storageservices/store1"
    assert answer.text(f"{operation}/OperationObjectId") == target
    assert answer.text(f"{operation}/OperationName") == "CreateStorageAccount"
    caller = f"{operation}/OperationCaller"
    assert answer.text(f"{caller}/UsedServiceManagementApi") == "true"
    assert answer.text(f"{caller}/SubscriptionCertificateThumbprint") == MANAGEMENT.thumbprint
    assert answer.text(f"{caller}/ClientIP") == "192.0.2.7"
    assert answer.text(f"{operation}/OperationStatus/Status") == "Succeeded"
    assert answer.text(f"{operation}/OperationStatus/HttpStatusCode") == "200"


def test_synchronous_requests_are_listed_and_reads_are_not(cloud: Cloud) -> None:
    cloud.call("POST", SERVICES, service_document("service1"))
    cloud.call("GET", f"{SERVICES}/service1")
    cloud.call("PUT", f"{SERVICES}/service1", document("UpdateHostedService", Label=encoded("new")))
    cloud.call("DELETE", f"{SERVICES}/service1")

    assert texts(listed(cloud), "OperationName") == [
        *("CreateHostedService", "UpdateHostedService", "DeleteHostedService"),
    ]
    target = f"/{cloud.subscription_id}{SERVICES}/service1"
    assert set(texts(listed(cloud), "OperationObjectId")) == {target}


def test_no_list_shows_what_a_request_held(cloud: Cloud) -> None:
    cloud.call("POST", SERVICES, service_document("service1"))
    cloud.wait_for(cloud.call("POST", f"{SERVICES}/service1/certificates", certificate_document()).request_id)

    shown = listed(cloud).body

    assert "AddServiceCertificate" in shown
    assert "Password" not in shown
    assert certificate_document()[200:260] not in shown


def test_lists_are_filtered_by_object_outcome_and_time(cloud: Cloud) -> None:
    for name in ("service1", "service2"):
        cloud.call("POST", SERVICES, service_document(name))
    failing = document("CertificateFile", Data=encoded(b"x"), CertificateFormat="pfx")
    assert cloud.call("POST", f"{SERVICES}/service1/certificates", failing).status == 400

    target = f"/{cloud.subscription_id}{SERVICES}/SERVICE2"
    assert texts(listed(cloud, ObjectIdFilter=target), "OperationObjectId") == [target.replace("SERVICE2", "service2")]
    assert len(texts(listed(cloud, OperationResultFilter="Succeeded"), "OperationId")) == 2
    assert texts(listed(cloud, OperationResultFilter="Failed"), "OperationId") == []
    assert texts(listed(cloud, StartTime=moment(DAY), EndTime=moment(2 * DAY)), "OperationId") == []
    assert texts(listed(cloud, StartTime=moment(-2 * DAY), EndTime=moment(-DAY)), "OperationId") == []


def test_a_long_list_comes_in_pages(cloud: Cloud) -> None:
    for number in range(PAGE_LENGTH + 2):
        cloud.plane.operations.record_done(f"{number:032x}", cloud.subscription_id)

    first = listed(cloud)
    second = listed(cloud, ContinuationToken=first.text("ContinuationToken"))

    assert [len(texts(page, "OperationId")) for page in (first, second)] == [PAGE_LENGTH, 2]
    assert len(set(texts(first, "OperationId") + texts(second, "OperationId"))) == PAGE_LENGTH + 2
    assert "ContinuationToken" not in second.body


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.0005000Z"])
def test_moments_are_taken_in_every_form_of_the_protocol(cloud: Cloud, form: str) -> None:
    cloud.call("POST", SERVICES, service_document("service1"))

    start, end = (f"{datetime.now(UTC) + shift:{form}}" for shift in (-DAY, DAY))

    assert len(texts(listed(cloud, StartTime=start, EndTime=end), "OperationId")) == 1


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"StartTime": ""}, "MissingOrInvalidRequiredQueryParameter"),
        ({"EndTime": ""}, "MissingOrInvalidRequiredQueryParameter"),
        ({"StartTime": "yesterday"}, "MissingOrInvalidRequiredQueryParameter"),
        ({"StartTime": "2026-13-01"}, "MissingOrInvalidRequiredQueryParameter"),
        ({"StartTime": "2026-11-01T25:00:00Z"}, "MissingOrInvalidRequiredQueryParameter"),
        ({"StartTime": "2026-11-01T10:00:00"}, "MissingOrInvalidRequiredQueryParameter"),
        ({"StartTime": "٢٠٢٦-11-01"}, "MissingOrInvalidRequiredQueryParameter"),
        ({"StartTime": moment(DAY), "EndTime": moment()}, "BadRequest"),
        ({"StartTime": moment(-92 * DAY)}, "BadRequest"),
        ({"OperationResultFilter": "Splendid"}, "MissingOrInvalidRequiredQueryParameter"),
        ({"ContinuationToken": "0"}, "MissingOrInvalidRequiredQueryParameter"),
    ],
)
def test_a_list_that_cannot_be_meant_is_refused(cloud: Cloud, parameters: dict[str, str], code: str) -> None:
    cloud.call("POST", SERVICES, service_document("service1"))

    answer = listed(cloud, **parameters)

    assert (answer.status, answer.error) == (400, code)
