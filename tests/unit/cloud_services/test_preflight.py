import base64
import itertools
import re
from dataclasses import replace
from datetime import timedelta

from clouddp.cloud_services.name_preflight import NameUse
from clouddp.model.errors import RefusedError, SiteError, TemporaryError
from clouddp.model.settings import Quotas
from clouddp.network.issuing import issue_management_certificate, issue_service_certificate, make_authority
from clouddp.network.name_queries import NameRecord
from clouddp.site_server.cloud_services import CreationRequest, PfxUpload
from tests.unit.cloud_services.memory_cloud import MemoryCloud
from tests.unit.cloud_services.site_bench import (
    SiteBench,
    management_certificate,
    now,
    request,
    service_certificate,
    upload,
)


def test_a_sound_plan_has_no_faults_and_nothing_is_created(site: SiteBench, cloud: MemoryCloud) -> None:
    assert faults_of(site, request()) == ()
    assert cloud.made == []
    assert site.use_cases.list() == []


def test_all_faults_are_said_at_once(site: SiteBench) -> None:
    wanted = request(
        service_fqdn="other.contoso.com",
        region="Atlantis",
        instance_count=0,
        quotas=Quotas(storage_bytes=0, warning_percent=95),
    )

    assert _codes(faults_of(site, wanted)) == {
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

    assert _codes(faults_of(site, wanted)) == {
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
        faults_of(site, wanted)
    )


def test_a_certificate_that_the_cloud_does_not_know_is_told_before_anything_is_created(
    site: SiteBench, cloud: MemoryCloud
) -> None:
    refusal = RefusedError("cloud.certificate_not_known", thumbprint="AB", subscription_id="s", detail="No.")
    cloud.failures["check_access"] = [refusal]

    assert faults_of(site, request()) == (refusal,)
    assert cloud.made == []


def test_a_service_fqdn_is_unique_without_regard_to_case(site: SiteBench) -> None:
    site.use_cases.create(request(), idempotency_key=None)

    assert _codes(faults_of(site, request(service_fqdn="CloudDP1.Contoso.com"))) == {"cloud.fqdn_in_use"}


def test_a_wildcard_needs_a_name_and_consent(site: SiteBench) -> None:
    wildcard = upload(service_certificate("*.contoso.com"))

    without = faults_of(site, request(service_certificate=wildcard))
    accepted = request(service_certificate=wildcard, service_fqdn="clouddp1.contoso.com", accept_wildcard=True)

    assert _codes(without) == {"certificate.wildcard", "cloud.fqdn_needed"}
    assert faults_of(site, accepted) == ()


def test_the_limits_of_the_subscription_are_looked_at(site: SiteBench, cloud: MemoryCloud) -> None:
    cloud.subscription = replace(cloud.subscription, storage_accounts=20, hosted_services=20, cores=19)

    assert _codes(faults_of(site, request())) == {
        "cloud.no_storage_account_left",
        "cloud.no_hosted_service_left",
        "cloud.no_core_left",
    }


def test_a_malformed_name_is_told(site: SiteBench) -> None:
    assert "cloud.fqdn_malformed" in _codes(faults_of(site, request(service_fqdn="clouddp_1")))


def test_a_name_that_leads_somewhere_or_is_a_devices_is_refused(site: SiteBench) -> None:
    elsewhere = [record("CNAME", "www.contoso.com"), record("A", "192.0.2.1")]
    site.name_use = NameUse(records=elsewhere, silence=None, devices=["CLOUDDP1.contoso.com"])

    found = site.use_cases.examine(request())

    assert [fault.code for fault in found.faults] == ["cloud.fqdn_resolves", "cloud.fqdn_of_device"]
    assert found.faults[0].arguments["found"] == "www.contoso.com, 192.0.2.1"


def test_an_alias_that_leads_nowhere_and_a_similar_device_are_only_warned_of(site: SiteBench) -> None:
    site.name_use = NameUse(records=[record("CNAME", "gone.cloudapp.net")], silence=None, devices=["Clouddp1"])

    found = site.use_cases.examine(request())

    assert found.faults == ()
    assert _codes(found.warnings) == {"cloud.fqdn_alias_left_over", "cloud.fqdn_like_device"}


def test_a_name_server_that_does_not_answer_stops_nothing(site: SiteBench) -> None:
    silence = TemporaryError("names.resolver_silent", name="clouddp1.contoso.com", reason="timed out")
    site.name_use = NameUse(records=(), silence=silence, devices=())

    found = site.use_cases.examine(request())

    assert (found.faults, found.warnings) == ((), (silence,))


def test_a_management_certificate_that_has_expired_is_told_and_not_sent(site: SiteBench, cloud: MemoryCloud) -> None:
    expired = issue_management_certificate("Site", now=now() - timedelta(days=4_000))
    cloud.failures["check_access"] = [RefusedError("cloud.certificate_not_known", thumbprint="", detail="")]

    found = site.use_cases.examine(request(management_certificate=upload(expired)))

    assert _codes(found.faults) == {"certificate.expired"}
    assert cloud.failures["check_access"]


def test_a_generated_name_that_is_taken_is_replaced_by_another(site: SiteBench, cloud: MemoryCloud) -> None:
    cloud.taken_names = iter([False, True, False])

    service = site.use_cases.create(request(), idempotency_key=None)

    assert re.fullmatch("[0-9a-f]{24}", service.service_name)
    assert list(cloud.taken_names) == []


def test_a_cloud_in_which_no_name_is_free_is_told(site: SiteBench, cloud: MemoryCloud) -> None:
    cloud.taken_names = itertools.repeat(False)

    assert _codes(faults_of(site, request())) == {"cloud.no_free_name"}


def test_a_certificate_whose_issuer_clients_are_not_handed_is_warned_of(site: SiteBench) -> None:
    stranger = make_authority("Fabrikam CA", now=now())
    certificate = issue_service_certificate(["clouddp1.contoso.com"], authority=stranger, now=now())

    found = site.use_cases.examine(request(service_certificate=upload(certificate)))

    assert found.faults == ()
    assert _codes(found.warnings) == {"cloud.issuer_not_handed_out"}


def record(kind: str, value: str) -> NameRecord:
    return NameRecord(name="clouddp1.contoso.com", kind=kind, value=value, ttl_seconds=60)


def faults_of(site: SiteBench, wanted: CreationRequest) -> tuple[SiteError, ...]:
    return site.use_cases.examine(wanted).faults


def _codes(faults: tuple[SiteError, ...]) -> set[str]:
    return {fault.code for fault in faults}
