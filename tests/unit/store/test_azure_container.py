"""A store in an Azure container: what can go wrong, as the storage or the network says it."""

import base64
from pathlib import Path

import pytest

from clouddp.model.errors import CloudError, InvalidInputError, NotFoundError, RefusedError, TemporaryError
from clouddp.store.base import ObjectStore
from clouddp.store.object_store import open_azure_container
from tests.unit.fabric.blob_storage.storage_servers import (
    ACCOUNT,
    KEY,
    Storage,
    authorities_pem,
    create_container,
    running_storage,
)


def _open(storage: Storage, *, key: str = KEY, container: str = "clouddp", trusted: bool = True) -> ObjectStore:
    return open_azure_container(
        endpoint=storage.endpoint,
        account=ACCOUNT,
        key=key,
        container=container,
        authorities_pem=authorities_pem() if trusted else None,
    )


def test_a_wrong_key_is_refused_and_writes_nothing(tmp_path: Path) -> None:
    with running_storage(tmp_path) as storage:
        create_container(storage)
        store = _open(storage, key=base64.b64encode(b"other").decode())

        for attempt in (lambda: store.put("a", b"x"), lambda: store.get("a"), lambda: list(store.list(""))):
            with pytest.raises(RefusedError) as caught:
                attempt()
            assert caught.value.code == "store.refused"

        assert storage.files() == []


def test_a_missing_container_is_told_apart_from_a_missing_object(tmp_path: Path) -> None:
    with running_storage(tmp_path) as storage:
        store = _open(storage, container="elsewhere")

        for attempt in (lambda: store.put("a", b"x"), lambda: list(store.list(""))):
            with pytest.raises(NotFoundError) as caught:
                attempt()
            assert caught.value.code == "store.container_missing"


def test_a_certificate_of_an_unknown_authority_is_not_trusted(tmp_path: Path) -> None:
    with running_storage(tmp_path) as storage:
        store = _open(storage, trusted=False)

        with pytest.raises(CloudError) as caught:
            store.put("a", b"x")

    assert caught.value.code == "store.not_trusted"
    assert caught.value.arguments["reason"] == "UnknownIssuer"


def test_a_storage_that_is_down_may_come_back(tmp_path: Path) -> None:
    with running_storage(tmp_path) as storage:
        store = _open(storage)

    with pytest.raises(TemporaryError) as caught:
        store.put("a", b"x")

    assert "Connection refused" in str(caught.value.arguments["reason"])


def test_an_object_larger_than_the_storage_takes_is_not_tried_again(tmp_path: Path) -> None:
    with running_storage(tmp_path, blob_limit_bytes=1_000) as storage:
        create_container(storage)

        with pytest.raises(CloudError) as caught:
            _open(storage).put("a", b"x" * 1_001)

    assert caught.value.code == "store.not_accepted"


def test_a_proxy_of_the_environment_is_not_used_for_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    with running_storage(tmp_path) as storage:
        monkeypatch.setenv("no_proxy", "127.0.0.1")  # for the client that makes the container
        create_container(storage)
        monkeypatch.delenv("no_proxy")

        _open(storage).put("a", b"x")

        assert storage.container_folder().joinpath("a").read_bytes() == b"x"


@pytest.mark.parametrize(("key", "authorities"), [("!!", None), (KEY, "no certificate")])
def test_settings_that_no_request_can_be_made_with_are_refused(key: str, authorities: str | None) -> None:
    with pytest.raises(InvalidInputError) as caught:
        open_azure_container(
            endpoint="https://127.0.0.1:1/account",
            account=ACCOUNT,
            key=key,
            container="clouddp",
            authorities_pem=authorities,
        )

    assert caught.value.code == "store.not_usable"
