from collections.abc import Iterator
from pathlib import Path

import pytest

from clouddp.cloud_services.marks import Mark, write_mark
from clouddp.model.cloud_service import CloudService, ServiceState
from clouddp.model.errors import CloudError, RefusedError
from clouddp.model.reconciliation import Remedy
from tests.integration.reconciled_site import ReconciledSite, chosen, short
from tests.unit.cloud_services.site_bench import OWNER, request, service_certificate, upload
from tests.unit.cloud_services.told_cloud import ToldCloud

OURS = write_mark(Mark(owner=OWNER, service_id="0a" * 16))


@pytest.fixture
def cloud(tmp_path: Path) -> ToldCloud:
    return ToldCloud(tmp_path / "cloud")


@pytest.fixture
def site(tmp_path: Path, cloud: ToldCloud) -> Iterator[ReconciledSite]:
    bench = ReconciledSite(tmp_path, cloud)
    bench.start()
    yield bench
    bench.close()


@pytest.fixture
def service(site: ReconciledSite) -> CloudService:
    ready = site.settled(site.use_cases.create(request(), idempotency_key=None).id)
    assert ready is not None
    assert ready.state is ServiceState.READY
    return ready


def test_the_digest_is_that_of_what_is_seen(site: ReconciledSite, service: CloudService, cloud: ToldCloud) -> None:
    sound, again = site.reconciliation.preview(), site.reconciliation.preview()
    cloud.certificates.append("CD" * 20)
    other = site.reconciliation.preview()

    assert sound.digest == again.digest != other.digest
    assert [short(finding.id) for finding in other.findings] == ["service-certificate.extra"]
    assert other.generations == {service.id: service.generation}


def test_what_was_created_while_the_cloud_was_looked_at_is_no_orphan(
    site: ReconciledSite, service: CloudService, cloud: ToldCloud
) -> None:
    def create() -> None:
        cloud.when_listed = lambda: None
        certificate = upload(service_certificate("clouddp2.contoso.com"))
        made = site.use_cases.create(request(service_certificate=certificate), idempotency_key=None)
        site.settled(made.id)

    cloud.when_listed = create

    findings = site.reconciliation.preview().findings
    assert [finding for finding in findings if finding.service_id is None] == []
    assert len(cloud.services) == 2


def test_a_service_that_changed_while_it_was_looked_at_is_not_judged(
    site: ReconciledSite, service: CloudService, cloud: ToldCloud
) -> None:
    cloud.deployments.clear()

    def repair() -> None:
        site.use_cases.repair(service.id)

    cloud.when_listed = repair

    preview = site.reconciliation.preview()

    assert preview.findings == ()
    assert [untold.code for untold in preview.not_judged] == ["reconciliation.work_under_way"]
    cloud.when_listed = lambda: None
    site.settled(service.id)


def test_a_cloud_that_refuses_is_told_and_nothing_of_it_is_judged(
    site: ReconciledSite, service: CloudService, cloud: ToldCloud
) -> None:
    cloud.lose_everything()
    refusal = RefusedError("cloud.certificate_not_known", thumbprint="AB", subscription_id="s", detail="No.")
    cloud.failures["check_access"] = [refusal, refusal]

    (of_all,) = site.reconciliation.preview().not_judged
    (of_one,) = site.reconciliation.preview_one(service.id).not_judged

    assert (of_all.code, of_one.code) == (refusal.code, refusal.code)
    assert of_one.service_id == service.id


def test_everything_lost_is_made_again_and_content_is_sent_again(
    site: ReconciledSite, service: CloudService, cloud: ToldCloud
) -> None:
    cloud.lose_everything()
    site.stores.drop(service.id)  # its folder is gone
    site.listener.lost.clear()
    assert site.findings() == ["cloud-service.missing"]

    ended = site.repaired(service)

    assert ended.state is ServiceState.READY
    assert site.listener.lost == [service.id]
    assert site.findings() == []


def test_a_service_of_which_nothing_is_left_can_be_forgotten(
    site: ReconciledSite, service: CloudService, cloud: ToldCloud
) -> None:
    cloud.lose_everything()

    site.apply(Remedy.REMOVE)

    assert site.settled(service.id) is None
    assert site.records.list() == []


def test_an_orphan_that_cannot_be_removed_is_told_and_found_again(
    site: ReconciledSite, service: CloudService, cloud: ToldCloud
) -> None:
    cloud.services.append("orphan")
    cloud.marks["orphan"] = OURS
    cloud.failures["remove_service"] = [CloudError("cloud.refused", status=400, cloud_code="BadRequest", detail="No.")]
    preview = site.reconciliation.preview()

    site.reconciliation.apply(preview.digest, chosen(preview, Remedy.REMOVE))
    site.await_removals()

    assert site.numbers()[-1] == 12094
    assert site.findings() == ["hosted-service.orphaned"]
    site.apply(Remedy.REMOVE)
    site.await_removals()
    assert cloud.services == [service.service_name]
    assert site.numbers()[-1] == 12093


def test_remedies_for_orphans_and_services_are_done_together(
    site: ReconciledSite, service: CloudService, cloud: ToldCloud
) -> None:
    cloud.services.append("orphan")
    cloud.marks["orphan"] = OURS
    cloud.certificates.append("CD" * 20)

    applied = site.apply(Remedy.REMOVE)

    assert applied.refused == ()
    assert {short(finding.id) for finding, _remedy in applied.accepted} == {
        "hosted-service.orphaned",
        "service-certificate.extra",
    }
    site.settled(service.id)
    site.await_removals()
    assert site.findings() == []
