"""The management endpoint admits, routes and refuses as the real service does."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clouddp.fabric.management.request_bodies import BODY_LIMIT_BYTES
from clouddp.network.issuing import issue_management_certificate
from tests.unit.fabric.builders import (
    MANAGEMENT,
    Cloud,
    account_document,
    deployment_document,
    document,
    running_cloud,
    service_document,
)

SERVICES = "/services/hostedservices"
NAME = "d1594d4527614a09b934d470"


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    return Cloud(tmp_path)


def test_an_answer_has_the_headers_of_the_real_service(cloud: Cloud) -> None:
    answer = cloud.call("GET", "/locations")

    assert answer.status == 200
    assert len(answer.request_id) == 32
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["Content-Type"] == "application/xml; charset=utf-8"
    assert answer.headers["x-ms-servedbyregion"]
    assert answer.body.startswith('<Locations xmlns="http://schemas.microsoft.com/windowsazure" xmlns:i="http://www.w3')


def test_an_answer_without_a_body_says_so(cloud: Cloud) -> None:
    answer = cloud.call("POST", SERVICES, service_document("service1"))

    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (201, "", "0")
    assert "Content-Type" not in answer.headers
    assert answer.headers["Location"].endswith(f"/subscriptions/{cloud.subscription_id}/compute/service1")


@pytest.mark.parametrize("version", ["2009-10-01", "2012-03-01", "2014-10-01", "2017-01-01"])
def test_every_version_that_clients_send_is_taken(cloud: Cloud, version: str) -> None:
    cloud.version = version

    assert cloud.call("GET", SERVICES).status == 200


@pytest.mark.parametrize("version", ["", "2009-09-30", "2014", "latest", "2014-13-01", "2014-10-01 "])
def test_a_missing_or_wrong_version_is_refused(cloud: Cloud, version: str) -> None:
    cloud.version = version

    answer = cloud.call("GET", SERVICES)

    assert (answer.status, answer.error) == (400, "MissingOrIncorrectVersionHeader")


def test_management_certificates_need_a_later_version(cloud: Cloud) -> None:
    cloud.version = "2011-10-01"

    assert cloud.call("GET", "/certificates").error == "MissingOrIncorrectVersionHeader"


def test_no_certificate_is_refused_with_403(cloud: Cloud) -> None:
    answer = cloud.call("GET", "", certificate=None)

    assert (answer.status, answer.error) == (403, "ForbiddenError")
    assert answer.text("Message").startswith("The server failed to authenticate the request.")


def test_another_certificate_of_the_same_name_is_refused(cloud: Cloud) -> None:
    impostor = issue_management_certificate(MANAGEMENT.subject_common_name, now=datetime.now(UTC))

    assert cloud.call("GET", "", certificate=impostor).status == 403


@pytest.mark.parametrize("shift", [timedelta(days=-800), timedelta(days=30)], ids=["expired", "not yet valid"])
def test_a_certificate_out_of_its_dates_is_refused(cloud: Cloud, shift: timedelta) -> None:
    keyed = issue_management_certificate("contoso", now=datetime.now(UTC) + shift)
    cloud.plane.subscriptions.add_certificate(cloud.subscription_id, keyed.certificate)

    assert cloud.call("GET", "", certificate=keyed).status == 403


def test_another_subscription_is_refused_as_an_unknown_certificate_is(cloud: Cloud) -> None:
    answer = cloud.call("GET", "", PATH_INFO="/00000000-0000-0000-0000-000000000000")

    assert (answer.status, answer.error) == (403, "ForbiddenError")


def test_an_unknown_path_is_not_found(cloud: Cloud) -> None:
    assert cloud.call("GET", "/services/nothing").error == "ResourceNotFound"


def test_a_verb_that_the_resource_lacks_is_refused(cloud: Cloud) -> None:
    for method in ("PATCH", "BREW", "DELETE"):
        answer = cloud.call(method, SERVICES)
        assert (answer.status, answer.error) == (400, "InvalidHttpVerb")


def test_an_unknown_comp_is_refused(cloud: Cloud) -> None:
    answer = cloud.call("POST", f"{SERVICES}/x/deployments/y/?comp=dance")

    assert (answer.status, answer.error) == (400, "MissingOrInvalidRequiredQueryParameter")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<broken",
        "text",
        "<CreateHostedService/>",
        document("CreateStorageServiceInput", ServiceName="a"),
        "<!DOCTYPE a [<!ENTITY b 'c'>]><CreateHostedService xmlns='http://schemas.microsoft.com/windowsazure'/>",
        "<!DOCTYPE a [<!ENTITY b 'cccccccccc'><!ENTITY d '&b;&b;&b;&b;'><!ENTITY e '&d;&d;&d;&d;'>]><a>&e;</a>",
        '<?xml version="1.0" encoding="no-such-encoding"?><a/>',
        b"\xff\xfe\x00",
        "<a>" * 100_000,
    ],
)
def test_a_body_that_is_not_the_document_is_refused(cloud: Cloud, body: str | bytes) -> None:
    answer = cloud.call("POST", SERVICES, body)

    assert (answer.status, answer.error) == (400, "InvalidXmlRequest")
    assert cloud.plane.services.all(cloud.subscription_id) == []


def test_a_body_that_is_too_large_is_refused_unread(cloud: Cloud) -> None:
    answer = cloud.call("POST", SERVICES, "x", CONTENT_LENGTH=str(BODY_LIMIT_BYTES + 1))

    assert (answer.status, answer.error) == (413, "RequestBodyTooLarge")


def test_a_length_that_is_no_number_is_refused(cloud: Cloud) -> None:
    assert cloud.call("POST", SERVICES, "x", CONTENT_LENGTH="many").status == 400


def test_a_defect_is_answered_with_the_protocols_error_and_told_to_the_log(cloud: Cloud) -> None:
    answer = cloud.call("POST", SERVICES, "x", **{"wsgi.input": None})

    assert (answer.status, answer.error) == (500, "InternalError")
    assert answer.request_id in (cloud.state.root / "logs" / "fabric.log").read_text(encoding="utf-8")


def test_a_synchronous_write_has_an_operation_that_succeeded(cloud: Cloud) -> None:
    written = cloud.call("POST", SERVICES, service_document("service1"))

    answer = cloud.call("GET", f"/operations/{written.request_id}")

    assert answer.text("Status") == "Succeeded"
    assert answer.text("HttpStatusCode") == "200"
    assert answer.text("ID").replace("-", "") == written.request_id


def test_an_unknown_operation_is_not_found(cloud: Cloud) -> None:
    assert cloud.call("GET", f"/operations/{'0' * 32}").status == 404


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (SERVICES, service_document("service1"), 201),
        ("/services/storageservices", account_document("store2"), 202),
        (f"{SERVICES}/{NAME}/deploymentslots/production", deployment_document(start=False), 202),
        (f"{SERVICES}/{NAME}?comp=media", "", 202),
    ],
    ids=["service", "account", "deployment", "deletion"],
)
def test_of_many_who_ask_for_the_same_at_once_one_gets_it(tmp_path: Path, path: str, body: str, status: int) -> None:
    with running_cloud(tmp_path) as making:
        making.make_service()
        if path.endswith("media"):
            making.wait_for(making.deploy(start=False).request_id)
    cloud = Cloud(tmp_path)  # accepts, and does nothing
    method = "POST" if body else "DELETE"

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _number: cloud.call(method, path, body), range(8)))

    assert sorted(answer.status for answer in answers) == [status, *[409] * 7]
    assert {answer.error for answer in answers if answer.status == 409} == {"ConflictError"}
