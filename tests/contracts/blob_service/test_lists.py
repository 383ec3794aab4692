"""Lists of blobs: in order, in pages, by prefix and by folder."""

from typing import Any

import pytest
from azure.storage.blob import BlobPrefix, ContainerClient

NAMES = ["a", "a-b", "a.b", "a0", "b/1", "b/2", "b/c/3", "c"]


@pytest.fixture
def filled(container: ContainerClient) -> ContainerClient:
    for name in reversed(NAMES):
        container.upload_blob(name, name.encode())
    return container


def test_a_list_is_in_order_and_comes_in_pages(filled: ContainerClient) -> None:
    pages = [[blob.name for blob in page] for page in filled.list_blobs(results_per_page=3).by_page()]

    assert [name for page in pages for name in page] == NAMES
    assert [len(page) for page in pages] == [3, 3, 2]


def test_a_page_is_continued_from_its_marker(filled: ContainerClient) -> None:
    pages: Any = filled.list_blobs(results_per_page=5).by_page()
    next(pages)

    rest = filled.list_blobs(results_per_page=5).by_page(continuation_token=pages.continuation_token)

    assert [blob.name for page in rest for blob in page] == NAMES[5:]


def test_a_prefix_chooses(filled: ContainerClient) -> None:
    assert [blob.name for blob in filled.list_blobs("b/")] == ["b/1", "b/2", "b/c/3"]
    assert [blob.name for blob in filled.list_blobs("a")] == ["a", "a-b", "a.b", "a0"]
    assert list(filled.list_blobs("z")) == []


def test_a_delimiter_makes_folders(filled: ContainerClient) -> None:
    top = list(filled.walk_blobs())
    below = list(filled.walk_blobs("b/"))

    assert sorted(entry.name for entry in top) == ["a", "a-b", "a.b", "a0", "b/", "c"]
    assert [entry.name for entry in top if isinstance(entry, BlobPrefix)] == ["b/"]
    assert sorted(entry.name for entry in below) == ["b/1", "b/2", "b/c/"]


def test_folders_count_as_one_entry_of_a_page(filled: ContainerClient) -> None:
    pages = [[entry.name for entry in page] for page in filled.walk_blobs(results_per_page=1).by_page()]

    assert pages == [["a"], ["a-b"], ["a.b"], ["a0"], ["b/"], ["c"]]


def test_an_entry_tells_what_the_blob_is(container: ContainerClient) -> None:
    blob = container.upload_blob("a", b"hello", metadata={"kind": "trial"})
    shown = blob.get_blob_properties()

    entry = next(iter(container.list_blobs(include=["metadata"])))

    assert (entry.name, entry.size, entry.metadata) == ("a", 5, {"kind": "trial"})
    assert entry.etag.strip('"') == shown.etag.strip('"')
    assert entry.last_modified == shown.last_modified
    assert entry.content_settings.content_type == "application/octet-stream"


def test_an_empty_container_has_an_empty_list(container: ContainerClient) -> None:
    assert list(container.list_blobs()) == []
