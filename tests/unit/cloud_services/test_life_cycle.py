import threading

import pytest

from clouddp.model.cloud_service import CloudService, DesiredState, ServiceAction, ServiceState
from clouddp.model.errors import CloudError, ConflictError, InvalidInputError, TemporaryError
from clouddp.network.signed import Purpose, verify_state
from clouddp.site_server.cloud_services import ChangeRequest
from tests.unit.cloud_services.memory_cloud import MemoryCloud
from tests.unit.cloud_services.site_bench import (
    SiteBench,
    management_certificate,
    request,
    service_certificate,
    upload,
)

REFUSED = CloudError("cloud.refused", status=400, cloud_code="BadRequest", detail="No.")


@pytest.fixture
def service(site: SiteBench) -> CloudService:
    return settled(site, site.use_cases.create(request(), idempotency_key=None))


def settled(site: SiteBench, service: CloudService) -> CloudService:
    found = site.settled(service.id)
    assert found is not None
    return found


def is_running(site: SiteBench, service: CloudService) -> bool:
    token = site.stores.open_store(service.id).get("state/service").decode()
    return verify_state(token, keys=site.keys.public(Purpose.STATE)).running


def test_a_stop_tells_the_front_ends_and_suspends_and_a_start_undoes_both(
    site: SiteBench, cloud: MemoryCloud, service: CloudService
) -> None:
    stopped = settled(site, site.use_cases.stop(service.id))
    assert (stopped.state, stopped.desired, is_running(site, service)) == (
        ServiceState.STOPPED,
        DesiredState.STOPPED,
        False,
    )
    assert cloud.suspended == {service.service_name}

    started = settled(site, site.use_cases.start(service.id))

    assert (started.state, is_running(site, service)) == (ServiceState.READY, True)
    assert cloud.suspended == set()
    assert site.numbers()[11:] == [12007, 12001, 12001, 12030, 12006, 12001, 12001, 12001, 12001, 12031]


def test_another_instance_count_is_brought_to_the_cloud(
    site: SiteBench, cloud: MemoryCloud, service: CloudService
) -> None:
    wanted = site.use_cases.change(service.id, ChangeRequest(instance_count=3, description="Three"))
    assert (wanted.state, wanted.action, wanted.description) == (ServiceState.UPGRADING, ServiceAction.CHANGE, "Three")

    assert settled(site, wanted).state is ServiceState.READY
    assert b'<Instances count="3"' in cloud.deployments[service.service_name].configuration
    assert site.numbers()[-1] == 12032


@pytest.mark.slow
def test_description_and_quotas_change_at_once_without_work(
    site: SiteBench, cloud: MemoryCloud, service: CloudService
) -> None:
    made = list(cloud.made)

    revised = site.use_cases.change(service.id, ChangeRequest(description="Trial", warning_percent=60))

    assert (revised.description, revised.quotas.warning_percent, revised.generation) == ("Trial", 60, 1)
    assert (revised.state, cloud.made) == (ServiceState.READY, made)
    assert site.numbers()[-1] == 12018
    assert site.use_cases.change(service.id, ChangeRequest()) == revised


@pytest.mark.slow
def test_impossible_changes_are_refused_with_all_faults_at_once(site: SiteBench, service: CloudService) -> None:
    with pytest.raises(InvalidInputError) as caught:
        site.use_cases.change(service.id, ChangeRequest(instance_count=0, storage_quota_bytes=0, warning_percent=99))

    assert {fault.code for fault in caught.value.faults} == {
        "cloud.instance_count",
        "cloud.quota_not_positive",
        "cloud.thresholds",
    }
    assert site.use_cases.get(service.id) == service


@pytest.mark.slow
def test_more_instances_than_the_subscription_has_cores_for_are_refused(site: SiteBench, service: CloudService) -> None:
    with pytest.raises(InvalidInputError) as caught:
        site.use_cases.change(service.id, ChangeRequest(instance_count=23))

    assert [fault.code for fault in caught.value.faults] == ["cloud.no_core_left"]


def test_a_new_certificate_takes_the_place_of_the_old_one_everywhere(
    site: SiteBench, cloud: MemoryCloud, service: CloudService
) -> None:
    old, new = service_certificate(), service_certificate("CLOUDDP1.contoso.com")

    wanted = site.use_cases.replace_certificate(service.id, upload(new), accept_wildcard=False)
    assert wanted.service_certificate_thumbprint == new.thumbprint
    assert wanted.previous_certificate_thumbprints == (old.thumbprint,)
    replaced = settled(site, wanted)

    assert (replaced.state, replaced.previous_certificate_thumbprints) == (ServiceState.READY, ())
    assert cloud.certificates == [new.thumbprint]
    assert new.thumbprint.encode() in cloud.deployments[service.service_name].configuration
    assert site.secrets.service_certificate(service.id).thumbprint == new.thumbprint
    again = site.use_cases.replace_certificate(service.id, upload(new), accept_wildcard=False)
    assert again.generation == replaced.generation


@pytest.mark.slow
def test_a_certificate_that_cannot_be_used_is_refused_with_the_reasons(site: SiteBench, service: CloudService) -> None:
    swapped, other, wildcard = management_certificate(), service_certificate("x.contoso.com"), "*.contoso.com"
    uploads = {
        "certificate.management_given_as_service": upload(swapped),
        "certificate.host_not_covered": upload(other),
        "certificate.wildcard": upload(service_certificate(wildcard)),
        "certificate.pfx_password": upload(other, "wrong"),
    }

    for code, given in uploads.items():
        with pytest.raises(InvalidInputError) as caught:
            site.use_cases.replace_certificate(service.id, given, accept_wildcard=False)
        assert code in {fault.code for fault in caught.value.faults}

    assert site.use_cases.get(service.id) == service
    accepted = site.use_cases.replace_certificate(
        service.id, upload(service_certificate(wildcard)), accept_wildcard=True
    )
    assert settled(site, accepted).state is ServiceState.READY


def test_an_upgrade_brings_a_new_service_package_and_removes_the_old(
    site: SiteBench, cloud: MemoryCloud, service: CloudService
) -> None:
    upgraded = settled(site, site.use_cases.upgrade(service.id))

    assert (upgraded.state, upgraded.package_generation) == (ServiceState.READY, 2)
    assert cloud.deployments[service.service_name].name == "clouddp2"
    assert [name for name, _ in site.stores.open_store(service.id).list("package")] == ["package/2.cspkg"]
    assert site.listener.lost == [service.id]  # when it was created; an upgrade loses nothing
    assert site.numbers()[-1] == 12033


@pytest.mark.slow
def test_a_stopped_service_is_changed_and_upgraded_and_stays_stopped(
    site: SiteBench, cloud: MemoryCloud, service: CloudService
) -> None:
    settled(site, site.use_cases.stop(service.id))

    changed = settled(site, site.use_cases.change(service.id, ChangeRequest(instance_count=1)))
    upgraded = settled(site, site.use_cases.upgrade(service.id))

    assert (changed.state, upgraded.state) == (ServiceState.STOPPED, ServiceState.STOPPED)
    assert cloud.suspended == {service.service_name}


@pytest.mark.slow
def test_each_action_fails_with_a_number_of_its_own_and_is_done_again(
    site: SiteBench, cloud: MemoryCloud, service: CloudService
) -> None:
    cloud.failures = {"ensure_suspended": [REFUSED], "ensure_running": [REFUSED], "ensure_package": [REFUSED]}
    cloud.failures |= {"ensure_configuration": [REFUSED]}

    settled(site, site.use_cases.stop(service.id))
    settled(site, site.use_cases.retry(service.id))
    settled(site, site.use_cases.start(service.id))
    settled(site, site.use_cases.retry(service.id))
    settled(site, site.use_cases.change(service.id, ChangeRequest(instance_count=1)))
    settled(site, site.use_cases.retry(service.id))
    settled(site, site.use_cases.upgrade(service.id))
    ended = settled(site, site.use_cases.retry(service.id))

    assert ended.state is ServiceState.READY
    told = [number for number in site.numbers()[11:] if number != 12001]
    assert told == [
        *(12007, 12036, 12017, 12030),
        *(12006, 12035, 12017, 12031),
        *(12008, 12037, 12017, 12032),
        *(12009, 12038, 12017, 12033),
    ]


def test_a_repair_makes_again_what_is_missing_and_has_lost_content_sent_again(
    site: SiteBench, cloud: MemoryCloud, service: CloudService
) -> None:
    cloud.lose_everything()
    site.stores.drop(service.id)

    repaired = settled(site, site.use_cases.repair(service.id))

    assert repaired.state is ServiceState.READY
    assert (cloud.accounts, cloud.services) == ([service.service_name], [service.service_name])
    assert list(cloud.deployments) == [service.service_name]
    assert site.listener.lost == [service.id] * 2  # at the creation, and now
    assert site.numbers()[-1] == 12034


def test_after_an_error_a_start_looks_at_every_piece(
    site: SiteBench, cloud: MemoryCloud, service: CloudService
) -> None:
    settled(site, site.use_cases.stop(service.id))
    cloud.deployments.clear()
    assert settled(site, site.use_cases.start(service.id)).state is ServiceState.ERROR

    mended = settled(site, site.use_cases.start(service.id))

    assert (mended.state, mended.action) == (ServiceState.READY, ServiceAction.REPAIR)
    assert list(cloud.deployments) == [service.service_name]


def test_a_stop_goes_on_when_the_storage_does_not_take_the_state(
    site: SiteBench, cloud: MemoryCloud, service: CloudService
) -> None:
    cloud.accounts.clear()
    site.stores.drop(service.id)

    stopped = settled(site, site.use_cases.stop(service.id))

    assert stopped.state is ServiceState.STOPPED
    assert cloud.suspended == {service.service_name}
    assert service.id in [due.service_id for due in site.progress.states_written_before(stopped.created_at)]


def test_a_cancelled_creation_is_undone_and_its_record_removed(site: SiteBench, cloud: MemoryCloud) -> None:
    cloud.statuses = iter(["BusyRole"] * 1_000)
    service = site.use_cases.create(request(), idempotency_key=None)

    assert site.use_cases.cancel(service.id).state is ServiceState.DELETING

    assert site.settled(service.id) is None
    assert (cloud.accounts, cloud.services, cloud.deployments) == ([], [], {})
    assert [number for number in site.numbers() if number != 12001] == [12000, 12016, 12004]


@pytest.mark.slow
def test_a_creation_that_has_ended_is_not_cancelled(site: SiteBench, service: CloudService) -> None:
    with pytest.raises(ConflictError, match="transition_refused"):
        site.use_cases.cancel(service.id)

    assert site.use_cases.get(service.id) == service


@pytest.mark.slow
def test_a_deletion_takes_the_place_of_any_other_work(
    site: SiteBench, cloud: MemoryCloud, service: CloudService
) -> None:
    cloud.statuses = iter(["BusyRole"] * 1_000)
    site.use_cases.upgrade(service.id)

    site.use_cases.delete(service.id)

    assert site.settled(service.id) is None
    assert 12033 not in site.numbers()
    assert cloud.deployments == {}


@pytest.mark.slow
def test_of_many_operations_at_once_one_is_accepted(site: SiteBench, service: CloudService) -> None:
    gate = threading.Barrier(8)
    outcomes: list[str] = []

    def stop() -> None:
        gate.wait()
        try:
            outcomes.append(site.use_cases.stop(service.id).state)
        except ConflictError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=stop) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes.count(ServiceState.STOPPING) == 1
    assert {"cloud.work_under_way", "cloud.transition_refused", ServiceState.STOPPING} >= set(outcomes)
    assert settled(site, service).generation == 2
    assert site.numbers().count(12007) == 1


@pytest.mark.slow
def test_how_long_work_takes_is_told_while_it_is_under_way(site: SiteBench, cloud: MemoryCloud) -> None:
    cloud.failures["check_access"] = []
    busy = TemporaryError("cloud.busy", cloud_code="ServerBusy", detail="Later.", retry_after_seconds=0.05)
    cloud.failures["ensure_service"] = [busy] * 3
    service = site.use_cases.create(request(), idempotency_key=None)

    seen = site.use_cases.get(service.id)
    while seen.deadline_at is None:
        seen = site.use_cases.get(service.id)
    progress = site.use_cases.progress_of(seen)
    ended = settled(site, service)

    assert progress.elapsed_seconds is not None
    assert progress.remaining_seconds is not None
    assert 1_700 < progress.elapsed_seconds + progress.remaining_seconds <= 1_800
    at_rest = site.use_cases.progress_of(ended)
    assert (at_rest.elapsed_seconds, at_rest.remaining_seconds) == (None, None)


def test_why_a_step_is_tried_again_is_told_until_it_went_well(site: SiteBench, cloud: MemoryCloud) -> None:
    busy = TemporaryError("cloud.busy", cloud_code="ServerBusy", detail="Later.", retry_after_seconds=0.01)
    cloud.failures["ensure_service"] = [busy] * 1_000
    service = site.use_cases.create(request(), idempotency_key=None)

    while (delay := site.use_cases.progress_of(site.use_cases.get(service.id)).delay) is None:
        assert not site.use_cases.get(service.id).is_settled
    cloud.failures["ensure_service"].clear()
    ended = settled(site, service)

    assert (delay.code, delay.arguments["detail"]) == ("cloud.busy", "Later.")
    assert ended.state is ServiceState.READY
    assert site.delays.find(service.id) is None
