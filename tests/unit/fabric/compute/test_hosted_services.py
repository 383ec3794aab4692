"""Hosted services bear one name among all subscriptions, and keep their certificates' keys to themselves."""

from pathlib import Path

import pytest

from clouddp.fabric.compute.hosted_services import HostedServices, NewHostedService, check_service_name
from clouddp.fabric.management.protocol_errors import ProtocolError
from clouddp.network.certificates import certificate_pem, to_pfx
from tests.unit.fabric.builders import PASSWORD, SERVICE, Cloud, running_cloud, wait_until

WANTED = NewHostedService(name="One", label="b25l", description="", location="West Europe")
IDS = [f"{number:032x}" for number in range(5)]


def create(cloud: Cloud) -> HostedServices:
    cloud.plane.services.create(cloud.subscription_id, WANTED)
    return cloud.plane.services


def test_a_name_is_taken_for_all_subscriptions_and_seen_by_its_own(tmp_path: Path) -> None:
    services = create(Cloud(tmp_path))

    assert not services.is_available("ONE")
    assert services.all("other") == []
    with pytest.raises(ProtocolError, match="does not exist"):
        services.get("other", "one")
    with pytest.raises(ProtocolError, match="already taken"):
        services.create("other", WANTED)


def test_a_name_keeps_the_case_in_which_it_was_given(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path)

    assert create(cloud).get(cloud.subscription_id, "one").name == "One"


@pytest.mark.parametrize(("kind", "has_key"), [("pfx", True), ("cer", False)])
def test_only_a_pfx_brings_a_key(tmp_path: Path, kind: str, has_key: bool) -> None:
    data = to_pfx(SERVICE, PASSWORD) if kind == "pfx" else certificate_pem(SERVICE.certificate)
    with running_cloud(tmp_path) as cloud:
        services, subscription = create(cloud), cloud.subscription_id

        services.add_certificate(IDS[0], subscription, "one", data=data, kind=kind, password=PASSWORD)
        wait_until(lambda: services.get(subscription, "one").certificates, bool)

        (known,) = services.get(subscription, "one").certificates
        assert (known.thumbprint, known.has_key) == (SERVICE.thumbprint, has_key)
        assert len(list(tmp_path.rglob("*.key"))) == (1 if has_key else 0)


def test_a_certificate_added_twice_is_there_once(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        services, subscription = create(cloud), cloud.subscription_id
        for operation_id in IDS[:2]:
            data = to_pfx(SERVICE, PASSWORD)
            services.add_certificate(operation_id, subscription, "one", data=data, kind="pfx", password=PASSWORD)
            assert cloud.wait_for(operation_id).text("Status") == "Succeeded"

        assert len(services.get(subscription, "one").certificates) == 1


def test_a_certificate_for_a_service_that_is_gone_meanwhile_fails(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path)  # accepts, and does nothing
    services = create(cloud)
    data = to_pfx(SERVICE, PASSWORD)
    services.add_certificate(IDS[0], cloud.subscription_id, "one", data=data, kind="pfx", password=PASSWORD)
    services.remove("one")

    with running_cloud(tmp_path) as after:
        ended = after.wait_for(IDS[0])

        assert (ended.text("Status"), ended.text("Error/Code")) == ("Failed", "ResourceNotFound")
        assert list(tmp_path.rglob("*.key")) == []


def test_a_removed_service_leaves_its_name_and_no_key(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        cloud.make_service("one")
        services = cloud.plane.services

        services.remove("ONE")
        services.remove("one")

        assert services.is_available("one")
        assert list(tmp_path.rglob("*.key")) == []


@pytest.mark.parametrize("name", ["a", "A", "0", "a-b", "a" * 63, "9a9"])
def test_labels_of_host_names_are_taken(name: str) -> None:
    check_service_name(name)
