from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clouddp.cloud_services.marks import Mark, Owner, write_mark
from clouddp.cloud_services.reconcile import Seen, StateLook, Wanted, judge, judge_orphans
from clouddp.cloud_services.reconcile_configuration import read_configuration
from clouddp.cloud_services.service_package import build_configuration
from clouddp.language.translate import LANGUAGES
from clouddp.model.cloud_service import CloudService, DesiredState, ServiceState
from clouddp.model.exchange import ServiceStateDocument
from clouddp.model.reconciliation import Discrepancy, Finding, Piece, Remedy
from clouddp.model.settings import Quotas
from clouddp.providers.base import FoundAccount, FoundDeployment, FoundService, RoleInstance
from clouddp.site_server.reconciliation import finding_text

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NAME = "d1594d4527614a09b934d470"
OURS, OTHER = "AB" * 20, "CD" * 20
OWNER = Owner(site_code="P01", site_id="51" * 16)
SERVICE_ID = "5e" * 16
SERVICE = CloudService(
    id=SERVICE_ID,
    provider="azure-classic",
    management_url="https://management.invalid",
    subscription_id="s",
    region="West Europe",
    service_fqdn="clouddp1.contoso.com",
    service_name=NAME,
    description="",
    instance_count=2,
    quotas=Quotas(),
    desired=DesiredState.RUNNING,
    generation=1,
    settled_generation=1,
    state=ServiceState.READY,
    activity="",
    problem=None,
    service_certificate_thumbprint=OURS,
    management_certificate_thumbprint="",
    virtual_ip=None,
    port=None,
    created_at=NOW,
    changed_at=NOW,
)
STOPPED = replace(SERVICE, desired=DesiredState.STOPPED, state=ServiceState.STOPPED)
MARKS = write_mark(Mark(owner=OWNER, service_id=SERVICE_ID))
FOREIGN = write_mark(Mark(owner=replace(OWNER, site_id="99" * 16), service_id=SERVICE_ID))


def configuration(*, count: int = 2, thumbprint: str = OURS, **settings: str) -> bytes:
    plain = {"ServiceId": SERVICE_ID, "UsageKey": "secret"}
    return build_configuration(NAME, instance_count=count, settings=plain | settings, certificate_thumbprint=thumbprint)


def instance(number: int, status: str = "ReadyRole") -> RoleInstance:
    return RoleInstance(name=f"DistributionPoint_IN_{number}", status=status, is_ready=status == "ReadyRole")


def state(**changes: Any) -> ServiceStateDocument:
    plain = ServiceStateDocument(
        service_id=SERVICE_ID,
        epoch=1,
        sequence=7,
        issued_at=NOW - timedelta(minutes=30),
        expires_at=NOW + timedelta(hours=23),
        running=True,
        token_keys=(),
        blocked_clients={},
    )
    return replace(plain, **changes)


ACCOUNT = FoundAccount(name=NAME, region="West Europe", status="Created", is_ready=True, is_leaving=False, marks=MARKS)
HOSTED = FoundService(name=NAME, region="West Europe", marks=MARKS)
DEPLOYMENT = FoundDeployment(
    status="Running",
    is_suspended=False,
    label="clouddp1",
    configuration=configuration(),
    instances=(instance(0), instance(1)),
)
SOUND = Seen(account=ACCOUNT, hosted_service=HOSTED, certificates=(OURS,), deployment=DEPLOYMENT, state=state())
LEAVING = replace(ACCOUNT, status="Deleting", is_ready=False, is_leaving=True)
CREATING = replace(ACCOUNT, status="Creating", is_ready=False)
REPAIR, ADOPT, REMOVE = Remedy.REPAIR, Remedy.ADOPT, Remedy.REMOVE

Difference = tuple[Piece, Discrepancy, tuple[Remedy, ...]]


def seen(**changes: Any) -> Seen:
    return replace(SOUND, **changes)


def deployed(**changes: Any) -> Seen:
    return seen(deployment=replace(DEPLOYMENT, **changes))


CASES: Mapping[str, tuple[CloudService, Seen, list[Difference]]] = {
    "all is as it should be": (SERVICE, SOUND, []),
    "all was deleted": (
        SERVICE,
        seen(account=None, hosted_service=None, certificates=(), deployment=None, state=StateLook.NOT_SEEN),
        [(Piece.CLOUD_SERVICE, Discrepancy.MISSING, (REPAIR, REMOVE))],
    ),
    "the storage account was deleted": (
        SERVICE,
        seen(account=None, state=StateLook.NOT_SEEN),
        [(Piece.STORAGE_ACCOUNT, Discrepancy.MISSING, (REPAIR,))],
    ),
    "the storage account is going": (
        SERVICE,
        seen(account=LEAVING, state=StateLook.NOT_SEEN),
        [(Piece.STORAGE_ACCOUNT, Discrepancy.LEAVING, (REPAIR,))],
    ),
    "the storage account is being made by somebody": (
        SERVICE,
        seen(account=CREATING, state=StateLook.NOT_SEEN),
        [(Piece.STORAGE_ACCOUNT, Discrepancy.UNREADY, (REPAIR,))],
    ),
    "the storage account is elsewhere": (
        SERVICE,
        seen(account=replace(ACCOUNT, region="East US")),
        [(Piece.STORAGE_ACCOUNT, Discrepancy.ELSEWHERE, (REPAIR,))],
    ),
    "all of it is in one other region": (
        SERVICE,
        seen(account=replace(ACCOUNT, region="East US"), hosted_service=replace(HOSTED, region="East US")),
        [
            (Piece.STORAGE_ACCOUNT, Discrepancy.ELSEWHERE, (ADOPT, REPAIR)),
            (Piece.HOSTED_SERVICE, Discrepancy.ELSEWHERE, (ADOPT, REPAIR)),
        ],
    ),
    "the storage account is another site's": (
        SERVICE,
        seen(account=replace(ACCOUNT, marks=FOREIGN), deployment=None),
        [(Piece.STORAGE_ACCOUNT, Discrepancy.FOREIGN, ())],
    ),
    "the hosted service is another site's": (
        SERVICE,
        seen(hosted_service=replace(HOSTED, marks=FOREIGN), certificates=()),
        [(Piece.HOSTED_SERVICE, Discrepancy.FOREIGN, ())],
    ),
    "pieces made before there were marks are ours": (
        SERVICE,
        seen(account=replace(ACCOUNT, marks={}), hosted_service=replace(HOSTED, marks={})),
        [],
    ),
    "the container was deleted": (
        SERVICE,
        seen(state=StateLook.CONTAINER_MISSING),
        [(Piece.CONTAINER, Discrepancy.MISSING, (REPAIR,))],
    ),
    "the signed state was deleted": (
        SERVICE,
        seen(state=StateLook.MISSING),
        [(Piece.SERVICE_STATE, Discrepancy.MISSING, (REPAIR,))],
    ),
    "the signed state was overwritten": (
        SERVICE,
        seen(state=StateLook.DAMAGED),
        [(Piece.SERVICE_STATE, Discrepancy.DAMAGED, (REPAIR,))],
    ),
    "the signed state is old": (
        SERVICE,
        seen(state=state(issued_at=NOW - timedelta(hours=3))),
        [(Piece.SERVICE_STATE, Discrepancy.OUTDATED, (REPAIR,))],
    ),
    "the signed state has expired": (
        SERVICE,
        seen(state=state(expires_at=NOW)),
        [(Piece.SERVICE_STATE, Discrepancy.OUTDATED, (REPAIR,))],
    ),
    "the signed state is of another service": (
        SERVICE,
        seen(state=state(service_id="00" * 16)),
        [(Piece.SERVICE_STATE, Discrepancy.OUTDATED, (REPAIR,))],
    ),
    "the signed state says running of a stopped service": (
        STOPPED,
        replace(deployed(is_suspended=True, status="Suspended"), state=state(running=True)),
        [(Piece.SERVICE_STATE, Discrepancy.OUTDATED, (REPAIR,))],
    ),
    "the hosted service was deleted": (
        SERVICE,
        seen(hosted_service=None, certificates=(), deployment=None),
        [(Piece.HOSTED_SERVICE, Discrepancy.MISSING, (REPAIR,))],
    ),
    "the service certificate was deleted": (
        SERVICE,
        seen(certificates=(), deployment=None),
        [
            (Piece.SERVICE_CERTIFICATE, Discrepancy.MISSING, (REPAIR,)),
            (Piece.DEPLOYMENT, Discrepancy.MISSING, (REPAIR,)),
        ],
    ),
    "a certificate too many": (
        SERVICE,
        seen(certificates=(OTHER, OURS)),
        [(Piece.SERVICE_CERTIFICATE, Discrepancy.EXTRA, (REMOVE,))],
    ),
    "another certificate is used": (
        SERVICE,
        replace(deployed(configuration=configuration(thumbprint=OTHER)), certificates=(OURS, OTHER)),
        [(Piece.DEPLOYMENT, Discrepancy.OTHER_CONFIGURATION, (REPAIR,))],
    ),
    "the deployment was deleted": (
        SERVICE,
        seen(deployment=None),
        [(Piece.DEPLOYMENT, Discrepancy.MISSING, (REPAIR,))],
    ),
    "another package was deployed": (
        SERVICE,
        deployed(label="by hand"),
        [(Piece.DEPLOYMENT, Discrepancy.OTHER_PACKAGE, (REPAIR,))],
    ),
    "a setting was changed": (
        SERVICE,
        deployed(configuration=configuration(UsageKey="mine")),
        [(Piece.DEPLOYMENT, Discrepancy.OTHER_CONFIGURATION, (REPAIR,))],
    ),
    "the configuration cannot be read": (
        SERVICE,
        deployed(configuration=b"<not xml"),
        [(Piece.DEPLOYMENT, Discrepancy.OTHER_CONFIGURATION, (REPAIR,))],
    ),
    "there are more instances": (
        SERVICE,
        deployed(configuration=configuration(count=4)),
        [(Piece.DEPLOYMENT, Discrepancy.OTHER_COUNT, (ADOPT, REPAIR))],
    ),
    "no instance is left to adopt": (
        SERVICE,
        deployed(configuration=configuration(count=0), instances=()),
        [
            (Piece.DEPLOYMENT, Discrepancy.OTHER_COUNT, (REPAIR,)),
            (Piece.ROLE_INSTANCES, Discrepancy.UNREADY, (REPAIR,)),
        ],
    ),
    "it was stopped by hand": (
        SERVICE,
        deployed(is_suspended=True, status="Suspended", instances=(instance(0, "StoppedVM"),)),
        [(Piece.DEPLOYMENT, Discrepancy.SUSPENDED, (ADOPT, REPAIR))],
    ),
    "it was started by hand": (
        STOPPED,
        seen(state=state(running=False)),
        [(Piece.DEPLOYMENT, Discrepancy.RUNNING, (ADOPT, REPAIR))],
    ),
    "a stopped one has no instances that are ready": (
        STOPPED,
        replace(
            deployed(is_suspended=True, status="Suspended", instances=(instance(0, "StoppedVM"),)),
            state=state(running=False),
        ),
        [],
    ),
    "an instance is busy": (
        SERVICE,
        deployed(instances=(instance(0), instance(1, "BusyRole"))),
        [(Piece.ROLE_INSTANCES, Discrepancy.UNREADY, (REPAIR,))],
    ),
}


def judged(service: CloudService, found: Seen) -> tuple[Finding, ...]:
    has_storage = found.account is not None and found.account.is_ready
    wanted = Wanted(
        owner=OWNER,
        service=service,
        deployment_label="clouddp1",
        configuration=configuration() if has_storage else None,
    )
    return judge(wanted, found, now=NOW)


@pytest.mark.parametrize("case", CASES)
def test_what_differs_is_found_and_nothing_else(case: str) -> None:
    service, found, expected = CASES[case]

    findings = judged(service, found)

    assert [(finding.piece, finding.discrepancy, finding.remedies) for finding in findings] == expected
    assert len({finding.id for finding in findings}) == len(findings)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", CASES)
def test_every_difference_is_told_in_every_language_without_secrets(case: str, language: str) -> None:
    service, found, _expected = CASES[case]

    for finding in judged(service, found):
        text = finding_text(finding, language)
        assert NAME in text
        assert "{" not in text
        assert "secret" not in text


def test_a_changed_setting_is_named_and_its_value_is_not() -> None:
    (finding,) = judged(SERVICE, deployed(configuration=configuration(UsageKey="mine", Extra="1")))

    assert finding.seen == "Extra, UsageKey"


def test_the_same_difference_has_the_same_id_whenever_it_is_seen() -> None:
    (missing,) = judged(SERVICE, seen(deployment=None))
    (extra,) = judged(SERVICE, seen(certificates=(OURS, OTHER)))

    assert missing.id == f"{NAME}.deployment.missing"
    assert extra.id == f"{NAME}.service-certificate.extra.{OTHER}"


def test_orphans_bear_our_mark_and_have_no_record_and_nothing_else_is_listed() -> None:
    accounts = [
        replace(ACCOUNT, name="orphan1"),
        replace(ACCOUNT, name="orphan2", is_leaving=True),
        replace(ACCOUNT, name="foreign", marks=FOREIGN),
        replace(ACCOUNT, name="unmarked", marks={}),
        replace(ACCOUNT, name="half", marks={"clouddp_site_code": "P01"}),
        ACCOUNT,
    ]

    findings = judge_orphans(
        OWNER,
        management_url="https://management.invalid",
        subscription_id="s",
        accounts=accounts,
        services=[HOSTED, replace(HOSTED, name="orphan1"), replace(HOSTED, name="other", marks={"cost": "7"})],
        recorded_names={NAME},
    )

    assert [(finding.piece, finding.name, finding.remedies) for finding in findings] == [
        (Piece.HOSTED_SERVICE, "orphan1", (REMOVE,)),
        (Piece.STORAGE_ACCOUNT, "orphan1", (REMOVE,)),
    ]
    assert all("orphan1" in finding_text(finding, language) for finding in findings for language in LANGUAGES)


def test_a_configuration_without_our_role_is_none_of_ours() -> None:
    assert read_configuration(configuration()) is not None
    assert read_configuration(b'<ServiceConfiguration><Role name="Web"/></ServiceConfiguration>') is None
    assert read_configuration(b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>') is None
