"""Storage accounts have their keys when they are created, and one operation on each at a time."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from clouddp.fabric.management.protocol_errors import ProtocolError
from clouddp.fabric.storage_accounts import (
    AccountStatus,
    NewStorageAccount,
    StorageAccountChange,
    StorageAccounts,
    check_account_name,
)
from tests.unit.fabric.builders import Cloud, running_cloud, wait_until

WANTED = NewStorageAccount(
    name="store1", label="c3RvcmUx", description="", location="West Europe", account_type="Standard_LRS"
)
IDS = [f"{number:032x}" for number in range(5)]


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    with running_cloud(tmp_path) as running:
        yield running


def create(cloud: Cloud) -> StorageAccounts:
    accounts = cloud.plane.accounts
    accounts.create(IDS[0], cloud.subscription_id, WANTED)
    wait_until(
        lambda: accounts.get(cloud.subscription_id, "store1").status, lambda status: status is AccountStatus.CREATED
    )
    return accounts


def test_an_account_belongs_to_one_subscription_and_its_name_to_all(cloud: Cloud) -> None:
    accounts = create(cloud)

    assert not accounts.is_available("store1")
    assert accounts.all("other") == []
    with pytest.raises(ProtocolError, match="'store1' was not found"):
        accounts.get("other", "store1")
    with pytest.raises(ProtocolError, match="already exists"):
        accounts.create(IDS[1], "other", WANTED)


def test_two_accounts_have_four_keys(cloud: Cloud) -> None:
    accounts = create(cloud)
    cloud.make_account("store2")

    keys = {key for name in ("store1", "store2") for key in accounts.keys(name) or ()}

    assert len(keys) == 4
    assert {len(key) for key in keys} == {88}  # 64 octets in Base-64


def test_a_key_of_a_third_kind_is_not_made_anew(cloud: Cloud) -> None:
    accounts = create(cloud)
    before = accounts.keys("store1")

    with pytest.raises(ProtocolError, match="KeyType"):
        accounts.regenerate_key(cloud.subscription_id, "store1", "primary")

    assert accounts.keys("store1") == before


def test_what_is_under_way_keeps_an_account_from_being_deleted(cloud: Cloud) -> None:
    accounts = create(cloud)
    cloud.plane.operations.write_down(IDS[1], cloud.subscription_id, "create-storage-account", {"account": "store1"})

    with pytest.raises(ProtocolError, match="in progress") as caught:
        accounts.delete(IDS[2], cloud.subscription_id, "store1")

    assert caught.value.status == 409
    assert accounts.keys("store1") is not None


def test_an_account_that_is_not_created_yet_is_neither_changed_nor_deleted(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path)  # accepts, and does nothing
    accounts = cloud.plane.accounts
    accounts.create(IDS[0], cloud.subscription_id, WANTED)
    change = StorageAccountChange(label="", description="new", account_type="")

    for act in (
        lambda: accounts.update(cloud.subscription_id, "store1", change),
        lambda: accounts.regenerate_key(cloud.subscription_id, "store1", "Primary"),
        lambda: accounts.delete(IDS[1], cloud.subscription_id, "store1"),
    ):
        with pytest.raises(ProtocolError, match="is in the state Creating"):
            act()


def test_a_deleted_accounts_name_is_free_and_its_keys_open_nothing(cloud: Cloud) -> None:
    accounts = create(cloud)

    accounts.delete(IDS[1], cloud.subscription_id, "store1")

    assert accounts.keys("store1") is None
    assert accounts.is_available("store1")
    assert accounts.used_bytes("store1") == 0


@pytest.mark.parametrize("name", ["abc", "a1b", "123", "a" * 24])
def test_names_of_small_letters_and_numbers_are_taken(name: str) -> None:
    check_account_name(name)
