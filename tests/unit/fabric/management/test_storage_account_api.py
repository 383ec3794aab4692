"""Storage accounts are made by an operation, keep their keys, and go with all that is in them."""

from pathlib import Path

import pytest

from clouddp.fabric.blob_storage.files import blob_folder
from tests.unit.fabric.builders import (
    STORAGE_URL,
    Cloud,
    account_document,
    document,
    encoded,
    properties,
    running_cloud,
)

ACCOUNTS = "/services/storageservices"


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    return Cloud(tmp_path)


def test_an_account_has_neither_keys_nor_endpoints_until_it_is_created(cloud: Cloud) -> None:
    accepted = cloud.call("POST", ACCOUNTS, account_document())

    assert accepted.status == 202
    assert accepted.headers["Location"].endswith("/storage/store1")
    assert cloud.call("GET", f"/operations/{accepted.request_id}").text("Status") == "InProgress"
    assert cloud.call("GET", f"{ACCOUNTS}/store1").text(".//Status") == "Creating"
    assert cloud.call("GET", f"{ACCOUNTS}/store1").text(".//Endpoint") == ""
    assert cloud.call("GET", f"{ACCOUNTS}/store1/keys").status == 409
    assert cloud.plane.accounts.keys("store1") is None


def test_a_created_account_shows_its_endpoint_and_keys(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        cloud.make_account()

        answer = cloud.call("GET", f"{ACCOUNTS}/store1")
        keys = cloud.call("GET", f"{ACCOUNTS}/store1/keys")

        assert answer.text(".//Status") == "Created"
        assert answer.text(".//Endpoint") == f"{STORAGE_URL}/store1/"
        assert (answer.text(".//GeoSecondaryRegion"), answer.text(".//StatusOfSecondary")) == ("", "")
        found = (keys.text("StorageServiceKeys/Primary"), keys.text("StorageServiceKeys/Secondary"))
        assert cloud.plane.accounts.keys("store1") == found
        assert found[0] != found[1]


def test_an_accepted_account_is_created_by_the_next_process(cloud: Cloud) -> None:
    accepted = cloud.call("POST", ACCOUNTS, account_document())

    with running_cloud(cloud.state.root) as after:
        assert after.wait_for(accepted.request_id).text("Status") == "Succeeded"
        assert after.plane.accounts.keys("store1") is not None
        assert len(after.plane.accounts.all(after.subscription_id)) == 1


def test_regenerating_replaces_one_key(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        cloud.make_account()
        before = cloud.plane.accounts.keys("store1")

        body = document("RegenerateKeys", KeyType="Secondary")
        answer = cloud.call("POST", f"{ACCOUNTS}/store1/keys?action=regenerate", body)

        after = cloud.plane.accounts.keys("store1")
        assert answer.status == 200
        assert before is not None
        assert after is not None
        assert (before[0] == after[0], before[1] == after[1]) == (True, False)


def test_an_account_that_is_replicated_elsewhere_says_where(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        accepted = cloud.call("POST", ACCOUNTS, account_document(AccountType="Standard_GRS"))
        cloud.wait_for(accepted.request_id)

        answer = cloud.call("GET", f"{ACCOUNTS}/store1")

        assert answer.text(".//GeoSecondaryRegion") == "North Europe"
        assert answer.text(".//StatusOfSecondary") == "Available"


def test_an_update_changes_what_it_names_and_adds_properties(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        body = account_document(Description="first", ExtendedProperties=properties(a="1", b="2"))
        cloud.wait_for(cloud.call("POST", ACCOUNTS, body).request_id)

        body = document(
            "UpdateStorageServiceInput",
            Label=encoded("new"),
            ExtendedProperties=properties(b="3", c="4"),
            AccountType="Standard_RAGRS",
        )
        answer = cloud.call("PUT", f"{ACCOUNTS}/store1", body)

        assert (answer.status, answer.body) == (200, "")
        shown = cloud.call("GET", f"{ACCOUNTS}/store1")
        assert shown.text(".//Label") == encoded("new")
        assert shown.text(".//Description") == "first"
        assert shown.text(".//AccountType") == "Standard_RAGRS"
        assert shown.pairs() == {"a": "1", "b": "3", "c": "4"}


@pytest.mark.parametrize(
    "values",
    [
        {"AccountType": "Golden"},
        {"AccountType": "Standard_ZRS"},
        {"Label": "not base64"},
        {"Description": "x" * 1025},
        {"ExtendedProperties": properties(**{f"p{number}": "" for number in range(50)})},
    ],
    ids=lambda values: next(iter(values)),
)
def test_an_update_that_cannot_be_made_changes_nothing(tmp_path: Path, values: dict[str, str]) -> None:
    with running_cloud(tmp_path) as cloud:
        cloud.wait_for(cloud.call("POST", ACCOUNTS, account_document(ExtendedProperties=properties(a="1"))).request_id)
        before = cloud.call("GET", f"{ACCOUNTS}/store1").body

        answer = cloud.call("PUT", f"{ACCOUNTS}/store1", document("UpdateStorageServiceInput", **values))

        assert (answer.status, answer.error) == (400, "BadRequest")
        assert cloud.call("GET", f"{ACCOUNTS}/store1").body == before


def test_deleting_an_account_removes_its_blobs(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        cloud.make_account()
        folder = blob_folder(cloud.state.root, "store1", "clouddp")
        folder.mkdir()
        (folder / "blob").write_bytes(b"content")
        assert cloud.plane.accounts.used_bytes("store1") == 7

        answer = cloud.call("DELETE", f"{ACCOUNTS}/store1")

        assert answer.status == 200
        assert cloud.call("GET", f"/operations/{answer.request_id}").text("Status") == "Succeeded"
        assert cloud.call("GET", f"{ACCOUNTS}/store1").status == 404
        assert not folder.parent.exists()


def test_a_taken_name_is_not_available_and_conflicts(cloud: Cloud) -> None:
    assert cloud.call("GET", f"{ACCOUNTS}/operations/isavailable/store1").text("Result") == "true"
    cloud.call("POST", ACCOUNTS, account_document())

    again = cloud.call("POST", ACCOUNTS, account_document())

    assert (again.status, again.error) == (409, "ConflictError")
    answer = cloud.call("GET", f"{ACCOUNTS}/operations/isavailable/store1")
    assert answer.text("Result") == "false"
    assert "already" in answer.text("Reason")


@pytest.mark.parametrize("name", ["ab", "Store1", "store-1", "../../etc", "a" * 25, "magasiné"])
def test_a_name_that_no_account_may_have_is_refused(cloud: Cloud, name: str) -> None:
    answer = cloud.call("POST", ACCOUNTS, account_document(name))

    assert answer.error == "BadRequest"
    assert answer.text("Message").startswith("The name is not a valid storage account name.")


@pytest.mark.parametrize(
    "values",
    [
        {"Location": "Atlantis"},
        {"Location": ""},
        {"AccountType": "Golden"},
        {"Label": "not base64"},
        {"Label": encoded(b"\xff")},
        {"AffinityGroup": "group"},
        {"Label": encoded("x" * 101)},
        {"ExtendedProperties": properties(**{"1st": "name begins with a digit"})},
        {"ExtendedProperties": properties(a="x" * 256)},
        {"ExtendedProperties": properties(a="1") + properties(a="2")},
    ],
)
def test_a_value_that_cannot_be_used_is_refused(cloud: Cloud, values: dict[str, str]) -> None:
    answer = cloud.call("POST", ACCOUNTS, account_document(**values))

    assert (answer.status, answer.error) == (400, "BadRequest")
    assert cloud.plane.accounts.all(cloud.subscription_id) == []
