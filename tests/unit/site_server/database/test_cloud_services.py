"""What the database lets two at once do to one cloud distribution point."""

import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from clouddp.model.cloud_service import CloudService, DesiredState, ServiceAction, ServiceState
from clouddp.model.errors import ConflictError, NotFoundError
from clouddp.model.settings import Quotas
from clouddp.model.transitions import ServiceOperation, Transition, check_transition
from clouddp.site_server.database.cloud_service_secrets import CertificateFile
from clouddp.site_server.database.cloud_services import Changes, CloudServiceRepository, NewCloudService
from clouddp.site_server.database.engine import write
from tests.unit.cloud_services.memory_cloud import MemoryCloud
from tests.unit.cloud_services.site_bench import PASSWORD, SiteBench, management_certificate, service_certificate

STOP = Transition(ServiceAction.STOP, DesiredState.STOPPED, ServiceState.STOPPING)
UPGRADE = Transition(ServiceAction.UPGRADE, DesiredState.RUNNING, ServiceState.UPGRADING)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SiteBench]:
    bench = SiteBench(tmp_path, MemoryCloud(tmp_path / "cloud"))
    yield bench
    bench.database.dispose()


@pytest.fixture
def ready(site: SiteBench) -> CloudService:
    service = site.records.create(new_service())
    site.records.settle(service.id, generation=1, state=ServiceState.READY, problem=None)
    return site.records.get(service.id)


def new_service(fqdn: str = "clouddp1.contoso.com", **changes: str | None) -> NewCloudService:
    management, service = management_certificate(), service_certificate()
    plain = NewCloudService(
        provider="azure-classic",
        management_url="https://127.0.0.1:8443",
        subscription_id="s",
        authorities_pem=None,
        region="West Europe",
        service_fqdn=fqdn,
        service_name=secrets.token_hex(12),
        description="",
        instance_count=2,
        quotas=Quotas(),
        management_certificate=CertificateFile(management, PASSWORD),
        service_certificate=CertificateFile(service, PASSWORD),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # names and texts of optional fields


def at_once(works: list[Callable[[], object]]) -> list[object]:
    gate, outcomes = threading.Barrier(len(works)), list[object]()

    def run(work: Callable[[], object]) -> None:
        gate.wait()
        try:
            outcomes.append(work())
        except ConflictError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_of_two_that_want_something_at_once_one_is_told_that_somebody_was_faster(
    site: SiteBench, ready: CloudService
) -> None:
    outcomes = at_once([lambda: site.records.want(ready, STOP), lambda: site.records.want(ready, UPGRADE)])

    (won,) = [outcome for outcome in outcomes if isinstance(outcome, CloudService)]
    (lost,) = [outcome for outcome in outcomes if isinstance(outcome, ConflictError)]
    assert (won.generation, lost.code) == (2, "cloud.changed_meanwhile")
    assert site.records.get(ready.id) == won


def test_what_was_seen_before_the_work_ended_is_not_acted_on(site: SiteBench) -> None:
    creating = site.records.create(new_service())
    cancel = check_transition(creating, ServiceOperation.CANCEL)
    site.records.settle(creating.id, generation=1, state=ServiceState.READY, problem=None)

    with pytest.raises(ConflictError, match="changed_meanwhile"):
        site.records.want(creating, cancel)

    assert site.records.get(creating.id).state is ServiceState.READY


def test_a_certificate_is_replaced_together_with_the_wish_or_not_at_all(site: SiteBench, ready: CloudService) -> None:
    new = service_certificate("CloudDP1.contoso.com")
    changes = Changes(service_certificate=CertificateFile(new, PASSWORD))
    site.records.want(ready, STOP)

    with pytest.raises(ConflictError):
        site.records.want(ready, UPGRADE, changes=changes)
    assert site.secrets.service_certificate(ready.id).thumbprint == service_certificate().thumbprint
    changed = site.records.want(site.records.get(ready.id), UPGRADE, changes=changes)

    assert site.secrets.service_certificate(ready.id).thumbprint == new.thumbprint
    assert changed.previous_certificate_thumbprints == (service_certificate().thumbprint,)


def test_a_wish_for_what_is_gone_finds_nothing(site: SiteBench, ready: CloudService) -> None:
    site.records.remove(ready.id, generation=1)

    with pytest.raises(NotFoundError):
        site.records.want(ready, STOP)


def test_what_collides_is_told_by_its_own_name(site: SiteBench) -> None:
    site.records.create(new_service(idempotency_key="k", request_digest="d"))

    with pytest.raises(ConflictError, match="fqdn_in_use"):
        site.records.create(new_service("CLOUDDP1.contoso.com"))
    with pytest.raises(ConflictError, match="idempotency_key_reused"):
        site.records.create(new_service("other.contoso.com", idempotency_key="k"))


def test_a_database_that_refuses_for_another_reason_says_so(site: SiteBench) -> None:
    trigger = "CREATE TRIGGER no BEFORE INSERT ON cloud_service BEGIN SELECT RAISE(ABORT, 'no room'); END"
    with write(site.database) as connection:
        connection.execute(text(trigger))

    with pytest.raises(IntegrityError, match="no room"):
        site.records.create(new_service())


def test_two_creations_of_one_name_at_once_make_one(site: SiteBench) -> None:
    def create(repository: CloudServiceRepository) -> CloudService:
        return repository.create(new_service())

    outcomes = at_once([lambda: create(site.records)] * 4)

    assert len([outcome for outcome in outcomes if isinstance(outcome, CloudService)]) == 1
    assert {outcome.code for outcome in outcomes if isinstance(outcome, ConflictError)} == {"cloud.fqdn_in_use"}


def test_what_was_judged_by_older_quotas_is_not_written(site: SiteBench, ready: CloudService) -> None:
    first = site.records.revise(ready, Changes(quotas=replace(ready.quotas, storage_bytes=5)))

    late = site.records.revise(ready, Changes(quotas=replace(ready.quotas, transfer_bytes=7)))

    assert first is not None
    assert late is None
    assert site.records.get(ready.id).quotas == replace(ready.quotas, storage_bytes=5)


def test_a_description_that_comes_after_a_deletion_is_not_written(site: SiteBench, ready: CloudService) -> None:
    site.records.want(ready, check_transition(ready, ServiceOperation.DELETE))

    assert site.records.revise(ready, Changes(description="late")) is None
    assert site.records.get(ready.id).description == ""
