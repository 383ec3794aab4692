"""A subscription tells about itself, and its management certificates count at once."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from clouddp.network.certificates import KeyedCertificate
from clouddp.network.issuing import issue_management_certificate
from tests.unit.fabric.builders import MANAGEMENT, NAMESPACE, Cloud, document, encoded, service_document

OTHER = issue_management_certificate("fabrikam", now=datetime.now(UTC))


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    return Cloud(tmp_path)


def certificate_document(keyed: KeyedCertificate, thumbprint: str = "", data: str = "") -> str:
    return document(
        "SubscriptionCertificate",
        SubscriptionCertificatePublicKey="MIIB",
        SubscriptionCertificateThumbprint=thumbprint or keyed.thumbprint,
        SubscriptionCertificateData=data or encoded(keyed.certificate.public_bytes(Encoding.DER)),
    )


def test_a_subscription_tells_what_it_is_and_holds(cloud: Cloud) -> None:
    cloud.call("POST", "/services/hostedservices", service_document("service1"))

    answer = cloud.call("GET", "")

    names = [child.tag.removeprefix(f"{{{NAMESPACE}}}") for child in answer.document]
    assert names[:3] == ["SubscriptionID", "SubscriptionName", "SubscriptionStatus"]
    assert answer.text("SubscriptionID") == cloud.subscription_id
    assert answer.text("SubscriptionStatus") == "Active"
    assert answer.text("CurrentHostedServices") == "1"


def test_the_subscription_is_the_same_after_a_restart(cloud: Cloud) -> None:
    assert Cloud(cloud.state.root).subscription_id == cloud.subscription_id


def test_locations_offer_compute_and_storage(cloud: Cloud) -> None:
    root = cloud.call("GET", "/locations").document

    first = root[0]
    services = [found.text for found in first.iter(f"{{{NAMESPACE}}}AvailableService")]
    assert len(root) == 6
    assert services == ["Compute", "Storage"]


def test_an_added_certificate_manages_from_the_next_request_on(cloud: Cloud) -> None:
    assert cloud.call("GET", "", certificate=OTHER).status == 403

    added = cloud.call("POST", "/certificates", certificate_document(OTHER))

    assert added.status == 201
    assert added.headers["Location"].endswith(f"/certificates/{OTHER.thumbprint}")
    assert cloud.call("GET", "", certificate=OTHER).status == 200


def test_a_removed_certificate_manages_no_longer(cloud: Cloud) -> None:
    cloud.call("POST", "/certificates", certificate_document(OTHER))

    removed = cloud.call("DELETE", f"/certificates/{OTHER.thumbprint.lower()}")

    assert removed.status == 200
    assert cloud.call("GET", "", certificate=OTHER).status == 403
    assert cloud.call("GET", f"/certificates/{OTHER.thumbprint}").status == 404


def test_certificates_are_listed_and_shown_with_their_data(cloud: Cloud) -> None:
    listed = cloud.call("GET", "/certificates")
    shown = cloud.call("GET", f"/certificates/{MANAGEMENT.thumbprint}")

    assert listed.text(".//SubscriptionCertificateThumbprint") == MANAGEMENT.thumbprint
    der = MANAGEMENT.certificate.public_bytes(Encoding.DER)
    assert shown.text("SubscriptionCertificateData") == encoded(der)
    assert shown.text("SubscriptionCertificatePublicKey").startswith("MIIBCgKC")
    assert shown.text("Created").endswith("0Z")


@pytest.mark.parametrize("values", [{"thumbprint": "0" * 40}, {"data": "AAAA"}, {"data": "*"}, {"data": "é"}])
def test_a_certificate_that_is_none_is_refused(cloud: Cloud, values: dict[str, str]) -> None:
    answer = cloud.call("POST", "/certificates", certificate_document(OTHER, **values))

    assert (answer.status, answer.error) == (400, "BadRequest")
    assert len(cloud.plane.subscriptions.get(cloud.subscription_id).certificates) == 1
