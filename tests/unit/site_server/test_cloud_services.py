from collections.abc import Iterator
from pathlib import Path

import pytest

from clouddp.cloud_services.preflight import new_service_name
from clouddp.model.cloud_service import CloudService, DesiredState, ServiceState
from clouddp.model.errors import ConflictError, InvalidInputError
from clouddp.model.settings import Quotas
from clouddp.network.certificates import to_pfx
from clouddp.site_server.database.cloud_service_secrets import CertificateFile
from clouddp.site_server.database.cloud_services import NewCloudService
from tests.unit.cloud_services.memory_cloud import MemoryCloud
from tests.unit.cloud_services.site_bench import (
    PASSWORD,
    SiteBench,
    management_certificate,
    request,
    service_certificate,
)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SiteBench]:
    bench = SiteBench(tmp_path, MemoryCloud(tmp_path / "cloud"))  # nothing is started: only what is wanted is recorded
    yield bench
    bench.database.dispose()


def new_service(fqdn: str) -> NewCloudService:
    management, service = management_certificate(), service_certificate()
    return NewCloudService(
        provider="azure-classic",
        management_url="https://127.0.0.1:8443",
        subscription_id="s",
        authorities_pem=None,
        region="West Europe",
        service_fqdn=fqdn,
        service_name=new_service_name(),
        description="",
        instance_count=2,
        quotas=Quotas(),
        management_certificate=CertificateFile(management, PASSWORD),
        service_certificate=CertificateFile(service, PASSWORD),
    )


def test_a_creation_is_recorded_with_its_generated_name_and_told(site: SiteBench) -> None:
    service = site.use_cases.create(request(description="Trial"), idempotency_key=None)

    assert service.state is ServiceState.PROVISIONING
    assert (service.generation, service.settled_generation) == (1, 0)
    assert service.service_fqdn == "clouddp1.contoso.com"
    assert service.description == "Trial"
    assert site.numbers() == [12000]


def test_two_deletions_at_once_are_one(site: SiteBench, monkeypatch: pytest.MonkeyPatch) -> None:
    service = site.use_cases.create(request(), idempotency_key=None)
    get = site.records.get

    def get_then_another_deletes(service_id: str) -> CloudService:
        seen = get(service_id)
        monkeypatch.setattr(site.records, "get", get)
        site.use_cases.delete(service_id)
        return seen

    monkeypatch.setattr(site.records, "get", get_then_another_deletes)
    deleted = site.use_cases.delete(service.id)

    assert (deleted.state, deleted.generation) == (ServiceState.DELETING, 2)


def test_a_refused_creation_changes_nothing(site: SiteBench) -> None:
    with pytest.raises(InvalidInputError) as caught:
        site.use_cases.create(request(region="Atlantis"), idempotency_key=None)

    assert [fault.code for fault in caught.value.faults] == ["cloud.region_unknown"]
    assert site.use_cases.list() == []
    assert site.numbers() == []


def test_the_same_request_sent_twice_makes_one(site: SiteBench) -> None:
    wanted = request()

    first = site.use_cases.create(wanted, idempotency_key="k")
    second = site.use_cases.create(wanted, idempotency_key="k")

    assert first == second
    assert site.numbers() == [12000]


def test_a_key_used_for_another_request_is_refused(site: SiteBench) -> None:
    site.use_cases.create(request(), idempotency_key="k")

    with pytest.raises(ConflictError, match="idempotency_key_reused"):
        site.use_cases.create(request(description="other"), idempotency_key="k")


def test_the_database_refuses_a_second_service_of_one_fqdn_however_close_two_requests_are(site: SiteBench) -> None:
    site.records.create(new_service("clouddp1.contoso.com"))

    with pytest.raises(ConflictError, match="fqdn_in_use"):
        site.records.create(new_service("CLOUDDP1.contoso.com"))

    assert len(site.use_cases.list()) == 1


def test_certificates_and_passwords_are_not_in_the_database_file(site: SiteBench, tmp_path: Path) -> None:
    wanted = request()
    service = site.use_cases.create(wanted, idempotency_key=None)
    site.database.dispose()

    stored = b"".join(file.read_bytes() for file in tmp_path.glob("site.db*"))
    key = to_pfx(management_certificate(), PASSWORD)[:64]
    assert PASSWORD.encode() not in stored
    assert key not in stored
    settings = site.clouds._secrets.connection_settings(service)
    assert settings.management_certificate.thumbprint == management_certificate().thumbprint


def test_a_deletion_is_a_new_generation(site: SiteBench) -> None:
    service = site.use_cases.create(request(), idempotency_key=None)

    deleted = site.use_cases.delete(service.id)

    assert (deleted.desired, deleted.state, deleted.generation) == (DesiredState.DELETED, ServiceState.DELETING, 2)
    assert site.numbers() == [12000, 12003]


def test_only_what_ended_in_an_error_is_retried(site: SiteBench) -> None:
    service = site.use_cases.create(request(), idempotency_key=None)

    with pytest.raises(ConflictError, match="nothing_to_retry"):
        site.use_cases.retry(service.id)


def test_what_is_said_of_an_older_generation_changes_nothing(site: SiteBench) -> None:
    service = site.use_cases.create(request(), idempotency_key=None)
    site.use_cases.delete(service.id)

    site.records.settle(service.id, generation=1, state=ServiceState.READY, problem=None)
    site.records.remove(service.id, generation=1)

    assert site.use_cases.get(service.id).state is ServiceState.DELETING
