"""Blobs that are sent in blocks."""

import base64
import os

from azure.storage.blob import BlobBlock, ContainerClient

from tests.contracts.blob_service.refusals import refusal


def block_id(number: int) -> str:
    return base64.b64encode(f"{number:04}".encode()).decode()


def test_blocks_are_invisible_until_their_list_is_put_in_its_order(container: ContainerClient) -> None:
    blob = container.get_blob_client("content/a")
    blob.stage_block(block_id(1), b"first ")
    blob.stage_block(block_id(2), b"second")

    seen_before = blob.exists(), [each.name for each in container.list_blobs()]
    committed, staged = blob.get_block_list("all")
    blob.commit_block_list([BlobBlock(block_id(2)), BlobBlock(block_id(1))])

    assert seen_before == (False, [])
    assert (committed, [(block.id, block.size) for block in staged]) == ([], [(block_id(1), 6), (block_id(2), 6)])
    assert blob.download_blob().readall() == b"secondfirst "
    assert blob.get_block_list("uncommitted")[1] == []


def test_a_block_that_is_staged_again_is_the_newer_one(container: ContainerClient) -> None:
    blob = container.get_blob_client("a")
    blob.stage_block(block_id(1), b"older")
    blob.stage_block(block_id(1), b"new")

    blob.commit_block_list([BlobBlock(block_id(1))])

    assert blob.download_blob().readall() == b"new"


def test_a_list_with_an_unknown_block_changes_nothing(container: ContainerClient) -> None:
    blob = container.upload_blob("a", b"old")
    blob.stage_block(block_id(1), b"x")

    refused = refusal(lambda: blob.commit_block_list([BlobBlock(block_id(1)), BlobBlock(block_id(7))]))

    assert refused == (400, "InvalidBlockList")
    assert blob.download_blob().readall() == b"old"


def test_a_large_blob_goes_in_blocks_and_comes_in_ranges(container: ContainerClient) -> None:
    body = os.urandom(500_000)

    blob = container.upload_blob("content/large", body, metadata={"kind": "large"})

    found = blob.get_blob_properties()
    assert blob.download_blob(max_concurrency=4).readall() == body
    assert (found.size, found.metadata) == (500_000, {"kind": "large"})
    assert found.content_settings.content_md5 is None


def test_a_condition_holds_for_a_list_of_blocks(container: ContainerClient) -> None:
    blob = container.upload_blob("a", b"old")
    blob.stage_block(block_id(1), b"new")

    refused = refusal(lambda: blob.commit_block_list([BlobBlock(block_id(1))], if_none_match="*"))

    assert refused == (409, "BlobAlreadyExists")
    assert blob.download_blob().readall() == b"old"
