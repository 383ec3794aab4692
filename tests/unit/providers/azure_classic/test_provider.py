import base64
from collections.abc import Callable

import pytest
from defusedxml.ElementTree import fromstring

from clouddp.model.errors import CloudError, ConflictError, TemporaryError
from clouddp.network.certificates import load_pfx
from clouddp.providers.azure_classic.provider import AzureClassicProvider
from clouddp.providers.base import Connection, DeploymentHost, DeploymentPlan, ServiceHost
from tests.unit.providers.azure_classic.scripted_cloud import (
    Answer,
    ScriptedCloud,
    error_body,
    management_certificate,
)

ACCOUNTS = "/services/storageservices"
SERVICES = "/services/hostedservices"
PRODUCTION = f"{SERVICES}/abc/deploymentslots/Production"
ABSENT = Answer(404, error_body("ResourceNotFound", "The resource does not exist."))
ACCEPTED = Answer(202, headers={"x-ms-request-id": "op1"})
PLAN = DeploymentPlan(name="d", package_url="https://s/p.cspkg", configuration=b"<c/>")


@pytest.fixture
def connection(cloud: ScriptedCloud) -> Connection:
    return AzureClassicProvider().connect(cloud.settings())


@pytest.fixture
def services(connection: Connection) -> ServiceHost:
    assert connection.services is not None
    return connection.services


@pytest.fixture
def deployments(connection: Connection) -> DeploymentHost:
    assert connection.deployments is not None
    return connection.deployments


def test_the_subscription_tells_its_limits(cloud: ScriptedCloud, connection: Connection) -> None:
    cloud.script(
        "GET",
        "",
        Answer(
            body='<Subscription xmlns="http://schemas.microsoft.com/windowsazure"><SubscriptionID>s</SubscriptionID>'
            "<SubscriptionName>Trial</SubscriptionName><SubscriptionStatus>Active</SubscriptionStatus>"
            "<MaxCoreCount>20</MaxCoreCount><MaxStorageAccounts>5</MaxStorageAccounts>"
            "<CurrentStorageAccounts>4</CurrentStorageAccounts></Subscription>"
        ),
    )

    subscription = connection.cloud.check_access()

    assert (subscription.name, subscription.cores_limit) == ("Trial", 20)
    assert (subscription.storage_accounts, subscription.storage_accounts_limit) == (4, 5)


def test_a_disabled_subscription_is_told_though_it_answers(cloud: ScriptedCloud, connection: Connection) -> None:
    cloud.script(
        "GET", "", Answer(body="<Subscription><SubscriptionStatus>Disabled</SubscriptionStatus></Subscription>")
    )

    with pytest.raises(CloudError, match="subscription_disabled"):
        connection.cloud.check_access()


def test_only_regions_with_storage_and_compute_are_offered(cloud: ScriptedCloud, connection: Connection) -> None:
    both = "<AvailableService>Compute</AvailableService><AvailableService>Storage</AvailableService>"
    cloud.script(
        "GET",
        "/locations",
        Answer(
            body="<Locations>"
            f"<Location><Name>West Europe</Name><AvailableServices>{both}</AvailableServices></Location>"
            "<Location><Name>Moon</Name><AvailableServices><AvailableService>Storage</AvailableService>"
            "</AvailableServices></Location></Locations>"
        ),
    )

    assert [region.name for region in connection.cloud.list_regions()] == ["West Europe"]


def test_a_storage_account_is_made_once_and_awaited(cloud: ScriptedCloud, connection: Connection) -> None:
    cloud.script("GET", f"{ACCOUNTS}/abc", ABSENT, _account("Creating"), _account("Created"))
    cloud.script("POST", ACCOUNTS, ACCEPTED)

    seen = [connection.storage.ensure_storage_account("abc", region="West Europe", marks={}) for _ in range(3)]

    assert seen == [False, False, True]
    created = [asked for asked in cloud.asked if asked.method == "POST"]
    assert [child.tag.rpartition("}")[2] for child in fromstring(created[0].body)] == [
        "ServiceName",
        "Description",
        "Label",
        "Location",
        "AccountType",
    ]


def test_an_operation_that_failed_later_is_told_with_the_clouds_words(
    cloud: ScriptedCloud, connection: Connection
) -> None:
    cloud.script("GET", f"{ACCOUNTS}/abc", ABSENT)
    cloud.script("POST", ACCOUNTS, ACCEPTED)
    cloud.script(
        "GET",
        "/operations/op1",
        Answer(body="<Operation><Status>InProgress</Status></Operation>"),
        Answer(
            body="<Operation><Status>Failed</Status><HttpStatusCode>400</HttpStatusCode>"
            "<Error><Code>BadRequest</Code><Message>No capacity in this region.</Message></Error></Operation>"
        ),
    )
    assert not connection.storage.ensure_storage_account("abc", region="West Europe", marks={})
    assert not connection.storage.ensure_storage_account("abc", region="West Europe", marks={})

    with pytest.raises(CloudError) as caught:
        connection.storage.ensure_storage_account("abc", region="West Europe", marks={})

    assert caught.value.arguments["detail"] == "No capacity in this region."
    assert len([asked for asked in cloud.asked if asked.method == "POST"]) == 1


def test_a_lost_answer_to_a_creation_is_followed_by_another_look(cloud: ScriptedCloud, connection: Connection) -> None:
    cloud.script("GET", f"{ACCOUNTS}/abc", ABSENT, _account("Created"))
    cloud.script("POST", ACCOUNTS, Answer(hangs_up=True))

    with pytest.raises(TemporaryError):
        connection.storage.ensure_storage_account("abc", region="West Europe", marks={})

    assert connection.storage.ensure_storage_account("abc", region="West Europe", marks={})
    assert len([asked for asked in cloud.asked if asked.method == "POST"]) == 1


def test_a_name_of_somebody_else_is_told_and_our_own_is_not(cloud: ScriptedCloud, connection: Connection) -> None:
    conflict = Answer(409, error_body("ConflictError", "The storage account named 'abc' is already taken."))
    cloud.script("POST", ACCOUNTS, conflict)
    cloud.script("GET", f"{ACCOUNTS}/abc", ABSENT, ABSENT, ABSENT, _account("Creating"))

    with pytest.raises(ConflictError, match="name_taken"):
        connection.storage.ensure_storage_account("abc", region="West Europe", marks={})

    assert not connection.storage.ensure_storage_account("abc", region="West Europe", marks={})


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(201), True),
        (Answer(409, headers={"x-ms-error-code": "ContainerAlreadyExists"}), True),
        (Answer(409, headers={"x-ms-error-code": "ContainerBeingDeleted"}), False),
        (Answer(404, headers={"x-ms-error-code": "ResourceNotFound"}), False),
        (Answer(503), False),
        (Answer(hangs_up=True), False),
    ],
)
def test_a_container_is_there_made_now_or_not_yet(
    cloud: ScriptedCloud, connection: Connection, answer: Answer, expected: bool
) -> None:
    _script_account(cloud)
    cloud.script("PUT", "/abc/clouddp?restype=container", answer)

    assert connection.storage.ensure_container("abc", "clouddp") is expected

    put = cloud.asked[-1]
    assert put.headers["authorization"].startswith("SharedKey abc:")


def test_the_container_has_an_address(cloud: ScriptedCloud, connection: Connection) -> None:
    _script_account(cloud)

    assert connection.storage.container_url("abc", "clouddp") == f"{cloud.url}/abc/clouddp"


def test_a_certificate_goes_in_with_its_key_under_a_password_of_its_own(
    cloud: ScriptedCloud, services: ServiceHost
) -> None:
    keyed = management_certificate()
    path = f"{SERVICES}/abc/certificates"
    cloud.script("GET", f"{path}/sha1-{keyed.thumbprint}", ABSENT, Answer(body="<Certificate/>"))
    cloud.script("POST", path, ACCEPTED)

    assert [services.ensure_certificate("abc", keyed), services.ensure_certificate("abc", keyed)] == [False, True]

    data, form, password = (child.text or "" for child in fromstring(cloud.asked[1].body))
    assert form == "pfx"
    assert load_pfx(base64.b64decode(data), password, name="sent").thumbprint == keyed.thumbprint


def test_a_deployment_is_made_once_and_its_instances_are_seen(
    cloud: ScriptedCloud, deployments: DeploymentHost
) -> None:
    document = (
        "<Deployment><Status>Running</Status><RoleInstanceList>"
        "<RoleInstance><InstanceName>R_IN_0</InstanceName><InstanceStatus>ReadyRole</InstanceStatus><InstanceEndpoints>"
        "<InstanceEndpoint><Vip>127.1.1.1</Vip><PublicPort>443</PublicPort></InstanceEndpoint></InstanceEndpoints>"
        "</RoleInstance><RoleInstance><InstanceName>R_IN_1</InstanceName><InstanceStatus>BusyRole</InstanceStatus>"
        "</RoleInstance></RoleInstanceList><VirtualIPs><VirtualIP><Address>127.1.1.1</Address></VirtualIP></VirtualIPs>"
        "</Deployment>"
    )
    cloud.script("GET", PRODUCTION, ABSENT, Answer(body=document))
    cloud.script("POST", PRODUCTION, ACCEPTED)
    cloud.script("GET", "/operations/op1", Answer(body="<Operation><Status>InProgress</Status></Operation>"))

    assert [deployments.ensure_deployment("abc", PLAN), deployments.ensure_deployment("abc", PLAN)] == [False, True]
    seen = deployments.find_deployment("abc")

    assert seen is not None
    assert (seen.status, seen.virtual_ip, seen.port) == ("Running", "127.1.1.1", 443)
    assert [(instance.status, instance.is_ready) for instance in seen.instances] == [
        ("ReadyRole", True),
        ("BusyRole", False),
    ]


@pytest.mark.parametrize(
    ("path", "remove"),
    [
        (f"{ACCOUNTS}/abc", lambda connection: connection.storage.remove_storage_account("abc")),
        (f"{SERVICES}/abc", lambda connection: connection.services.remove_service("abc")),
        (PRODUCTION, lambda connection: connection.deployments.remove_deployment("abc")),
    ],
    ids=["storage account", "hosted service", "deployment"],
)
def test_a_removal_is_asked_for_until_the_thing_is_gone(
    cloud: ScriptedCloud, connection: Connection, path: str, remove: Callable[[Connection], bool]
) -> None:
    cloud.script("GET", path, Answer(body="<x/>"), ABSENT)
    cloud.script("DELETE", path, Answer(200))

    removed = [remove(connection), remove(connection)]

    assert removed[-1] is True
    assert [asked.method for asked in cloud.asked].count("DELETE") == 1


def test_what_is_in_use_is_removed_later(cloud: ScriptedCloud, connection: Connection) -> None:
    cloud.script("GET", f"{ACCOUNTS}/abc", Answer(body="<x/>"))
    cloud.script("DELETE", f"{ACCOUNTS}/abc", Answer(409, error_body("ConflictError", "In use.")))

    with pytest.raises(TemporaryError):
        connection.storage.remove_storage_account("abc")


def _account(status: str) -> Answer:
    properties = f"<StorageServiceProperties><Status>{status}</Status></StorageServiceProperties>"
    return Answer(body=f"<StorageService>{properties}</StorageService>")


def _script_account(cloud: ScriptedCloud) -> None:
    endpoint = f"<Endpoints><Endpoint>{cloud.url}/abc/</Endpoint></Endpoints>"
    properties = f"<StorageServiceProperties><Status>Created</Status>{endpoint}</StorageServiceProperties>"
    cloud.script("GET", f"{ACCOUNTS}/abc", Answer(body=f"<StorageService>{properties}</StorageService>"))
    keys = "<StorageServiceKeys><Primary>a2V5</Primary><Secondary>a2V5</Secondary></StorageServiceKeys>"
    cloud.script("GET", f"{ACCOUNTS}/abc/keys", Answer(body=f"<StorageService>{keys}</StorageService>"))
