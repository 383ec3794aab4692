"""What every provider promises, tried on a real cloud of its kind."""

import secrets
import time
from collections.abc import Callable, Iterator

import pytest

from clouddp.cloud_services.service_package import build_configuration, build_package
from clouddp.model.errors import NotFoundError
from clouddp.providers.base import Connection, Deployment, DeploymentHost, DeploymentPlan, ServiceHost
from clouddp.providers.journal import MemoryJournal
from tests.contracts.clouds_under_test import CLOUDS, CloudUnderTest
from tests.contracts.front_end_state import STATE_KEY_JWK, signed_state
from tests.unit.cloud_services.site_bench import service_certificate

CONTAINER = "clouddp"
MARKS = {"clouddp_site_code": "P01", "clouddp_service_id": "5e" * 16}


@pytest.fixture(scope="module", params=sorted(CLOUDS))
def cloud(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudUnderTest]:
    with CLOUDS[request.param](tmp_path_factory.mktemp("cloud")) as running:
        yield running


@pytest.fixture
def connection(cloud: CloudUnderTest) -> Connection:
    return cloud.connect()


@pytest.fixture
def name() -> str:
    return secrets.token_hex(12)


@pytest.fixture
def services(connection: Connection) -> ServiceHost:
    if connection.services is None:
        pytest.skip("this cloud runs no front ends")
    return connection.services


@pytest.fixture
def deployments(connection: Connection) -> DeploymentHost:
    if connection.deployments is None:
        pytest.skip("this cloud runs no front ends")
    return connection.deployments


def until(is_so: Callable[[], bool], *, within_seconds: float = 60) -> int:
    """Ask again until it is so; how often it was not."""
    deadline, times = time.monotonic() + within_seconds, 0
    while not is_so():
        assert time.monotonic() < deadline
        times += 1
        time.sleep(0.05)
    return times


def have_account(cloud: CloudUnderTest, connection: Connection, name: str) -> None:
    storage = connection.storage
    until(lambda: storage.ensure_storage_account(name, region=cloud.region, marks=MARKS))
    until(lambda: storage.ensure_container(name, CONTAINER))


def have_service(cloud: CloudUnderTest, services: ServiceHost, name: str) -> None:
    until(lambda: services.ensure_service(name, region=cloud.region, label="clouddp1.contoso.com", marks=MARKS))


def test_a_subscription_tells_what_it_allows_and_where(cloud: CloudUnderTest, connection: Connection) -> None:
    subscription = connection.cloud.check_access()

    assert subscription.storage_accounts_limit > subscription.storage_accounts >= 0
    assert cloud.region in [region.name for region in connection.cloud.list_regions()]


def test_an_account_is_made_once_and_removed_with_all_that_is_in_it(
    cloud: CloudUnderTest, connection: Connection, name: str
) -> None:
    before = connection.cloud.check_access().storage_accounts
    assert connection.cloud.is_account_name_free(name)

    have_account(cloud, connection, name)
    have_account(cloud, cloud.connect(), name)  # as another process would after a crash
    assert connection.cloud.check_access().storage_accounts == before + 1
    assert not connection.cloud.is_account_name_free(name)
    store = connection.storage.open_container(name, CONTAINER)
    store.put("content/ab", b"x")
    assert cloud.connect().storage.open_container(name, CONTAINER).get("content/ab") == b"x"
    assert connection.storage.container_url(name, CONTAINER).endswith(CONTAINER)

    until(lambda: connection.storage.remove_storage_account(name))
    assert cloud.connect().storage.remove_storage_account(name)
    assert connection.cloud.check_access().storage_accounts == before


def test_there_is_no_container_of_an_account_that_is_gone(connection: Connection, name: str) -> None:
    with pytest.raises(NotFoundError):
        connection.storage.open_container(name, CONTAINER)


def test_what_was_asked_for_and_is_not_to_be_seen_is_looked_for_before_it_counts_as_gone(
    cloud: CloudUnderTest, name: str
) -> None:
    clock = [0.0]
    journal = MemoryJournal(now=lambda: clock[0])
    storage = cloud.connect_with(journal).storage
    journal.note(f"storage account {name}", "")  # asked for, and then the power was cut

    assert not storage.remove_storage_account(name)
    clock[0] = 3_600.0

    until(lambda: storage.remove_storage_account(name))


def test_a_service_is_made_once_and_removed(cloud: CloudUnderTest, services: ServiceHost, name: str) -> None:
    assert cloud.connect().cloud.is_service_name_free(name)

    have_service(cloud, services, name)
    have_service(cloud, services, name)
    assert not cloud.connect().cloud.is_service_name_free(name)

    until(lambda: services.remove_service(name))
    assert services.remove_service(name)


@pytest.mark.slow
def test_certificates_are_beside_each_other_until_all_but_one_are_removed(
    cloud: CloudUnderTest, services: ServiceHost, name: str
) -> None:
    old, new = service_certificate(), service_certificate("CLOUDDP1.contoso.com")
    have_service(cloud, services, name)

    until(lambda: services.ensure_certificate(name, old))
    until(lambda: services.ensure_certificate(name, new))
    assert services.ensure_certificate(name, old)
    until(lambda: services.remove_other_certificates(name, kept_thumbprint=new.thumbprint))

    inventory = cloud.connect().inventory
    assert inventory is None or inventory.list_certificates(name) == (new.thumbprint,)
    assert services.remove_other_certificates(name, kept_thumbprint=new.thumbprint)
    until(lambda: services.remove_service(name))


def test_without_a_deployment_nothing_runs_and_nothing_can_be_changed(
    cloud: CloudUnderTest, services: ServiceHost, deployments: DeploymentHost, name: str
) -> None:
    have_service(cloud, services, name)

    assert deployments.find_deployment(name) is None
    assert deployments.ensure_suspended(name)
    assert deployments.remove_deployment(name)
    plan = DeploymentPlan(name="p", package_url="u", configuration=b"<c/>")
    needing: tuple[Callable[[], bool], ...] = (
        lambda: deployments.ensure_running(name),
        lambda: deployments.ensure_configuration(name, plan.configuration),
        lambda: deployments.ensure_package(name, plan),
    )
    for change in needing:
        with pytest.raises(NotFoundError):
            change()
    until(lambda: services.remove_service(name))


class Place:
    """A service with all that a deployment needs, and a look at its deployment through a connection of its own."""

    def __init__(self, cloud: CloudUnderTest, connection: Connection, name: str) -> None:
        assert connection.services is not None
        self._cloud = cloud
        self._connection = connection
        self._name = name
        services = connection.services
        have_account(cloud, connection, name)
        have_service(cloud, services, name)
        until(lambda: services.ensure_certificate(name, service_certificate()))
        store = connection.storage.open_container(name, CONTAINER)
        for number in (1, 2):
            store.put(f"package/{number}.cspkg", build_package())
        store.put("state/service", signed_state())

    def plan(self, number: int, *, instance_count: int) -> DeploymentPlan:
        location = self._connection.storage.container_url(self._name, CONTAINER)
        return DeploymentPlan(
            name=f"clouddp{number}",
            package_url=f"{location}/package/{number}.cspkg",
            configuration=configuration(self._name, location, instance_count),
        )

    def deployment(self) -> Deployment:
        host = self._cloud.connect().deployments
        assert host is not None
        found = host.find_deployment(self._name)
        assert found is not None
        return found

    def is_ready(self, count: int) -> bool:
        instances = self.deployment().instances
        return len(instances) == count and all(instance.is_ready for instance in instances)

    def remove(self) -> None:
        services, deployments = self._connection.services, self._connection.deployments
        assert services is not None
        assert deployments is not None
        until(lambda: deployments.remove_deployment(self._name))
        until(lambda: services.remove_service(self._name))
        until(lambda: self._connection.storage.remove_storage_account(self._name))


@pytest.mark.slow
def test_a_deployment_is_made_changed_upgraded_suspended_and_resumed(
    cloud: CloudUnderTest, connection: Connection, deployments: DeploymentHost, name: str
) -> None:
    place = Place(cloud, connection, name)

    until(lambda: deployments.ensure_deployment(name, place.plan(1, instance_count=1)))
    until(lambda: place.is_ready(1))
    assert (place.deployment().package_label, place.deployment().virtual_ip is not None) == ("clouddp1", True)

    two = place.plan(1, instance_count=2).configuration
    until(lambda: deployments.ensure_configuration(name, two))
    assert deployments.ensure_configuration(name, two)
    until(lambda: place.is_ready(2))

    until(lambda: deployments.ensure_package(name, place.plan(2, instance_count=1)))
    until(lambda: place.is_ready(1))
    assert place.deployment().package_label == "clouddp2"

    until(lambda: deployments.ensure_suspended(name))
    assert not any(instance.is_ready for instance in place.deployment().instances)
    until(lambda: deployments.ensure_configuration(name, place.plan(2, instance_count=2).configuration))
    until(lambda: deployments.ensure_running(name))
    until(lambda: place.is_ready(2))

    place.remove()


def configuration(service: str, location: str, instance_count: int) -> bytes:
    settings = {
        "ServiceId": "5e" * 16,
        "SiteStateKey": STATE_KEY_JWK,
        "StorageKind": "azure",
        "StorageLocation": location,
        "StorageCredential": "",
        "Delivery": "bytes",
        "UsageKey": "k",
        "ListenPort": "0",
    }
    return build_configuration(
        service,
        instance_count=instance_count,
        settings=settings,
        certificate_thumbprint=service_certificate().thumbprint,
    )
