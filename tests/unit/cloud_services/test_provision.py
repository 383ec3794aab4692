from pathlib import Path

from defusedxml.ElementTree import fromstring

from clouddp.model.cloud_service import DesiredState, ServiceState
from clouddp.model.errors import ConflictError, TemporaryError
from clouddp.network.signed import Purpose, verify_state
from tests.unit.cloud_services.memory_cloud import MemoryCloud
from tests.unit.cloud_services.site_bench import SiteBench, request


def test_a_new_service_becomes_ready_step_by_step(site: SiteBench, cloud: MemoryCloud) -> None:
    cloud.statuses = iter(["BusyRole", "BusyRole", "ReadyRole"])

    accepted = site.use_cases.create(request(), idempotency_key=None)
    service = site.settled(accepted.id)

    assert service is not None
    assert (service.state, service.problem, service.activity) == (ServiceState.READY, None, "")
    assert (service.virtual_ip, service.port) == ("127.8.8.8", 8443)
    assert site.numbers() == [12000, *[12001] * 9, 9409]
    assert [made.partition(" ")[0] for made in cloud.made] == ["account", "service", "certificate", "deployment"]
    log = site.log.path.read_text()
    assert log.count("BusyRole") == 2  # one line for both instances: a status that lasts is told once
    assert "is Ready" in log


def test_the_service_bears_a_name_of_24_hexadecimal_digits_for_both_its_parts(
    site: SiteBench, cloud: MemoryCloud
) -> None:
    accepted = site.use_cases.create(request(), idempotency_key=None)
    site.settled(accepted.id)

    assert cloud.accounts == cloud.services == [accepted.service_name]
    assert len(accepted.service_name) == 24
    assert set(accepted.service_name) <= set("0123456789abcdef")


def test_waiting_for_the_container_is_told_with_elapsed_time_and_deadline(site: SiteBench, cloud: MemoryCloud) -> None:
    cloud.container_looks = 1

    accepted = site.use_cases.create(request(), idempotency_key=None)
    site.settled(accepted.id)

    log = site.log.path.read_text()
    assert "Waiting for check if container exists. Will check again in 0.5 seconds" in log
    assert "seconds until the deadline" in log


def test_the_waiting_line_has_the_french_words_of_the_documents(tmp_path: Path, cloud: MemoryCloud) -> None:
    cloud.container_looks = 1
    site = SiteBench(tmp_path, cloud, language="fr")
    site.start()

    site.settled(site.use_cases.create(request(), idempotency_key=None).id)

    site.close()
    assert (
        "En attente de vérification de l’existence du conteneur. "
        "Une nouvelle vérification sera effectuée dans 0.5 secondes"
    ) in site.log.path.read_text()


def test_the_front_ends_are_told_who_they_are_and_whom_to_believe(site: SiteBench, cloud: MemoryCloud) -> None:
    service = site.use_cases.create(request(), idempotency_key=None)
    site.settled(service.id)

    plan = cloud.deployments[service.service_name]
    root = fromstring(plan.configuration)
    settings = {node.get("name"): node.get("value") for node in root.iter() if node.tag.endswith("Setting")}
    assert settings["ServiceId"] == service.id
    assert settings["StorageLocation"] == f"https://storage.test/{service.service_name}/clouddp"
    assert settings["StorageCredential"] == ""
    assert plan.package_url == f"{settings['StorageLocation']}/package/1.cspkg"
    store = site.stores.open_store(service.id)
    assert store.length("package/1.cspkg")
    state = verify_state(store.get("state/service").decode(), keys=site.keys.public(Purpose.STATE))
    assert (state.service_id, state.epoch, state.sequence, state.running) == (service.id, 1, 1, True)


def test_a_failure_leaves_the_service_in_error_with_the_clouds_own_words_and_retry_goes_on(
    site: SiteBench, cloud: MemoryCloud
) -> None:
    cloud.failures["ensure_service"] = [ConflictError("cloud.name_taken", name="x", detail="Taken, says the cloud.")]

    accepted = site.use_cases.create(request(), idempotency_key=None)
    service = site.settled(accepted.id)

    assert service is not None
    assert service.problem is not None
    assert service.state is ServiceState.ERROR
    assert service.problem.code == "cloud.name_taken"
    assert site.numbers()[-1] == 12002
    assert "Taken, says the cloud." in site.log.path.read_text()

    site.use_cases.retry(accepted.id)
    service = site.settled(accepted.id)

    assert service is not None
    assert (service.state, service.generation) == (ServiceState.READY, 2)
    assert len(cloud.accounts) == 1


def test_trouble_that_passes_is_told_in_the_log_and_not_in_the_state(site: SiteBench, cloud: MemoryCloud) -> None:
    busy = TemporaryError("cloud.busy", cloud_code="ServerBusy", detail="Please retry.", retry_after_seconds=0.01)
    cloud.failures["ensure_service"] = [busy, busy]

    service = site.settled(site.use_cases.create(request(), idempotency_key=None).id)

    assert service is not None
    assert service.state is ServiceState.READY
    assert site.log.path.read_text().count("ServerBusy") == 2


def test_deleting_while_it_is_being_created_leaves_nothing(site: SiteBench, cloud: MemoryCloud) -> None:
    cloud.statuses = iter(["BusyRole"] * 1_000)
    accepted = site.use_cases.create(request(), idempotency_key=None)

    deleted = site.use_cases.delete(accepted.id)

    assert deleted.desired is DesiredState.DELETED
    assert site.settled(accepted.id) is None
    assert (cloud.accounts, cloud.services, cloud.deployments) == ([], [], {})
    assert site.numbers()[-1] == 12004
    assert 9409 not in site.numbers()
