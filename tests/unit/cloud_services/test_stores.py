import pytest

from clouddp.model.errors import NotFoundError, RefusedError
from tests.unit.cloud_services.memory_cloud import MemoryCloud
from tests.unit.cloud_services.site_bench import SiteBench, request


def test_a_key_that_the_store_refuses_is_asked_for_again(site: SiteBench, cloud: MemoryCloud) -> None:
    service = site.use_cases.create(request(), idempotency_key=None)
    site.settled(service.id)
    cloud.old_keys = 1
    opened = cloud.opened
    site.stores.drop(service.id)
    store = site.stores.open_store(service.id)

    store.put("content/ab", b"x")

    assert store.get("content/ab") == b"x"
    assert ("content/ab", 1) in list(store.list("content"))
    assert cloud.opened == opened + 2


def test_a_key_that_is_refused_twice_is_an_error(site: SiteBench, cloud: MemoryCloud) -> None:
    service = site.use_cases.create(request(), idempotency_key=None)
    site.settled(service.id)
    cloud.old_keys = 2
    site.stores.drop(service.id)

    with pytest.raises(RefusedError):
        site.stores.open_store(service.id).length("content/ab")


def test_there_is_no_store_of_an_unknown_distribution_point(site: SiteBench) -> None:
    with pytest.raises(NotFoundError):
        site.stores.open_store("f" * 32)
