"""Ranges of a blob, and requests that hold only for a version of it."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from azure.core import MatchConditions
from azure.storage.blob import ContainerClient

from tests.contracts.blob_service.refusals import refusal

BODY = bytes(range(256)) * 4


@pytest.mark.parametrize(
    ("offset", "length", "wanted"),
    [(0, 1, BODY[:1]), (10, 20, BODY[10:30]), (1000, None, BODY[1000:]), (1000, 9999, BODY[1000:])],
)
def test_a_range_is_answered_with_its_octets(
    container: ContainerClient, offset: int, length: int | None, wanted: bytes
) -> None:
    blob = container.upload_blob("a", BODY)

    assert blob.download_blob(offset=offset, length=length).readall() == wanted


def test_a_range_behind_the_end_is_refused(container: ContainerClient) -> None:
    blob = container.upload_blob("a", BODY)

    assert refusal(lambda: blob.download_blob(offset=2000, length=5)) == (416, "InvalidRange")


def test_a_range_says_where_it_is_and_has_a_checksum_when_asked(container: ContainerClient) -> None:
    blob = container.upload_blob("a", BODY, validate_content=True)

    part = blob.download_blob(offset=1, length=3, validate_content=True)

    assert part.readall() == BODY[1:4]
    assert part.properties.content_range == "bytes 1-3/1024"
    whole = hashlib.md5(BODY).digest()  # noqa: S324 (the protocol's)
    assert blob.get_blob_properties().content_settings.content_md5 == bytearray(whole)


def test_a_new_blob_does_not_replace_another_unless_it_may(container: ContainerClient) -> None:
    blob = container.upload_blob("a", b"first")

    assert refusal(lambda: blob.upload_blob(b"second")) == (409, "BlobAlreadyExists")
    assert blob.download_blob().readall() == b"first"


def test_a_condition_names_the_version_that_may_be_replaced_read_or_deleted(container: ContainerClient) -> None:
    blob = container.upload_blob("a", b"first")
    first: dict[str, Any] = {"etag": blob.get_blob_properties().etag, "match_condition": MatchConditions.IfNotModified}
    blob.upload_blob(b"second", overwrite=True, **first)

    assert refusal(lambda: blob.upload_blob(b"third", overwrite=True, **first)) == (412, "ConditionNotMet")
    assert refusal(lambda: blob.delete_blob(**first)) == (412, "ConditionNotMet")
    assert refusal(lambda: blob.download_blob(**first)) == (412, "ConditionNotMet")
    assert refusal(lambda: blob.get_blob_properties(**first))[0] == 412
    assert blob.download_blob().readall() == b"second"


def test_a_reader_that_has_the_version_gets_nothing_again(container: ContainerClient) -> None:
    blob = container.upload_blob("a", b"first")
    known: dict[str, Any] = {"etag": blob.get_blob_properties().etag, "match_condition": MatchConditions.IfModified}

    assert refusal(lambda: blob.download_blob(**known))[0] == 304
    blob.upload_blob(b"second", overwrite=True)
    assert blob.download_blob(**known).readall() == b"second"


def test_conditions_of_time_are_kept(container: ContainerClient) -> None:
    blob = container.upload_blob("a", b"first")
    changed = blob.get_blob_properties().last_modified
    before, after = changed - timedelta(hours=1), changed + timedelta(hours=1)

    assert blob.download_blob(if_modified_since=before).readall() == b"first"
    assert refusal(lambda: blob.download_blob(if_modified_since=after))[0] == 304
    assert blob.download_blob(if_unmodified_since=after).readall() == b"first"
    assert refusal(lambda: blob.download_blob(if_unmodified_since=before)) == (412, "ConditionNotMet")
    assert refusal(lambda: blob.upload_blob(b"x", overwrite=True, if_unmodified_since=before)) == (
        412,
        "ConditionNotMet",
    )
