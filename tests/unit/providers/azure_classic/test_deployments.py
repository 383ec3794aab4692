"""Deployments over the wire: looked at before anything is asked, asked once, and followed to their end."""

import base64
from collections.abc import Callable

import pytest
from defusedxml.ElementTree import fromstring

from clouddp.cloud_services.service_package import build_configuration
from clouddp.model.errors import CloudError, ConflictError, NotFoundError, TemporaryError
from clouddp.providers.azure_classic.provider import AzureClassicProvider
from clouddp.providers.azure_classic.service_configuration import is_same_configuration
from clouddp.providers.base import DeploymentHost, DeploymentPlan
from clouddp.providers.journal import MemoryJournal
from tests.unit.providers.azure_classic.scripted_cloud import Answer, ScriptedCloud, error_body

PRODUCTION = "/services/hostedservices/abc/deploymentslots/Production"
ABSENT = Answer(404, error_body("ResourceNotFound", "No deployments were found."))
ACCEPTED = Answer(202, headers={"x-ms-request-id": "op1"})
BUSY = Answer(
    409, error_body("ConflictError", "Windows Azure is currently performing an operation on this deployment.")
)
IN_PROGRESS = Answer(body="<Operation><Status>InProgress</Status></Operation>")
SUCCEEDED = Answer(body="<Operation><Status>Succeeded</Status></Operation>")
FAILED = Answer(
    body="<Operation><Status>Failed</Status><HttpStatusCode>400</HttpStatusCode>"
    "<Error><Code>BadRequest</Code><Message>No capacity.</Message></Error></Operation>"
)


def configuration(count: int) -> bytes:
    return build_configuration("abc", instance_count=count, settings={"A": "b"}, certificate_thumbprint="AB" * 20)


def plan(name: str, count: int = 2) -> DeploymentPlan:
    return DeploymentPlan(name=name, package_url=f"https://s/{name}.cspkg", configuration=configuration(count))


def deployed(status: str, label: str = "clouddp1", count: int = 2) -> Answer:
    written, text = (base64.b64encode(octets).decode() for octets in (label.encode(), configuration(count)))
    inside = f"<Status>{status}</Status><Label>{written}</Label><Configuration>{text}</Configuration>"
    return Answer(body=f"<Deployment>{inside}</Deployment>")


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal()


@pytest.fixture
def deployments(cloud: ScriptedCloud, journal: MemoryJournal) -> DeploymentHost:
    host = AzureClassicProvider().connect(cloud.settings(), journal=journal).deployments
    assert host is not None
    return host


def asked(cloud: ScriptedCloud, query: str) -> list[bytes]:
    return [each.body for each in cloud.asked if each.method == "POST" and each.path.endswith(query)]


def children(document: bytes) -> list[str]:
    return [child.tag.rpartition("}")[2] for child in fromstring(document)]


def test_a_configuration_is_changed_once_and_awaited(cloud: ScriptedCloud, deployments: DeploymentHost) -> None:
    cloud.script(
        "GET",
        PRODUCTION,
        deployed("Running"),
        deployed("RunningTransitioning", count=3),
        deployed("RunningTransitioning", count=3),
        deployed("Running", count=3),
    )
    cloud.script("POST", f"{PRODUCTION}/?comp=config", ACCEPTED)
    cloud.script("GET", "/operations/op1", IN_PROGRESS, SUCCEEDED)

    seen = [deployments.ensure_configuration("abc", configuration(3)) for _ in range(4)]

    assert seen == [False, False, False, True]
    (document,) = asked(cloud, "comp=config")
    assert children(document) == ["Configuration", "TreatWarningsAsError", "Mode"]


def test_an_upgrade_is_asked_for_when_the_label_names_another_package(
    cloud: ScriptedCloud, deployments: DeploymentHost
) -> None:
    cloud.script("GET", PRODUCTION, deployed("Suspended"), deployed("Suspended", "clouddp2"))
    cloud.script("POST", f"{PRODUCTION}/?comp=upgrade", ACCEPTED)
    cloud.script("GET", "/operations/op1", SUCCEEDED)

    assert [deployments.ensure_package("abc", plan("clouddp2")) for _ in range(2)] == [False, True]
    (document,) = asked(cloud, "comp=upgrade")
    assert children(document) == ["Mode", "PackageUrl", "Configuration", "Label", "Force"]


def test_the_right_package_with_another_configuration_only_changes_that(
    cloud: ScriptedCloud, deployments: DeploymentHost
) -> None:
    cloud.script("GET", PRODUCTION, deployed("Running"))
    cloud.script("POST", f"{PRODUCTION}/?comp=config", ACCEPTED)

    assert not deployments.ensure_package("abc", plan("clouddp1", count=1))
    assert (len(asked(cloud, "comp=config")), len(asked(cloud, "comp=upgrade"))) == (1, 0)


@pytest.mark.parametrize(
    ("ensure", "before", "meanwhile", "after"),
    [
        (lambda host: host.ensure_suspended("abc"), "Running", "Suspending", "Suspended"),
        (lambda host: host.ensure_running("abc"), "Suspended", "Starting", "Running"),
    ],
    ids=["suspend", "resume"],
)
def test_a_status_is_set_once_and_awaited(
    cloud: ScriptedCloud,
    deployments: DeploymentHost,
    ensure: Callable[[DeploymentHost], bool],
    before: str,
    meanwhile: str,
    after: str,
) -> None:
    cloud.script("GET", PRODUCTION, deployed(before), deployed(meanwhile), deployed(after))
    cloud.script("POST", f"{PRODUCTION}/?comp=status", ACCEPTED)
    cloud.script("GET", "/operations/op1", SUCCEEDED)

    assert [ensure(deployments) for _ in range(3)] == [False, False, True]
    (document,) = asked(cloud, "comp=status")
    assert fromstring(document)[0].text == after


def test_an_operation_that_failed_is_told_once_and_asked_for_again(
    cloud: ScriptedCloud, deployments: DeploymentHost
) -> None:
    cloud.script("GET", PRODUCTION, deployed("Running"))
    cloud.script("POST", f"{PRODUCTION}/?comp=config", ACCEPTED)
    cloud.script("GET", "/operations/op1", FAILED)
    assert not deployments.ensure_configuration("abc", configuration(3))

    with pytest.raises(CloudError) as caught:
        deployments.ensure_configuration("abc", configuration(3))

    assert caught.value.arguments["detail"] == "No capacity."
    assert not deployments.ensure_configuration("abc", configuration(3))
    assert len(asked(cloud, "comp=config")) == 2


def test_a_request_delivered_twice_is_no_error_once_its_work_is_done(
    cloud: ScriptedCloud, deployments: DeploymentHost
) -> None:
    cloud.script("GET", PRODUCTION, deployed("Running"), deployed("Running", count=3))
    cloud.script("POST", f"{PRODUCTION}/?comp=config", BUSY)  # what the second delivery is answered

    with pytest.raises(TemporaryError):
        deployments.ensure_configuration("abc", configuration(3))

    assert deployments.ensure_configuration("abc", configuration(3))


def test_a_creation_delivered_twice_makes_one(cloud: ScriptedCloud, deployments: DeploymentHost) -> None:
    occupied = Answer(409, error_body("ConflictError", "The specified deployment slot Production is occupied."))
    cloud.script("GET", PRODUCTION, ABSENT, deployed("Deploying"))
    cloud.script("POST", PRODUCTION, occupied)

    assert [deployments.ensure_deployment("abc", plan("clouddp1")) for _ in range(2)] == [False, True]


def test_a_slot_that_is_occupied_by_nothing_to_be_seen_is_told(
    cloud: ScriptedCloud, deployments: DeploymentHost
) -> None:
    cloud.script("GET", PRODUCTION, ABSENT)
    cloud.script("POST", PRODUCTION, Answer(409, error_body("ConflictError", "Occupied.")))

    with pytest.raises(ConflictError):
        deployments.ensure_deployment("abc", plan("clouddp1"))


def test_a_creation_under_way_is_awaited_before_its_deployment_counts_as_removed(
    cloud: ScriptedCloud, deployments: DeploymentHost
) -> None:
    cloud.script("GET", PRODUCTION, ABSENT)
    cloud.script("POST", PRODUCTION, ACCEPTED)
    cloud.script("GET", "/operations/op1", IN_PROGRESS, SUCCEEDED)
    assert not deployments.ensure_deployment("abc", plan("clouddp1"))

    seen = [deployments.remove_deployment("abc") for _ in range(3)]

    assert seen == [False, False, True]  # in progress; ended, so looked for once more; not there


def test_what_is_needed_and_missing_is_told(deployments: DeploymentHost) -> None:
    with pytest.raises(NotFoundError, match="deployment_missing"):
        deployments.ensure_running("abc")


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        (configuration(2).replace(b"><", b">\n  <"), True),
        (configuration(2).replace(b"AB" * 20, b"ab" * 20), True),
        (configuration(3), False),
        (configuration(2).replace(b'value="b"', b'value="c"'), False),
        (b"no document", False),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', False),
    ],
    ids=["written otherwise", "digits in another case", "another count", "another value", "rubbish", "an entity"],
)
def test_configurations_are_compared_by_what_they_say(other: bytes, is_same: bool) -> None:
    assert is_same_configuration(other, configuration(2)) is is_same
