"""What lists show of a request is who sent it and what it is about, and nothing of its body but a name."""

import pytest

from clouddp.fabric.management.operation_origins import origin_of
from clouddp.fabric.management.routes import Request
from tests.unit.fabric.builders import account_document, document, service_document


def request(path: str, body: str = "") -> Request:
    return Request(
        id="0" * 32,
        method="POST",
        base_url="https://127.0.0.1",
        subscription_id="5ub",
        path=path,
        query={},
        version="2014-10-01",
        body=body.encode(),
        certificate_thumbprint="AB",
        client_address="192.0.2.1",
    )


@pytest.mark.parametrize(
    ("path", "operation", "body", "target"),
    [
        ("services/hostedservices", "create-hosted-service", service_document("one"), "services/hostedservices/one"),
        ("services/storageservices", "create-storage-account", account_document("two"), "services/storageservices/two"),
        (
            "certificates",
            "add-management-certificate",
            document("SubscriptionCertificate", SubscriptionCertificateThumbprint="CD"),
            "certificates/CD",
        ),
        ("services/hostedservices/one/", "delete-hosted-service", "", "services/hostedservices/one"),
        ("services/hostedservices", "create-hosted-service", "<broken", "services/hostedservices"),
    ],
)
def test_the_target_is_the_path_by_which_the_object_can_be_got(
    path: str, operation: str, body: str, target: str
) -> None:
    assert origin_of(request(path, body), operation, {}).target == f"/5ub/{target}"


def test_the_name_of_the_operation_is_written_in_one_word() -> None:
    origin = origin_of(request("services/hostedservices/one"), "update-hosted-service", {"name": "one"})

    assert origin.name == "UpdateHostedService"
    assert origin.parameters == (("subscriptionID", "5ub"), ("name", "one"))
    assert (origin.certificate_thumbprint, origin.client_address) == ("AB", "192.0.2.1")
