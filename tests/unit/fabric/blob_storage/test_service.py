"""The fabric's Blob storage, judged by Microsoft's own client."""

import base64
import hashlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.storage.blob import (
    BlobBlock,
    BlobClient,
    BlobServiceClient,
    ContainerClient,
    ContentSettings,
    generate_blob_sas,
    generate_container_sas,
)

from tests.unit.fabric.blob_storage.storage_servers import ACCOUNT, KEY, SECONDARY_KEY, Storage, running_storage

SOON = datetime.now(UTC) + timedelta(hours=1)


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    with running_storage(tmp_path) as running:
        yield running


@pytest.fixture
def client(storage: Storage) -> Iterator[BlobServiceClient]:
    with storage.client() as made:
        yield made


@pytest.fixture
def container(client: BlobServiceClient) -> ContainerClient:
    return client.create_container("clouddp")


def _with_sas(storage: Storage, token: str, name: str = "content/a") -> BlobClient:
    return BlobClient(
        storage.endpoint,
        "clouddp",
        name,
        credential=token,
        connection_verify=str(storage.state / "ca.pem"),
        retry_total=0,
        headers={"Connection": "close"},
    )


def test_a_container_is_made_once_seen_and_removed_with_all_it_holds(
    storage: Storage, client: BlobServiceClient
) -> None:
    container = client.get_container_client("clouddp")
    assert not container.exists()

    container.create_container()
    with pytest.raises(ResourceExistsError) as caught:
        container.create_container()
    assert caught.value.error_code == "ContainerAlreadyExists"  # type: ignore[attr-defined]  # set at run time
    container.upload_blob("content/a", b"x", metadata={"kind": "trial"})
    container.delete_container()

    assert not container.exists()
    assert storage.files() == []


def test_a_blob_keeps_its_bytes_and_properties(storage: Storage, container: ContainerClient) -> None:
    settings = ContentSettings(content_type="text/plain", cache_control="no-store")
    blob = container.upload_blob("content/été 1", b"hello", metadata={"a": "1", "b_c": "2"}, content_settings=settings)

    found = blob.get_blob_properties()

    assert blob.download_blob().readall() == b"hello"
    assert (found.size, found.content_settings.content_type) == (5, "text/plain")
    assert found.content_settings.cache_control == "no-store"
    assert found.metadata == {"a": "1", "b_c": "2"}
    assert (storage.container_folder() / "content" / "été 1").read_bytes() == b"hello"


def test_a_replaced_blob_has_another_etag_and_none_of_the_old_properties(container: ContainerClient) -> None:
    blob = container.upload_blob("a", b"old", metadata={"kind": "old"})
    before = blob.get_blob_properties().etag

    blob.upload_blob(b"new", overwrite=True)

    assert blob.get_blob_properties().etag != before
    assert blob.get_blob_properties().metadata == {}


def test_a_large_blob_is_sent_in_blocks_and_fetched_in_ranges(storage: Storage, container: ContainerClient) -> None:
    body = os.urandom(1_300_000)

    blob = container.upload_blob("content/large", body)

    assert blob.download_blob(max_concurrency=4).readall() == body
    assert blob.download_blob(offset=1_000, length=70_000).readall() == body[1_000:71_000]
    assert storage.files() == [f"storage/{ACCOUNT}/clouddp/content/large"]


def test_blocks_are_invisible_until_their_list_is_put(storage: Storage, container: ContainerClient) -> None:
    blob = container.get_blob_client("content/blocks")
    blob.stage_block("AAAA", b"first ")
    blob.stage_block("AAAB", b"second")

    assert not blob.exists()
    assert not any(path.is_file() for path in storage.container_folder().rglob("*"))
    assert [block.size for block in blob.get_block_list("all")[1]] == [6, 6]

    blob.commit_block_list([BlobBlock("AAAB"), BlobBlock("AAAA")])

    assert blob.download_blob().readall() == b"secondfirst "


def test_a_list_with_an_unknown_block_changes_nothing(container: ContainerClient) -> None:
    blob = container.upload_blob("a", b"old")

    with pytest.raises(HttpResponseError) as caught:
        blob.commit_block_list([BlobBlock("AAAA")])

    assert caught.value.error_code == "InvalidBlockList"  # type: ignore[attr-defined]  # set at run time
    assert blob.download_blob().readall() == b"old"


def test_checksums_are_checked_kept_and_made(container: ContainerClient) -> None:
    blob = container.upload_blob("a", b"hello", validate_content=True)

    assert blob.get_blob_properties().content_settings.content_md5 == bytearray(hashlib.md5(b"hello").digest())  # noqa: S324 - the protocol's
    assert blob.download_blob(offset=1, length=3, validate_content=True).readall() == b"ell"
    with pytest.raises(HttpResponseError) as caught:
        blob.upload_blob(b"other", overwrite=True, headers={"Content-MD5": base64.b64encode(bytes(16)).decode()})
    assert caught.value.error_code == "Md5Mismatch"  # type: ignore[attr-defined]  # set at run time
    assert blob.download_blob().readall() == b"hello"


def test_lists_come_in_order_in_pages_and_by_folder(container: ContainerClient) -> None:
    names = ["a", "a-b", "a.b", "a0", "b/1", "b/2", "b/c/3", "c"]
    for name in reversed(names):
        container.upload_blob(name, name.encode())

    pages = [[blob.name for blob in page] for page in container.list_blobs(results_per_page=3).by_page()]

    assert [name for page in pages for name in page] == names
    assert [len(page) for page in pages] == [3, 3, 2]
    assert [blob.name for blob in container.list_blobs("b/")] == ["b/1", "b/2", "b/c/3"]
    assert [entry.name for page in container.walk_blobs(results_per_page=1).by_page() for entry in page] == [
        "a", "a-b", "a.b", "a0", "b/", "c",
    ]  # fmt: skip


def test_conditions_are_kept(container: ContainerClient) -> None:
    blob = container.upload_blob("a", b"first")
    etag = blob.get_blob_properties().etag

    with pytest.raises(ResourceExistsError):
        blob.upload_blob(b"second")
    blob.upload_blob(b"second", overwrite=True, etag=etag, match_condition=MatchConditions.IfNotModified)
    with pytest.raises(ResourceModifiedError):
        blob.upload_blob(b"third", overwrite=True, etag=etag, match_condition=MatchConditions.IfNotModified)
    with pytest.raises(ResourceModifiedError):
        blob.delete_blob(etag=etag, match_condition=MatchConditions.IfNotModified)
    with pytest.raises(HttpResponseError) as caught:
        blob.download_blob(if_modified_since=datetime.now(UTC) + timedelta(hours=1))

    assert caught.value.status_code == 304
    assert blob.download_blob().readall() == b"second"


def test_deleting_removes_the_folder_that_it_leaves_empty(storage: Storage, container: ContainerClient) -> None:
    container.upload_blob("deep/er/a", b"x")

    container.delete_blob("deep/er/a")
    with pytest.raises(ResourceNotFoundError) as caught:
        container.delete_blob("deep/er/a")

    assert caught.value.error_code == "BlobNotFound"  # type: ignore[attr-defined]  # set at run time
    assert list(storage.container_folder().iterdir()) == []


def test_both_keys_open_the_account_and_no_other_does(storage: Storage, container: ContainerClient) -> None:
    with storage.client(key=SECONDARY_KEY) as other:
        assert other.get_container_client("clouddp").exists()
    wrong = base64.b64encode(b"guess").decode()
    with storage.client(key=wrong) as other, pytest.raises(ClientAuthenticationError) as caught:
        other.get_container_client("clouddp").upload_blob("a", b"x" * 300_000)
    assert caught.value.status_code == 403
    assert storage.files() == []


def test_a_signed_address_reads_one_blob_and_does_nothing_else(storage: Storage, container: ContainerClient) -> None:
    container.upload_blob("content/a", b"x")
    token = generate_blob_sas(ACCOUNT, "clouddp", "content/a", account_key=KEY, permission="r", expiry=SOON)

    assert _with_sas(storage, token).download_blob().readall() == b"x"
    with pytest.raises(ClientAuthenticationError):
        _with_sas(storage, token, "content/b").download_blob()
    with pytest.raises(HttpResponseError) as caught:
        _with_sas(storage, token).upload_blob(b"y", overwrite=True)
    assert caught.value.error_code == "AuthorizationPermissionMismatch"  # type: ignore[attr-defined]  # set at run time


def test_a_signed_address_that_ended_or_has_not_begun_opens_nothing(
    storage: Storage, container: ContainerClient
) -> None:
    container.upload_blob("content/a", b"x")
    now = datetime.now(UTC)
    for begin, end in [(None, now - timedelta(minutes=1)), (now + timedelta(minutes=5), SOON)]:
        token = generate_blob_sas(
            ACCOUNT, "clouddp", "content/a", account_key=KEY, permission="r", start=begin, expiry=end
        )

        with pytest.raises(ClientAuthenticationError):
            _with_sas(storage, token).download_blob()


def test_a_signed_address_of_the_container_lists_and_creates_but_does_not_replace(
    storage: Storage, container: ContainerClient
) -> None:
    container.upload_blob("content/a", b"x")
    token = generate_container_sas(ACCOUNT, "clouddp", account_key=KEY, permission="cl", expiry=SOON)
    with ContainerClient(
        storage.endpoint,
        "clouddp",
        credential=token,
        connection_verify=str(storage.state / "ca.pem"),
        retry_total=0,
        headers={"Connection": "close"},
    ) as bearer:
        bearer.upload_blob("usage/1", b"new")
        with pytest.raises(HttpResponseError):
            bearer.upload_blob("content/a", b"changed", overwrite=True)
        with pytest.raises(HttpResponseError):
            bearer.delete_container()

        assert sorted(blob.name for blob in bearer.list_blobs()) == ["content/a", "usage/1"]
    assert container.download_blob("content/a").readall() == b"x"


def test_a_signed_address_is_bound_to_its_client_address(storage: Storage, container: ContainerClient) -> None:
    container.upload_blob("content/a", b"x")
    for allowed, opens in [("10.0.0.1-10.0.0.9", False), ("127.0.0.1-127.0.0.9", True)]:
        token = generate_blob_sas(
            ACCOUNT, "clouddp", "content/a", account_key=KEY, permission="r", expiry=SOON, ip=allowed
        )
        assert _opens(_with_sas(storage, token)) is opens


def _opens(blob: BlobClient) -> bool:
    try:
        blob.download_blob()
    except HttpResponseError:
        return False
    return True
