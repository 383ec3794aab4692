"""Someone deletes and changes parts of a cloud service by hand; reconcile finds it, and puts it right."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clouddp.cloud_services.marks import Mark, Owner, write_mark
from clouddp.model.cloud_service import CloudService, DesiredState, ServiceState
from clouddp.model.errors import ConflictError, InvalidInputError
from clouddp.model.reconciliation import Remedy
from clouddp.network.signed import Purpose, verify_state
from clouddp.providers.azure_classic.provider import AzureClassicProvider
from clouddp.site_server.reconciliation import OutdatedPreviewError
from tests.integration.fabric_process import FabricProcess
from tests.integration.hand import Hand, open_hand
from tests.integration.reconciled_site import ReconciledSite, chosen
from tests.integration.test_provisioning import answers_health, wanted
from tests.unit.cloud_services.site_bench import OWNER

REGION = "West Europe"
OTHER_REGION = "East US"


@pytest.fixture(scope="module")
def fabric(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FabricProcess]:
    process = FabricProcess(tmp_path_factory.mktemp("cloud"))
    process.start()
    process.upload_management_certificate()
    yield process
    process.stop()


@pytest.fixture(scope="module")
def site(fabric: FabricProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReconciledSite]:
    bench = ReconciledSite(tmp_path_factory.mktemp("site"), AzureClassicProvider())
    bench.start()
    bench.use_cases.create(wanted(fabric), idempotency_key=None)
    yield bench
    bench.close()


@pytest.fixture
def hand(fabric: FabricProcess, tmp_path: Path) -> Iterator[Hand]:
    with open_hand(fabric, tmp_path) as opened:
        yield opened


@pytest.fixture
def service(site: ReconciledSite) -> CloudService:
    """The one cloud distribution point, ready; each test leaves it so."""
    (only,) = site.records.list()
    ready = site.settled(only.id, within_seconds=60)
    assert ready is not None
    assert (ready.state, ready.problem) == (ServiceState.READY, None)
    site.listener.lost.clear()
    return ready


def delete_storage_account(hand: Hand, service: CloudService) -> None:
    hand.delete_storage_account(service.service_name)


def delete_container(hand: Hand, service: CloudService) -> None:
    hand.delete_container(service.service_name)


def delete_state(hand: Hand, service: CloudService) -> None:
    hand.delete_blob(service.service_name, "state/service")


def overwrite_state(hand: Hand, service: CloudService) -> None:
    hand.overwrite_blob(service.service_name, "state/service", b"not signed")


def delete_deployment(hand: Hand, service: CloudService) -> None:
    hand.delete_deployment(service.service_name)


def delete_certificate(hand: Hand, service: CloudService) -> None:
    hand.delete_deployment(service.service_name)
    hand.delete_certificate(service.service_name, service.service_certificate_thumbprint)


def delete_hosted_service(hand: Hand, service: CloudService) -> None:
    hand.delete_deployment(service.service_name)
    hand.delete_hosted_service(service.service_name)


def change_setting(hand: Hand, service: CloudService) -> None:
    hand.change_configuration(service.service_name, lambda text: text.replace(service.id, "00" * 16))


DAMAGES: dict[str, tuple[Callable[[Hand, CloudService], None], list[str], bool]] = {
    "storage account": (delete_storage_account, ["storage-account.missing"], True),
    "container": (delete_container, ["container.missing"], True),
    "signed state": (delete_state, ["service-state.missing"], False),
    "forged state": (overwrite_state, ["service-state.damaged"], False),
    "deployment": (delete_deployment, ["deployment.missing"], False),
    "service certificate": (delete_certificate, ["service-certificate.missing", "deployment.missing"], False),
    "hosted service": (delete_hosted_service, ["hosted-service.missing"], False),
}
QUICK = ("hosted service",)


def test_what_is_as_it_should_be_is_not_found(site: ReconciledSite, service: CloudService) -> None:
    preview = site.reconciliation.preview()

    assert (preview.findings, preview.not_judged) == ((), ())
    assert site.reconciliation.preview_one(service.id).findings == ()


@pytest.mark.parametrize(
    "damage",
    [damage if damage in QUICK else pytest.param(damage, marks=pytest.mark.slow) for damage in DAMAGES],
)
def test_a_piece_that_was_deleted_by_hand_is_found_and_repaired(
    site: ReconciledSite, service: CloudService, hand: Hand, damage: str
) -> None:
    do, expected, is_content_lost = DAMAGES[damage]
    do(hand, service)

    assert site.findings() == expected
    repaired = site.repaired(service)

    assert (repaired.state, repaired.problem) == (ServiceState.READY, None)
    assert site.findings() == []
    assert bool(site.listener.lost) == is_content_lost
    assert answers_health(repaired)
    state = site.stores.open_store(service.id).get("state/service").decode()
    assert verify_state(state, keys=site.keys.public(Purpose.STATE)).running
    assert site.numbers()[-1] == 12034
    assert 12091 in site.numbers()


@pytest.mark.slow
def test_an_extra_certificate_is_removed_and_the_used_one_stays(
    site: ReconciledSite, service: CloudService, hand: Hand
) -> None:
    hand.add_certificate(service.service_name)

    assert site.findings() == ["service-certificate.extra"]
    site.apply(Remedy.REMOVE)
    site.settled(service.id, within_seconds=60)

    assert hand.certificates(service.service_name) == [service.service_certificate_thumbprint]
    assert site.findings() == []


@pytest.mark.slow
def test_a_deployment_that_was_stopped_by_hand_is_adopted_as_stopped_and_back(
    site: ReconciledSite, service: CloudService, hand: Hand
) -> None:
    hand.set_status(service.service_name, "Suspended")

    assert site.findings() == ["deployment.suspended"]
    site.apply(Remedy.ADOPT)
    adopted = site.settled(service.id, within_seconds=60)
    assert adopted is not None
    assert (adopted.desired, adopted.state) == (DesiredState.STOPPED, ServiceState.STOPPED)
    assert site.findings() == []

    hand.set_status(service.service_name, "Running")
    assert site.findings() == ["deployment.running"]
    site.apply(Remedy.ADOPT)
    ended = site.settled(service.id, within_seconds=60)

    assert ended is not None
    assert (ended.desired, ended.state) == (DesiredState.RUNNING, ServiceState.READY)
    assert site.findings() == []
    assert 12090 in site.numbers()


@pytest.mark.slow
def test_a_deployment_that_was_stopped_by_hand_is_started_by_a_repair(
    site: ReconciledSite, service: CloudService, hand: Hand
) -> None:
    hand.set_status(service.service_name, "Suspended")

    repaired = site.repaired(service)

    assert repaired.state is ServiceState.READY
    assert hand.instance_statuses(service.service_name) == ["ReadyRole"] * 2


@pytest.mark.slow
def test_a_changed_setting_is_set_back(site: ReconciledSite, service: CloudService, hand: Hand) -> None:
    hand.change_configuration(
        service.service_name, lambda text: text.replace('name="UsageKey" value="', 'name="UsageKey" value="x')
    )

    assert site.findings() == ["deployment.other-configuration"]
    repaired = site.repaired(service)

    assert repaired.state is ServiceState.READY
    assert site.findings() == []


@pytest.mark.slow
def test_a_number_of_instances_is_adopted_or_set_back(site: ReconciledSite, service: CloudService, hand: Hand) -> None:
    scale(hand, service, 2, 3)
    assert site.findings() == ["deployment.other-count"]
    site.apply(Remedy.ADOPT)
    adopted = site.settled(service.id, within_seconds=60)
    assert adopted is not None
    assert (adopted.instance_count, adopted.state) == (3, ServiceState.READY)
    assert site.findings() == []

    scale(hand, service, 3, 2)
    repaired = site.repaired(service)
    assert repaired.instance_count == 3
    assert hand.instance_statuses(service.service_name) == ["ReadyRole"] * 3

    scale(hand, service, 3, 2)
    site.apply(Remedy.ADOPT)
    ended = site.settled(service.id, within_seconds=60)
    assert ended is not None
    assert (ended.instance_count, ended.state) == (2, ServiceState.READY)


def scale(hand: Hand, service: CloudService, before: int, after: int) -> None:
    hand.change_configuration(
        service.service_name,
        lambda text: text.replace(f'<Instances count="{before}"', f'<Instances count="{after}"'),
    )


@pytest.mark.slow
def test_a_storage_account_in_another_region_is_moved_only_by_its_own_repair(
    site: ReconciledSite, service: CloudService, hand: Hand
) -> None:
    hand.delete_storage_account(service.service_name)
    hand.create_storage_account(service.service_name, region=OTHER_REGION)

    assert "storage-account.elsewhere" in site.findings()
    site.apply(Remedy.REPAIR, only=lambda found: "storage-account" not in found)
    site.settled(service.id, within_seconds=60)
    assert site.findings() == ["storage-account.elsewhere"]

    repaired = site.repaired(service)

    assert repaired.state is ServiceState.READY
    assert repaired.removed_first == ("storage_account",)
    assert site.findings() == []
    found = hand.client.get_storage_account_properties(service.service_name)
    assert found.storage_service_properties.location == REGION


def test_orphans_are_removed_and_what_is_not_ours_is_not_touched(
    site: ReconciledSite, service: CloudService, hand: Hand
) -> None:
    ours = dict(write_mark(Mark(owner=OWNER, service_id="0a" * 16)))
    foreign = dict(write_mark(Mark(owner=Owner(site_code="P01", site_id="99" * 16), service_id="0b" * 16)))
    hand.create_storage_account("orphan", region=REGION, properties=ours)
    hand.create_hosted_service("orphan", region=REGION, properties=ours)
    hand.create_storage_account("foreign", region=REGION, properties=foreign)
    hand.create_hosted_service("foreign", region=REGION, properties=foreign)
    hand.create_storage_account("unmarked", region=REGION)

    preview = site.reconciliation.preview()
    assert sorted(finding.id for finding in preview.findings) == [
        "orphan.hosted-service.orphaned",
        "orphan.storage-account.orphaned",
    ]
    site.reconciliation.apply(preview.digest, chosen(preview, Remedy.REMOVE))
    site.await_removals()

    name = service.service_name
    assert hand.names() == ({name, "foreign", "unmarked"}, {name, "foreign"})
    assert site.findings() == []
    assert site.numbers().count(12092) >= 2
    assert site.numbers().count(12093) == 2
    assert site.records.get(service.id).generation == service.generation


@pytest.mark.slow
def test_remedies_by_an_outdated_preview_are_refused_with_the_new_one(
    site: ReconciledSite, service: CloudService, hand: Hand
) -> None:
    before = site.reconciliation.preview()
    hand.delete_blob(service.service_name, "state/service")

    with pytest.raises(OutdatedPreviewError) as refusal:
        site.reconciliation.apply(before.digest, {"anything": Remedy.REPAIR})

    new = refusal.value.preview
    assert [finding.id for finding in new.findings] == [f"{service.service_name}.service-state.missing"]
    with pytest.raises(InvalidInputError):
        site.reconciliation.apply(new.digest, {"anything": Remedy.REPAIR})
    assert site.records.get(service.id).generation == service.generation
    site.reconciliation.apply(new.digest, chosen(new, Remedy.REPAIR))
    site.settled(service.id, within_seconds=60)


def test_two_reconciles_at_once_change_the_record_once(site: ReconciledSite, service: CloudService, hand: Hand) -> None:
    hand.delete_blob(service.service_name, "state/service")
    preview = site.reconciliation.preview()
    refusals: list[ConflictError] = []

    def apply() -> None:
        try:
            site.reconciliation.apply(preview.digest, chosen(preview, Remedy.REPAIR))
        except ConflictError as error:
            refusals.append(error)

    threads = [threading.Thread(target=apply) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ended = site.settled(service.id, within_seconds=60)

    assert ended is not None
    assert ended.generation == service.generation + 1
    assert [refusal.code for refusal in refusals] in (["reconciliation.applied_elsewhere"], ["reconciliation.outdated"])


@pytest.mark.slow
def test_a_service_with_work_under_way_is_told_and_not_judged(
    site: ReconciledSite, service: CloudService, hand: Hand
) -> None:
    site.use_cases.repair(service.id)

    preview = site.reconciliation.preview()

    assert preview.findings == ()
    assert [untold.code for untold in preview.not_judged] == ["reconciliation.work_under_way"]
    site.settled(service.id, within_seconds=60)
