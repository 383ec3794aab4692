"""Containers: made once, seen, removed with all they hold."""

from collections.abc import Iterator

from azure.storage.blob import ContainerClient

from tests.contracts.blob_service.refusals import refusal
from tests.contracts.blob_service.services import Service


def test_a_container_is_made_once(container: ContainerClient) -> None:
    found = container.get_container_properties()

    assert found.name == container.container_name
    assert found.etag.startswith('"')
    assert found.last_modified is not None
    assert refusal(container.create_container) == (409, "ContainerAlreadyExists")


def test_an_absent_container_is_missed_by_every_operation(service: Service, numbers: Iterator[int]) -> None:
    with service.client() as client:
        absent = client.get_container_client(f"absent-{next(numbers)}")

        assert not absent.exists()
        assert refusal(absent.get_container_properties) == (404, "ContainerNotFound")
        assert refusal(absent.delete_container) == (404, "ContainerNotFound")
        assert refusal(lambda: list(absent.list_blobs())) == (404, "ContainerNotFound")
        assert refusal(lambda: absent.upload_blob("a", b"x")) == (404, "ContainerNotFound")
        assert refusal(lambda: absent.download_blob("a")) == (404, "ContainerNotFound")
        assert refusal(lambda: absent.delete_blob("a")) == (404, "ContainerNotFound")
        assert refusal(lambda: absent.get_blob_client("a").stage_block("AAAA", b"x")) == (404, "ContainerNotFound")


def test_a_removed_container_takes_its_blobs_with_it(container: ContainerClient) -> None:
    container.upload_blob("content/a", b"x", metadata={"kind": "trial"})

    container.delete_container()

    assert not container.exists()
    assert refusal(lambda: container.download_blob("content/a")) == (404, "ContainerNotFound")


def test_names_that_no_container_can_have_are_refused(service: Service) -> None:
    with service.client() as client:
        for name in ("ab", "-abc", "a--b", "Abc", "a_b"):
            status, code = refusal(lambda name=name: client.create_container(name))  # type: ignore[misc]  # a default
            assert (status, code) in ((400, "InvalidResourceName"), (400, "OutOfRangeInput")), name
