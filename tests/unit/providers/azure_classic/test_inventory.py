import base64

import pytest
from defusedxml.ElementTree import fromstring

from clouddp.providers.azure_classic.provider import AzureClassicProvider
from clouddp.providers.base import Inventory
from tests.unit.providers.azure_classic.scripted_cloud import Answer, ScriptedCloud, error_body

MARKS = {"clouddp_site_code": "P01", "clouddp_site_id": "ab" * 16, "clouddp_service_id": "cd" * 16}
MARKED = (
    "<ExtendedProperties>"
    "<ExtendedProperty><Name>clouddp_site_code</Name><Value>P01</Value></ExtendedProperty>"
    f"<ExtendedProperty><Name>clouddp_site_id</Name><Value>{'ab' * 16}</Value></ExtendedProperty>"
    f"<ExtendedProperty><Name>clouddp_service_id</Name><Value>{'cd' * 16}</Value></ExtendedProperty>"
    "<ExtendedProperty><Name>cost_centre</Name><Value>7</Value></ExtendedProperty>"
    "</ExtendedProperties>"
)
ONE_PROPERTY = (
    "<ExtendedProperties><ExtendedProperty><Name>clouddp_site_code</Name><Value>P01</Value></ExtendedProperty>"
    "</ExtendedProperties>"
)
ACCOUNTS = "/services/storageservices"
SERVICES = "/services/hostedservices"


@pytest.fixture
def inventory(cloud: ScriptedCloud) -> Inventory:
    found = AzureClassicProvider().connect(cloud.settings()).inventory
    assert found is not None
    return found


def test_accounts_are_told_with_region_state_and_mark(cloud: ScriptedCloud, inventory: Inventory) -> None:
    accounts = _account("mine", "Created", MARKED) + _account("other", "Deleting", "")
    cloud.script("GET", ACCOUNTS, Answer(body=f"<StorageServices>{accounts}</StorageServices>"))

    mine, other = inventory.list_accounts()

    assert (mine.name, mine.region, mine.is_ready, mine.is_leaving, mine.marks) == (
        "mine",
        "West Europe",
        True,
        False,
        MARKS | {"cost_centre": "7"},
    )
    assert (other.name, other.is_ready, other.is_leaving, other.marks) == ("other", False, True, {})


def test_services_are_told_with_region_and_marks(cloud: ScriptedCloud, inventory: Inventory) -> None:
    properties = f"<HostedServiceProperties><Location>East US</Location>{ONE_PROPERTY}</HostedServiceProperties>"
    service = f"<HostedService><ServiceName>a</ServiceName>{properties}</HostedService>"
    cloud.script("GET", SERVICES, Answer(body=f"<HostedServices>{service}</HostedServices>"))

    (found,) = inventory.list_services()

    assert (found.name, found.region, found.marks) == ("a", "East US", {"clouddp_site_code": "P01"})


def test_certificates_of_a_service_that_is_gone_are_none(cloud: ScriptedCloud, inventory: Inventory) -> None:
    thumbprints = "".join(f"<Certificate><Thumbprint>{name}</Thumbprint></Certificate>" for name in ("aa", "BB"))
    cloud.script("GET", f"{SERVICES}/abc/certificates", Answer(body=f"<Certificates>{thumbprints}</Certificates>"))

    assert inventory.list_certificates("abc") == ("AA", "BB")
    assert inventory.list_certificates("gone") == ()


def test_a_deployment_is_told_with_what_it_was_made_from(cloud: ScriptedCloud, inventory: Inventory) -> None:
    label, configuration = (base64.b64encode(text).decode() for text in (b"clouddp1", b"<c/>"))
    body = (
        f"<Deployment><Status>Suspended</Status><Label>{label}</Label><Configuration>{configuration}</Configuration>"
        "<RoleInstanceList><RoleInstance><InstanceName>DistributionPoint_IN_0</InstanceName>"
        "<InstanceStatus>StoppedVM</InstanceStatus></RoleInstance></RoleInstanceList></Deployment>"
    )
    cloud.script("GET", f"{SERVICES}/abc/deploymentslots/Production", Answer(body=body))

    found = inventory.find_deployment("abc")

    assert found is not None
    assert (found.status, found.is_suspended, found.label) == ("Suspended", True, "clouddp1")
    assert found.configuration == b"<c/>"
    assert [(instance.status, instance.is_ready) for instance in found.instances] == [("StoppedVM", False)]
    assert inventory.find_deployment("gone") is None


def test_what_is_made_bears_the_mark_in_the_documented_place(cloud: ScriptedCloud) -> None:
    settings = cloud.settings()
    connection = AzureClassicProvider().connect(settings)
    absent = Answer(404, error_body("ResourceNotFound", "The resource does not exist."))
    cloud.script("GET", f"{ACCOUNTS}/abc", absent)
    cloud.script("POST", ACCOUNTS, Answer(202))
    cloud.script("GET", f"{SERVICES}/abc", absent)
    cloud.script("POST", SERVICES, Answer(201))

    connection.storage.ensure_storage_account("abc", region="West Europe", marks=MARKS)
    assert connection.services is not None
    connection.services.ensure_service("abc", region="West Europe", label="clouddp1.contoso.com", marks=MARKS)

    account, service = (fromstring(asked.body) for asked in cloud.asked if asked.method == "POST")
    assert [_local(child.tag) for child in account][-3:] == ["Location", "ExtendedProperties", "AccountType"]
    assert [_local(child.tag) for child in service][-2:] == ["Location", "ExtendedProperties"]
    for document in (account, service):
        values = [element.text for element in document.iter() if _local(element.tag) == "Value"]
        assert values == ["P01", "ab" * 16, "cd" * 16]


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _account(name: str, status: str, properties: str) -> str:
    return (
        f"<StorageService><ServiceName>{name}</ServiceName><StorageServiceProperties><Location>West Europe</Location>"
        f"<Status>{status}</Status></StorageServiceProperties>{properties}</StorageService>"
    )
