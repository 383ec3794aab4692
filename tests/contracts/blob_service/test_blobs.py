"""Blobs: what was put is what is got, with its properties, whatever it is called."""

import base64
import hashlib
import os

import pytest
from azure.storage.blob import ContainerClient, ContentSettings

from tests.contracts.blob_service.refusals import refusal
from tests.contracts.blob_service.services import Service


@pytest.mark.parametrize("length", [0, 1, 64 * 1024, 300_000], ids=str)
def test_what_was_put_is_what_is_got(container: ContainerClient, length: int) -> None:
    body = os.urandom(length)

    blob = container.upload_blob("content/a", body)

    assert blob.download_blob(max_concurrency=2).readall() == body
    found = blob.get_blob_properties()
    assert (found.size, str(found.blob_type.value)) == (length, "BlockBlob")
    assert found.etag.startswith('"')


def test_a_blob_keeps_its_properties_and_a_replaced_one_has_none_of_them(container: ContainerClient) -> None:
    settings = ContentSettings(
        content_type="text/plain", cache_control="no-store", content_language="fr", content_disposition="inline",
        content_encoding="identity",
    )  # fmt: skip
    blob = container.upload_blob("a", b"old", metadata={"kind": "trial", "b_c": "2"}, content_settings=settings)

    before = blob.get_blob_properties()
    blob.upload_blob(b"new", overwrite=True)
    after = blob.get_blob_properties()

    kept = before.content_settings
    assert (kept.content_type, kept.cache_control) == ("text/plain", "no-store")
    assert (kept.content_language, kept.content_disposition, kept.content_encoding) == ("fr", "inline", "identity")
    assert before.metadata == {"kind": "trial", "b_c": "2"}
    assert after.content_settings.content_type == "application/octet-stream"
    assert (after.content_settings.cache_control, after.metadata) == (None, {})
    assert after.etag != before.etag
    assert after.last_modified >= before.last_modified


@pytest.mark.parametrize(
    "name", ["été 1", "a+b", "100%", "a?b#c", "deep/er/and/deeper", "a&b=c;d", "文/件", "a.b-c_d~e"]
)
def test_a_name_may_hold_what_a_file_is_called(container: ContainerClient, name: str) -> None:
    container.upload_blob(name, name.encode())

    assert container.download_blob(name).readall() == name.encode()
    assert [blob.name for blob in container.list_blobs()] == [name]


def test_an_absent_blob_is_missed_by_every_operation(container: ContainerClient) -> None:
    assert not container.get_blob_client("a").exists()
    assert refusal(lambda: container.download_blob("a")) == (404, "BlobNotFound")
    assert refusal(lambda: container.delete_blob("a")) == (404, "BlobNotFound")
    assert refusal(container.get_blob_client("a").get_blob_properties) == (404, "BlobNotFound")


def test_a_deleted_blob_is_gone(container: ContainerClient) -> None:
    container.upload_blob("deep/a", b"x")

    container.delete_blob("deep/a")

    assert not container.get_blob_client("deep/a").exists()
    assert list(container.list_blobs()) == []


def test_the_checksum_of_a_body_is_checked_and_kept(container: ContainerClient) -> None:
    blob = container.upload_blob("a", b"hello", validate_content=True)
    other = {"Content-MD5": base64.b64encode(bytes(16)).decode()}

    refused = refusal(lambda: blob.upload_blob(b"other", overwrite=True, headers=other))

    assert refused == (400, "Md5Mismatch")
    md5 = hashlib.md5(b"hello").digest()  # noqa: S324 (the protocol's)
    assert blob.get_blob_properties().content_settings.content_md5 == bytearray(md5)
    assert blob.download_blob(validate_content=True).readall() == b"hello"


def test_a_body_without_a_checksum_gets_one_where_the_service_makes_it(
    service: Service, container: ContainerClient
) -> None:
    blob = container.upload_blob("a", b"hello")

    # The fabric keeps the checksum that it is given and makes none: one beside each small object costs more than it is.
    md5 = bytearray(hashlib.md5(b"hello").digest())  # noqa: S324 (the protocol's)
    assert blob.get_blob_properties().content_settings.content_md5 == (md5 if service.is_azurite else None)


def test_many_blobs_are_deleted_in_one_request(container: ContainerClient) -> None:
    for name in ("a", "b", "content/c"):
        container.upload_blob(name, b"x")

    answers = container.delete_blobs("a", "b", "absent", raise_on_any_failure=False)

    assert [answer.status_code for answer in answers] == [202, 202, 404]
    assert [blob.name for blob in container.list_blobs()] == ["content/c"]
