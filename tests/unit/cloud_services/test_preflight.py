import base64
from dataclasses import replace

from clouddp.model.errors import RefusedError, SiteError
from clouddp.model.settings import Quotas
from clouddp.site_server.cloud_services import PfxUpload
from tests.unit.cloud_services.memory_cloud import MemoryCloud
from tests.unit.cloud_services.site_bench import (
    SiteBench,
    management_certificate,
    request,
    service_certificate,
    upload,
)


def test_a_sound_plan_has_no_faults_and_nothing_is_created(site: SiteBench, cloud: MemoryCloud) -> None:
    assert site.use_cases.find_faults(request()) == ()
    assert cloud.made == []
    assert site.use_cases.list() == []


def test_all_faults_are_said_at_once(site: SiteBench) -> None:
    wanted = request(
        service_fqdn="other.contoso.com",
        region="Atlantis",
        instance_count=0,
        quotas=Quotas(storage_bytes=0, warning_percent=95),
    )

    assert _codes(site.use_cases.find_faults(wanted)) == {
        "certificate.host_not_covered",
        "cloud.region_unknown",
        "cloud.instance_count",
        "cloud.quota_not_positive",
        "cloud.thresholds",
    }


def test_a_wrong_password_a_broken_file_and_other_faults_are_said_together(site: SiteBench) -> None:
    wanted = request(
        management_certificate=upload(management_certificate(), "wrong"),
        service_certificate=PfxUpload(pfx_base64=base64.b64encode(b"no pfx").decode(), password="x"),
        subscription_id="my subscription",
        management_url="http://127.0.0.1",
    )

    assert _codes(site.use_cases.find_faults(wanted)) == {
        "certificate.pfx_password",
        "certificate.pfx_unreadable",
        "cloud.subscription_id_malformed",
        "cloud.address_invalid",
    }


def test_swapped_certificates_are_told(site: SiteBench) -> None:
    wanted = request(
        management_certificate=upload(service_certificate()), service_certificate=upload(management_certificate())
    )

    assert {"certificate.service_given_as_management", "certificate.management_given_as_service"} <= _codes(
        site.use_cases.find_faults(wanted)
    )


def test_a_certificate_that_the_cloud_does_not_know_is_told_before_anything_is_created(
    site: SiteBench, cloud: MemoryCloud
) -> None:
    refusal = RefusedError("cloud.certificate_not_known", thumbprint="AB", subscription_id="s", detail="No.")
    cloud.failures["check_access"] = [refusal]

    assert site.use_cases.find_faults(request()) == (refusal,)
    assert cloud.made == []


def test_a_service_fqdn_is_unique_without_regard_to_case(site: SiteBench) -> None:
    site.use_cases.create(request(), idempotency_key=None)

    assert _codes(site.use_cases.find_faults(request(service_fqdn="CloudDP1.Contoso.com"))) == {"cloud.fqdn_in_use"}


def test_a_wildcard_needs_a_name_and_consent(site: SiteBench) -> None:
    wildcard = upload(service_certificate("*.contoso.com"))

    without = site.use_cases.find_faults(request(service_certificate=wildcard))
    accepted = request(service_certificate=wildcard, service_fqdn="clouddp1.contoso.com", accept_wildcard=True)

    assert _codes(without) == {"certificate.wildcard", "cloud.fqdn_needed"}
    assert site.use_cases.find_faults(accepted) == ()


def test_the_limits_of_the_subscription_are_looked_at(site: SiteBench, cloud: MemoryCloud) -> None:
    cloud.subscription = replace(cloud.subscription, storage_accounts=20, hosted_services=20, cores=19)

    assert _codes(site.use_cases.find_faults(request())) == {
        "cloud.no_storage_account_left",
        "cloud.no_hosted_service_left",
        "cloud.no_core_left",
    }


def test_a_malformed_name_is_told(site: SiteBench) -> None:
    assert "cloud.fqdn_malformed" in _codes(site.use_cases.find_faults(request(service_fqdn="clouddp_1")))


def _codes(faults: tuple[SiteError, ...]) -> set[str]:
    return {fault.code for fault in faults}
