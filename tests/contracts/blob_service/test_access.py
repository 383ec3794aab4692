"""Who may ask: holders of the account's keys, and of addresses that were signed with them."""

import base64
import ssl
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from azure.storage.blob import ContainerClient, generate_blob_sas, generate_container_sas

from tests.contracts.blob_service.refusals import refusal
from tests.contracts.blob_service.services import API_VERSION, Service

SOON = datetime.now(UTC) + timedelta(hours=1)


def blob_address(service: Service, container: ContainerClient, name: str, **signed: Any) -> str:
    """Sign an address of a blob."""
    wanted: dict[str, Any] = {"permission": "r", "expiry": SOON, "version": API_VERSION} | signed
    token = generate_blob_sas(service.account, container.container_name, name, account_key=service.key, **wanted)
    return f"{service.endpoint}/{container.container_name}/{name}?{token}"


def ask(service: Service, method: str, url: str, *, content: bytes | None = None) -> httpx2.Response:
    context = ssl.create_default_context(cafile=str(service.authorities))
    headers = {"x-ms-version": API_VERSION, "x-ms-blob-type": "BlockBlob"}
    with httpx2.Client(verify=context, trust_env=False) as client:
        return client.request(method, url, headers=headers, content=content)


def code(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.headers.get("x-ms-error-code", "")


def test_a_wrong_key_opens_nothing(service: Service, container: ContainerClient) -> None:
    container.upload_blob("a", b"x")
    with service.client(key=base64.b64encode(b"guess").decode()) as stranger:
        other = stranger.get_container_client(container.container_name)

        assert refusal(lambda: other.download_blob("a")) == (
            403,
            "AuthenticationFailed" if not service.is_azurite else "AuthorizationFailure",
        )
        assert refusal(lambda: other.upload_blob("b", b"y"))[0] == 403
        assert refusal(other.delete_container)[0] == 403
    assert [blob.name for blob in container.list_blobs()] == ["a"]


def test_the_second_key_is_as_good_as_the_first(service: Service, container: ContainerClient) -> None:
    with service.client(key=base64.b64encode(b"s" * 64).decode()) as second:
        assert second.get_container_client(container.container_name).exists()


def test_an_unsigned_request_is_refused(service: Service, container: ContainerClient) -> None:
    container.upload_blob("a", b"x")

    answer = ask(service, "GET", f"{service.endpoint}/{container.container_name}/a")

    # The service asks for a signature; Azurite says that it does not authorise.
    assert code(answer) == (
        (403, "AuthorizationFailure") if service.is_azurite else (401, "NoAuthenticationInformation")
    )
    assert answer.content != b"x"


def test_a_signed_address_reads_one_blob(service: Service, container: ContainerClient) -> None:
    container.upload_blob("content/a", b"hello")

    answer = ask(service, "GET", blob_address(service, container, "content/a"))

    assert (answer.status_code, answer.content) == (200, b"hello")
    assert ask(service, "HEAD", blob_address(service, container, "content/a")).headers["content-length"] == "5"


def test_a_signed_address_may_say_what_headers_the_answer_has(service: Service, container: ContainerClient) -> None:
    container.upload_blob("a", b"hello")
    signed = blob_address(service, container, "a", content_type="text/x", content_disposition="attachment")

    headers = ask(service, "GET", signed).headers

    assert (headers["content-type"], headers["content-disposition"]) == ("text/x", "attachment")


def test_a_changed_signature_is_no_signature(service: Service, container: ContainerClient) -> None:
    container.upload_blob("a", b"x")
    container.upload_blob("b", b"y")
    signed = blob_address(service, container, "a")

    for changed in (signed.replace("sp=r", "sp=rw"), signed.replace("sig=", "sig=A"), signed.replace("/a?", "/b?")):
        assert ask(service, "GET", changed).status_code == 403, changed
    assert code(ask(service, "GET", signed.replace("/a?", "/b?")))[1] in (
        "AuthenticationFailed",
        "AuthorizationFailure",
    )


def test_a_signed_address_holds_for_its_time(service: Service, container: ContainerClient) -> None:
    container.upload_blob("a", b"x")
    now = datetime.now(UTC)
    ended = blob_address(service, container, "a", expiry=now - timedelta(minutes=1))
    later = blob_address(service, container, "a", start=now + timedelta(minutes=30))
    begun = blob_address(service, container, "a", start=now - timedelta(minutes=30))

    # The service says that a signature out of its time is none; Azurite that it does not authorise.
    wanted = (403, "AuthorizationFailure" if service.is_azurite else "AuthenticationFailed")
    assert [code(ask(service, "GET", address)) for address in (ended, later)] == [wanted] * 2
    assert ask(service, "GET", begun).status_code == 200


@pytest.mark.parametrize(("permission", "method"), [("r", "PUT"), ("r", "DELETE"), ("w", "GET"), ("w", "DELETE")])
def test_a_signed_address_allows_what_it_says_and_nothing_else(
    service: Service, container: ContainerClient, permission: str, method: str
) -> None:
    container.upload_blob("a", b"x")
    signed = blob_address(service, container, "a", permission=permission)

    answer = ask(service, method, signed, content=b"y" if method == "PUT" else None)

    assert code(answer) == (403, "AuthorizationPermissionMismatch")
    assert container.download_blob("a").readall() == b"x"


def test_an_address_that_may_create_does_not_replace(service: Service, container: ContainerClient) -> None:
    container.upload_blob("a", b"x")

    made = ask(service, "PUT", blob_address(service, container, "usage/1", permission="c"), content=b"new")
    refused = ask(service, "PUT", blob_address(service, container, "a", permission="c"), content=b"changed")

    assert made.status_code == 201
    assert container.download_blob("usage/1").readall() == b"new"
    assert refused.status_code in (403, 409)
    assert container.download_blob("a").readall() == b"x"


def test_an_address_of_a_container_lists_and_reads_what_is_in_it(service: Service, container: ContainerClient) -> None:
    container.upload_blob("content/a", b"x")
    token = generate_container_sas(
        service.account, container.container_name, account_key=service.key, permission="rl", expiry=SOON,
        version=API_VERSION,
    )  # fmt: skip
    root = f"{service.endpoint}/{container.container_name}"

    listed = ask(service, "GET", f"{root}?restype=container&comp=list&{token}")
    read = ask(service, "GET", f"{root}/content/a?{token}")
    written = ask(service, "PUT", f"{root}/content/b?{token}", content=b"y")

    assert b"<Name>content/a</Name>" in listed.content
    assert (read.status_code, read.content) == (200, b"x")
    assert code(written) == (403, "AuthorizationPermissionMismatch")


def test_an_address_is_bound_to_the_callers_address(service: Service, container: ContainerClient) -> None:
    container.upload_blob("a", b"x")
    here = blob_address(service, container, "a", ip="127.0.0.1-127.0.0.9")
    elsewhere = blob_address(service, container, "a", ip="10.0.0.1")

    assert ask(service, "GET", here).status_code == 200
    # Azurite does not look at the addresses; its source says so.
    assert ask(service, "GET", elsewhere).status_code == (200 if service.is_azurite else 403)
