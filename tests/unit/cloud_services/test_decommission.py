import pytest

from clouddp.model.cloud_service import ServiceState
from clouddp.model.errors import CloudError, NotFoundError
from tests.unit.cloud_services.memory_cloud import MemoryCloud
from tests.unit.cloud_services.site_bench import SiteBench, request


def test_deletion_removes_deployment_service_storage_and_then_the_record(site: SiteBench, cloud: MemoryCloud) -> None:
    service = site.use_cases.create(request(), idempotency_key=None)
    site.settled(service.id)

    assert site.use_cases.delete(service.id).state is ServiceState.DELETING

    assert site.settled(service.id) is None
    assert (cloud.accounts, cloud.services, cloud.deployments) == ([], [], {})
    assert site.listener.forgotten == [service.id]
    assert site.numbers()[-5:] == [12003, 12001, 12001, 12001, 12004]
    with pytest.raises(NotFoundError):
        site.use_cases.get(service.id)


def test_deleting_twice_is_deleting_once_and_frees_the_name(site: SiteBench) -> None:
    service = site.use_cases.create(request(), idempotency_key=None)
    site.settled(service.id)

    first, second = site.use_cases.delete(service.id), site.use_cases.delete(service.id)
    site.settled(service.id)

    assert first.generation == second.generation
    assert site.use_cases.create(request(), idempotency_key=None).service_name != service.service_name


def test_a_deletion_that_fails_is_in_error_and_is_retried_as_a_deletion(site: SiteBench, cloud: MemoryCloud) -> None:
    service = site.use_cases.create(request(), idempotency_key=None)
    site.settled(service.id)
    cloud.failures["remove_service"] = [CloudError("cloud.refused", status=400, cloud_code="BadRequest", detail="No.")]

    site.use_cases.delete(service.id)
    failed = site.settled(service.id)
    assert failed is not None
    assert failed.state is ServiceState.ERROR
    assert site.numbers()[-1] == 12005

    site.use_cases.retry(service.id)

    assert site.settled(service.id) is None
    assert cloud.services == []
