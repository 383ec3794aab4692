"""How the provider `azure-classic` copes with a cloud in trouble: it waits, looks before it acts, and says why."""

import itertools
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest

from clouddp.language.translate import LANGUAGES, explain, next_step
from clouddp.model.errors import CloudError, ConflictError, SiteError, TemporaryError
from clouddp.providers.azure_classic.cloud import ClassicCloud
from clouddp.providers.azure_classic.deployments import ClassicDeployments
from clouddp.providers.azure_classic.management_api import ManagementApi
from clouddp.providers.azure_classic.operations import Operations
from clouddp.providers.azure_classic.services import ClassicServices
from clouddp.providers.azure_classic.storage import ClassicStorage
from clouddp.providers.base import ConnectionSettings, DeploymentPlan
from clouddp.providers.journal import MemoryJournal
from clouddp.store.retry import Retrying
from tests.integration.classic_deployment import OLD, configuration, package_url, upload
from tests.integration.troubled_fabric import SERVICES, STORAGE, TroubledFabric, wait_until
from tests.unit.cloud_services.site_bench import management_certificate

pytestmark = pytest.mark.slow

REGION = "West Europe"
PATIENCE_SECONDS = 20
NUMBERS = itertools.count(1)


@dataclass
class Clock:
    """Time that passes only where the provider waits."""

    seconds: float = 0.0
    pauses: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.seconds += seconds


class Provider:
    """The provider's parts on one connection to the fabric, with a clock of its own."""

    def __init__(self, fabric: TroubledFabric) -> None:
        self._fabric = fabric
        self.clock = Clock()
        addresses = fabric.process.addresses
        made = ConnectionSettings(
            management_url=addresses["management_url"],
            subscription_id=addresses["subscription_id"],
            authorities_pem=fabric.process.authorities_pem,
            management_certificate=management_certificate(),
        )
        api = ManagementApi(made, sleep=self.clock.sleep, now=self.clock.now)
        operations = Operations(api, MemoryJournal())
        self.cloud = ClassicCloud(api, subscription_id=made.subscription_id)
        self.storage = ClassicStorage(api, operations, made)
        self.services = ClassicServices(api, operations)
        self.deployments = ClassicDeployments(api, operations)

    def have_account(self, name: str) -> None:
        wait_until(lambda: self.storage.ensure_storage_account(name, region=REGION, marks={}), bool)

    def have_service(self, name: str) -> None:
        assert self.services.ensure_service(name, region=REGION, label=name, marks={})

    def have_plan(self, name: str) -> DeploymentPlan:
        """Have all that the deployment of a front end is made from, in an account and a service of this name."""
        self.have_account(name)
        self.have_service(name)
        wait_until(lambda: self.services.ensure_certificate(name, OLD), bool)
        upload(self._fabric.process, name, self._fabric.account_key(name))
        account_url = self.storage.container_url(name, "clouddp").removesuffix("/clouddp")
        cscfg = configuration(account_url, count=1, certificate=OLD)
        return DeploymentPlan(name="d1", package_url=package_url(account_url), configuration=cscfg.encode())


@pytest.fixture
def fabric(fabric_without_trouble: TroubledFabric) -> TroubledFabric:
    return fabric_without_trouble


@pytest.fixture
def provider(fabric: TroubledFabric) -> Provider:
    return Provider(fabric)


@pytest.fixture
def name() -> str:
    """A name that no other test uses."""
    return f"d1594d45{next(NUMBERS)}"


def struck(fabric: TroubledFabric) -> list[int]:
    return [trouble["struck"] for trouble in fabric.admin("GET").json()]


def names(fabric: TroubledFabric, path: str) -> int:
    """Count the things of a kind that the cloud has."""
    return fabric.call("GET", path).text.count("<ServiceName>")


def assert_told(error: SiteError, *words: str) -> None:
    """Make sure that the cause is told with the cloud's words, and what to do, in every language."""
    for language in LANGUAGES:
        told = explain(error.code, error.arguments, language=language)
        assert all(word in told for word in words), told
        assert next_step(error.code, error.arguments, language=language)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_look_is_repeated_no_sooner_than_the_cloud_says(
    fabric: TroubledFabric, provider: Provider, status: int
) -> None:
    fabric.add("error", status=status, retry_after=3, times=2, operation="get-subscription")

    assert provider.cloud.check_access().name == "clouddp"

    assert provider.clock.pauses == [3.0, 3.0]


def test_without_word_from_the_cloud_pauses_grow_and_spread(fabric: TroubledFabric) -> None:
    firsts = set()
    for _ in range(4):
        fabric.clear()
        fabric.add("error", status=503, times=4, operation="list-locations")
        provider = Provider(fabric)

        assert provider.cloud.list_regions()

        assert all(0.125 * 2**number <= pause <= 0.25 * 2**number for number, pause in enumerate(provider.clock.pauses))
        firsts.add(provider.clock.pauses[0])
    assert len(firsts) > 1


def test_patience_ends_and_says_when_to_come_back(fabric: TroubledFabric, provider: Provider) -> None:
    fabric.add("error", status=503, operation="list-locations")

    with pytest.raises(TemporaryError) as caught:
        provider.cloud.list_regions()

    assert provider.clock.seconds <= PATIENCE_SECONDS
    assert len(provider.clock.pauses) > 3
    assert caught.value.code == "cloud.busy"
    assert_told(caught.value, "ServerBusy")


def test_a_pause_longer_than_patience_is_left_to_who_called(fabric: TroubledFabric, provider: Provider) -> None:
    fabric.add("error", status=429, retry_after=600, operation="list-locations")

    with pytest.raises(TemporaryError) as caught:
        provider.cloud.list_regions()

    assert provider.clock.pauses == []
    assert (caught.value.retry_after_seconds, caught.value.is_told) == (600, True)
    assert struck(fabric) == [1]


def test_a_change_that_the_cloud_had_no_time_for_is_sent_again(
    fabric: TroubledFabric, provider: Provider, name: str
) -> None:
    fabric.add("error", status=503, retry_after=1, times=2, operation="create-hosted-service")

    provider.have_service(name)

    assert provider.clock.pauses == [1.0, 1.0]
    assert struck(fabric) == [2]


def test_a_change_that_may_have_been_made_is_looked_for_before_it_is_sent_again(
    fabric: TroubledFabric, provider: Provider, name: str
) -> None:
    fabric.add("error", status=500, times=1, operation="create-hosted-service")

    with pytest.raises(TemporaryError) as caught:
        provider.have_service(name)
    assert struck(fabric) == [1]
    assert_told(caught.value, "InternalError")

    provider.have_service(name)
    assert fabric.call("GET", f"{SERVICES}/{name}").status_code == 200


@pytest.mark.parametrize("kind", ["lost-answer", "lost-request"])
def test_a_creation_without_an_answer_is_looked_for_and_made_once(
    fabric: TroubledFabric, provider: Provider, name: str, kind: str
) -> None:
    services, accounts = names(fabric, SERVICES), names(fabric, STORAGE)
    fabric.add(kind, operation="create-*", times=2)

    with pytest.raises(TemporaryError) as caught:
        provider.have_service(name)
    with pytest.raises(TemporaryError):
        provider.storage.ensure_storage_account(name, region=REGION, marks={})
    assert caught.value.code == "cloud.unreachable"
    assert_told(caught.value, "127.0.0.1")

    provider.have_service(name)
    provider.have_account(name)
    assert (names(fabric, SERVICES), names(fabric, STORAGE)) == (services + 1, accounts + 1)


def test_a_look_without_an_answer_is_repeated(fabric: TroubledFabric, provider: Provider) -> None:
    fabric.add("lost-answer", operation="get-subscription", times=2)

    assert provider.cloud.check_access().name == "clouddp"

    assert len(provider.clock.pauses) == 2


def test_a_creation_that_arrived_twice_is_ours(fabric: TroubledFabric, provider: Provider, name: str) -> None:
    fabric.add("repeated-request", operation="create-*")
    fabric.add("repeated-request", operation="add-service-certificate")

    provider.have_service(name)
    provider.have_account(name)
    wait_until(lambda: provider.services.ensure_certificate(name, OLD), bool)

    assert struck(fabric)[0] >= 2
    assert fabric.call("GET", f"{SERVICES}/{name}/certificates").text.count("<Thumbprint>") == 1


def test_a_removal_that_arrived_twice_or_lost_its_answer_ends_with_nothing_left(
    fabric: TroubledFabric, provider: Provider, name: str
) -> None:
    for kind in ("repeated-request", "lost-answer", "lost-request"):
        fabric.clear()
        provider.have_service(name)
        provider.have_account(name)
        fabric.add(kind, operation="delete-*", times=2)

        _until_done(lambda: provider.services.remove_service(name))
        _until_done(lambda: provider.storage.remove_storage_account(name))

        assert fabric.call("GET", f"{SERVICES}/{name}").status_code == 404
        assert fabric.call("GET", f"{STORAGE}/{name}").status_code == 404


@pytest.mark.parametrize(
    ("fields", "kind", "words"),
    [
        ({"status": 500}, TemporaryError, "InternalError"),
        ({"status": 500, "code": "OperationTimedOut"}, TemporaryError, "OperationTimedOut"),
        ({"status": 409, "code": "ConflictError", "message": "It is being moved."}, ConflictError, "being moved"),
        ({"status": 400, "code": "BadRequest", "message": "No such type."}, CloudError, "No such type"),
    ],
)
def test_an_operation_that_fails_later_is_told_once_and_can_be_tried_again(
    fabric: TroubledFabric,
    provider: Provider,
    name: str,
    fields: Mapping[str, object],
    kind: type[SiteError],
    words: str,
) -> None:
    fabric.add("failed-operation", operation="create-storage-account", times=1, **fields)

    with pytest.raises(kind) as caught:
        provider.have_account(name)
    assert_told(caught.value, words)

    provider.have_account(name)
    assert fabric.call("GET", f"{STORAGE}/{name}").status_code == 200


def test_a_slow_operation_is_awaited_and_not_asked_for_again(
    fabric: TroubledFabric, provider: Provider, name: str
) -> None:
    fabric.add("delay", seconds=1, operation="create-storage-account")

    assert not provider.storage.ensure_storage_account(name, region=REGION, marks={})
    assert not provider.storage.ensure_storage_account(name, region=REGION, marks={})
    provider.have_account(name)

    assert struck(fabric) == [1]


def test_a_name_that_somebody_else_was_quicker_to_take_is_told(
    fabric: TroubledFabric, provider: Provider, name: str
) -> None:
    fabric.add("name-taken-late")

    assert provider.cloud.is_service_name_free(name)
    assert provider.cloud.is_account_name_free(name)
    for ensure in (provider.have_service, provider.have_account):
        with pytest.raises(ConflictError) as caught:
            ensure(name)
        assert caught.value.code == "cloud.name_taken"
        assert_told(caught.value, name, "already taken")


def test_a_region_without_room_is_told_with_the_clouds_words(
    fabric: TroubledFabric, provider: Provider, name: str
) -> None:
    plan = provider.have_plan(name)
    fabric.add("region-without-capacity", region=REGION)

    with pytest.raises(CloudError) as of_storage:
        provider.have_account(f"{name}x")
    assert of_storage.value.code == "cloud.region_without_room"
    assert_told(of_storage.value, "location constraint")

    with pytest.raises(CloudError) as of_deployment:
        wait_until(lambda: provider.deployments.ensure_deployment(name, plan), bool)
    assert of_deployment.value.code == "cloud.region_without_room"
    assert_told(of_deployment.value, REGION, "deploy to a different location")

    fabric.clear()
    wait_until(lambda: provider.deployments.ensure_deployment(name, plan), bool)


def test_a_disabled_subscription_is_told_whatever_is_asked(
    fabric: TroubledFabric, provider: Provider, name: str
) -> None:
    fabric.add("disabled-subscription")

    for ask in (provider.cloud.check_access, provider.cloud.list_regions, lambda: provider.have_service(name)):
        with pytest.raises(CloudError) as caught:
            ask()
        assert caught.value.code == "cloud.subscription_disabled"
        assert_told(caught.value, fabric.process.addresses["subscription_id"])
    assert provider.clock.pauses == []


@pytest.mark.parametrize("kind", ["repeated-request", "lost-answer", "lost-request"])
def test_a_deployment_is_made_and_removed_once_whatever_the_network_does(
    fabric: TroubledFabric, provider: Provider, name: str, kind: str
) -> None:
    plan = provider.have_plan(name)
    fabric.add(kind, operation="create-deployment", times=1)

    _until_done(lambda: provider.deployments.ensure_deployment(name, plan))
    assert provider.deployments.find_deployment(name) is not None

    fabric.add(kind, operation="delete-deployment", times=1)
    _until_done(lambda: provider.deployments.remove_deployment(name))
    assert fabric.call("GET", f"{SERVICES}/{name}/deploymentslots/Production").status_code == 404
    assert struck(fabric) == [1, 1]


def test_front_ends_that_never_become_ready_are_seen_as_such_until_the_trouble_ends(
    fabric: TroubledFabric, provider: Provider, name: str
) -> None:
    def is_ready() -> bool:
        found = provider.deployments.find_deployment(name)
        return found is not None and bool(found.instances) and all(each.is_ready for each in found.instances)

    plan = provider.have_plan(name)
    wait_until(lambda: provider.deployments.ensure_deployment(name, plan), bool)
    wait_until(is_ready, bool)
    fabric.add("instance-never-ready", name=name)

    found = provider.deployments.find_deployment(name)
    assert found is not None
    assert [(instance.status, instance.is_ready) for instance in found.instances] == [("BusyRole", False)]

    fabric.process.kill()
    fabric.process.start()
    assert not is_ready()

    fabric.clear()
    wait_until(is_ready, bool)


def test_storage_that_is_away_is_waited_for(fabric: TroubledFabric, provider: Provider, name: str) -> None:
    provider.have_account(name)
    fabric.add("unavailable-storage", name=name, times=3)

    assert not provider.storage.ensure_container(name, "clouddp")
    wait_until(lambda: provider.storage.ensure_container(name, "clouddp"), bool)

    fabric.add("unavailable-storage", name=name, times=3, retry_after=1)
    store = Retrying(provider.storage.open_container(name, "clouddp"), attempts=5, sleep=provider.clock.sleep)
    store.put("content/a", b"hello")
    assert store.get("content/a") == b"hello"
    assert len(provider.clock.pauses) == 3


def test_storage_that_was_lost_is_told_and_made_again(fabric: TroubledFabric, provider: Provider, name: str) -> None:
    provider.have_account(name)
    wait_until(lambda: provider.storage.ensure_container(name, "clouddp"), bool)
    store = provider.storage.open_container(name, "clouddp")
    store.put("content/a", b"hello")

    fabric.add("lost-storage", name=name)

    assert store.length("content/a") is None
    with pytest.raises(SiteError):
        store.put("content/a", b"hello")
    assert provider.storage.ensure_container(name, "clouddp")
    store.put("content/a", b"hello")


def test_many_connections_share_a_slow_cloud(fabric: TroubledFabric) -> None:
    fabric.add("delay", seconds=0.5, operation="get-subscription")
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(Provider(fabric).cloud.check_access().name)) for _ in range(8)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert found == ["clouddp"] * 8


def _until_done(act: Callable[[], bool]) -> None:
    """Act until it is done, as the workflow of a service does: again after what may pass."""

    def attempt() -> bool:
        try:
            return act()
        except TemporaryError:
            return False

    wait_until(attempt, bool)
