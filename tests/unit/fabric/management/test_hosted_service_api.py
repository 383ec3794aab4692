"""Hosted services and their certificates; keys stay where only the fabric reads them."""

import stat
from pathlib import Path

import pytest

from tests.unit.fabric.builders import (
    NAMESPACE,
    SERVICE,
    Cloud,
    certificate_document,
    configuration,
    document,
    encoded,
    properties,
    running_cloud,
    service_document,
)

SERVICES = "/services/hostedservices"


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    return Cloud(tmp_path)


def test_a_service_is_shown_in_the_recorded_order(cloud: Cloud) -> None:
    cloud.call("POST", SERVICES, service_document("service1", Description="first"))

    answer = cloud.call("GET", f"{SERVICES}/service1?embed-detail=true")

    names = [child.tag.removeprefix(f"{{{NAMESPACE}}}") for child in answer.document]
    assert names == ["Url", "ServiceName", "HostedServiceProperties", "Deployments", "ComputeCapabilities"]
    assert answer.text("HostedServiceProperties/Description") == "first"
    assert answer.text("HostedServiceProperties/Status") == "Created"


def test_a_services_name_is_one_without_regard_to_case(cloud: Cloud) -> None:
    cloud.call("POST", SERVICES, service_document("service1"))

    again = cloud.call("POST", SERVICES, service_document("Service1"))

    assert (again.status, again.error) == (409, "ConflictError")
    assert cloud.call("GET", f"{SERVICES}/operations/isavailable/SERVICE1").text("Result") == "false"
    assert cloud.call("GET", f"{SERVICES}/SERVICE1").status == 200


def test_an_update_changes_what_it_names(cloud: Cloud) -> None:
    body = service_document("service1", Description="first", ExtendedProperties=properties(a="1", b="2"))
    cloud.call("POST", SERVICES, body)

    changes = document("UpdateHostedService", Label=encoded("new"), ExtendedProperties=properties(b="3", c="4"))
    answer = cloud.call("PUT", f"{SERVICES}/service1", changes)

    assert answer.status == 200
    shown = cloud.call("GET", f"{SERVICES}/service1")
    assert shown.text("HostedServiceProperties/Label") == encoded("new")
    assert shown.text("HostedServiceProperties/Description") == "first"
    assert shown.pairs() == {"a": "1", "b": "3", "c": "4"}


@pytest.mark.parametrize("name", ["-a", "a.b", "a/b", "..", "a" * 64, "sérvice"])
def test_a_name_that_is_no_host_label_is_refused(cloud: Cloud, name: str) -> None:
    assert cloud.call("POST", SERVICES, service_document(name)).error == "BadRequest"


def test_a_deleted_service_is_gone(cloud: Cloud) -> None:
    cloud.call("POST", SERVICES, service_document("service1"))

    assert cloud.call("DELETE", f"{SERVICES}/service1").status == 200

    assert cloud.call("GET", f"{SERVICES}/service1").text("Message") == "The hosted service does not exist."
    assert cloud.call("DELETE", f"{SERVICES}/service1").status == 404


def test_an_added_certificate_is_listed_without_its_key(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        cloud.make_service("service1")

        listed = cloud.call("GET", f"{SERVICES}/service1/certificates")

        assert listed.text("Certificate/Thumbprint") == SERVICE.thumbprint
        assert listed.text("Certificate/ThumbprintAlgorithm") == "sha1"
        assert listed.text("Certificate/CertificateUrl").endswith(f"/certificates/sha1-{SERVICE.thumbprint}")
        shown = cloud.call("GET", f"{SERVICES}/service1/certificates/sha1-{SERVICE.thumbprint}")
        assert shown.text("Data") == listed.text("Certificate/Data")
        keys = list(tmp_path.rglob(f"{SERVICE.thumbprint}.key"))
        assert [stat.S_IMODE(key.stat().st_mode) for key in keys] == [0o600]


def test_a_certificate_is_deleted_with_its_key(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        cloud.make_service("service1")

        deleted = cloud.call("DELETE", f"{SERVICES}/service1/certificates/sha1-{SERVICE.thumbprint}")

        assert deleted.status == 202
        assert cloud.wait_for(deleted.request_id).text("Status") == "Succeeded"
        assert cloud.call("GET", f"{SERVICES}/service1/certificates/sha1-{SERVICE.thumbprint}").status == 404
        assert list(tmp_path.rglob("*.key")) == []


def test_a_certificate_that_a_deployment_uses_and_its_service_stay(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        cloud.make_service()
        cloud.wait_for(cloud.deploy(cscfg=configuration(count=1), start=False).request_id)
        service = f"{SERVICES}/d1594d4527614a09b934d470"

        assert cloud.call("DELETE", f"{service}/certificates/sha1-{SERVICE.thumbprint}").status == 409
        assert cloud.call("DELETE", service).status == 409


def test_a_wrong_password_or_a_broken_file_is_refused(cloud: Cloud) -> None:
    cloud.call("POST", SERVICES, service_document("service1"))
    broken = document("CertificateFile", Data=encoded(b"no pfx"), CertificateFormat="pfx", Password="p")
    unknown = document("CertificateFile", Data=encoded(b"no pfx"), CertificateFormat="jks")

    for body in (certificate_document(password="wrong"), broken, unknown):
        answer = cloud.call("POST", f"{SERVICES}/service1/certificates", body)
        assert (answer.status, answer.error) == (400, "BadRequest")
    assert list(cloud.state.root.rglob("*.key")) == []
