"""The client that clouddp itself uses, obstore, against both services."""

import os
import ssl
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx2
import obstore
import pytest
from azure.storage.blob import ContainerClient
from obstore.exceptions import AlreadyExistsError, NotFoundError, PermissionDeniedError, UnauthenticatedError
from obstore.store import AzureStore

from tests.contracts.blob_service.services import Service

if TYPE_CHECKING:  # obstore has this type for checkers alone
    from obstore import UpdateVersion


@pytest.fixture
def store(service: Service, container: ContainerClient) -> AzureStore:
    return open_store(service, container, key=service.key)


def open_store(service: Service, container: ContainerClient, *, key: str) -> AzureStore:
    return AzureStore(
        container.container_name,
        config={"endpoint": service.endpoint, "account_name": service.account, "account_key": key},
        client_options={"root_certificate": service.authorities.read_text(encoding="ascii")},
        retry_config={"max_retries": 0},
    )


def test_what_was_put_is_what_is_got_whole_and_in_part(store: AzureStore) -> None:
    body = os.urandom(200_000)

    obstore.put(store, "content/a", body)

    assert bytes(obstore.get(store, "content/a").bytes()) == body
    assert bytes(obstore.get_range(store, "content/a", start=1_000, end=2_000)) == body[1_000:2_000]
    parts = obstore.get_ranges(store, "content/a", starts=[0, 150_000], ends=[10, 150_010])
    assert [bytes(part) for part in parts] == [body[:10], body[150_000:150_010]]
    assert obstore.head(store, "content/a")["size"] == 200_000


def test_a_large_object_is_sent_in_blocks(store: AzureStore) -> None:
    body = os.urandom(700_000)

    obstore.put(store, "content/large", body, use_multipart=True, chunk_size=200_000)

    assert bytes(obstore.get(store, "content/large").bytes()) == body


def test_lists_know_prefixes_offsets_and_folders(store: AzureStore) -> None:
    for name in ("content/a", "content/b", "state/service", "state/scope/1"):
        obstore.put(store, name, b"x")

    everything = [entry["path"] for batch in obstore.list(store) for entry in batch]
    state = obstore.list_with_delimiter(store, "state")

    assert sorted(everything) == ["content/a", "content/b", "state/scope/1", "state/service"]
    assert [entry["path"] for batch in obstore.list(store, "content") for entry in batch] == ["content/a", "content/b"]
    assert (list(state["common_prefixes"]), [entry["path"] for entry in state["objects"]]) == (
        ["state/scope"],
        ["state/service"],
    )


def test_deleting_many_at_once_leaves_the_others(store: AzureStore) -> None:
    for name in ("a", "b", "c"):
        obstore.put(store, name, b"x")

    obstore.delete(store, ["a", "b"])

    assert [entry["path"] for batch in obstore.list(store) for entry in batch] == ["c"]
    with pytest.raises((NotFoundError, FileNotFoundError)):
        obstore.get(store, "a")


def test_an_object_is_made_once_when_that_is_asked(store: AzureStore) -> None:
    obstore.put(store, "a", b"first", mode="create")

    with pytest.raises(AlreadyExistsError):
        obstore.put(store, "a", b"second", mode="create")

    assert bytes(obstore.get(store, "a").bytes()) == b"first"


def test_a_version_is_replaced_only_while_it_is_the_one(store: AzureStore) -> None:
    first: UpdateVersion = {"e_tag": obstore.put(store, "a", b"first")["e_tag"] or ""}
    obstore.put(store, "a", b"second", mode=first)

    with pytest.raises(obstore.exceptions.PreconditionError):
        obstore.put(store, "a", b"third", mode=first)

    assert bytes(obstore.get(store, "a").bytes()) == b"second"


def test_a_signed_address_is_good_for_anybody(service: Service, store: AzureStore) -> None:
    obstore.put(store, "content/a", b"hello")
    address = obstore.sign(store, "GET", "content/a", timedelta(minutes=5))

    context = ssl.create_default_context(cafile=str(service.authorities))
    with httpx2.Client(verify=context, trust_env=False) as client:
        answer = client.get(address)

    assert (answer.status_code, answer.content) == (200, b"hello")


def test_a_wrong_key_opens_nothing(service: Service, container: ContainerClient, store: AzureStore) -> None:
    obstore.put(store, "a", b"x")
    stranger = open_store(service, container, key="Z3Vlc3M=")

    with pytest.raises((PermissionDeniedError, UnauthenticatedError)):
        obstore.get(stranger, "a")
