"""Each kind of trouble, as a client of the embedded cloud meets it on the wire."""

import base64
import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
import requests
from azure.common import AzureConflictHttpError, AzureHttpError
from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from azure.servicemanagement import ServiceManagementService
from azure.servicemanagement.models import AzureAsyncOperationHttpError

from clouddp.network.tls import client_context
from tests.integration.classic_deployment import write_pem
from tests.integration.troubled_fabric import SERVICES, STORAGE, TroubledFabric, texts, troubled_fabric, wait_until
from tests.unit.cloud_services.site_bench import management_certificate
from tests.unit.fabric.builders import deployment_document


@pytest.fixture
def fabric(fabric_without_trouble: TroubledFabric) -> TroubledFabric:
    return fabric_without_trouble


def status_of(fabric: TroubledFabric, path: str) -> int:
    return fabric.call("GET", path).status_code


@pytest.mark.parametrize(("status", "code"), [(429, "TooManyRequests"), (500, "InternalError"), (503, "ServerBusy")])
def test_an_error_is_the_real_services_with_retry_after_and_nothing_is_done(
    fabric: TroubledFabric, status: int, code: str
) -> None:
    fabric.add("error", status=status, retry_after=7, times=1, operation="create-hosted-service")

    refused = fabric.create_service(f"error{status}")

    assert (refused.status_code, texts(refused)["Code"]) == (status, code)
    assert refused.headers["retry-after"] == "7"
    assert status_of(fabric, f"{SERVICES}/error{status}") == 404
    assert fabric.create_service(f"error{status}").status_code == 201


def test_an_error_says_what_it_was_told_to_and_only_to_whom_it_was_told(fabric: TroubledFabric) -> None:
    fabric.add("error", status=500, code="OperationTimedOut", message="Too late.", name="unlucky*")

    refused = fabric.create_service("unlucky1")

    assert (texts(refused)["Code"], texts(refused)["Message"]) == ("OperationTimedOut", "Too late.")
    assert "retry-after" not in refused.headers
    assert fabric.create_service("lucky1").status_code == 201


def test_requests_are_let_through_first_and_the_rule_is_spent_at_last(fabric: TroubledFabric) -> None:
    fabric.add("error", status=503, operation="list-*", after=1, times=2)

    assert [status_of(fabric, SERVICES) for _ in range(5)] == [200, 503, 503, 200, 200]
    (spent,) = fabric.admin("GET").json()
    assert (spent["passed"], spent["struck"], spent["is_spent"]) == (1, 2, True)


def test_a_failed_operation_is_accepted_and_ends_without_having_done_anything(fabric: TroubledFabric) -> None:
    fabric.add("failed-operation", operation="create-storage-account", times=1)

    accepted = fabric.create_account("failed1")
    ended = fabric.end_of(accepted)

    assert accepted.status_code == 202
    assert (ended["Status"], ended["HttpStatusCode"], ended["Code"]) == ("Failed", "500", "InternalError")
    assert status_of(fabric, f"{STORAGE}/failed1") == 404
    assert fabric.end_of(fabric.create_account("failed1"))["Status"] == "Succeeded"


def test_an_operation_that_is_done_at_once_fails_at_once(fabric: TroubledFabric) -> None:
    fabric.add("failed-operation", operation="create-hosted-service", status=409, code="ConflictError")

    refused = fabric.create_service("failed2")

    assert (refused.status_code, texts(refused)["Code"]) == (409, "ConflictError")


def test_a_delayed_request_waits_while_others_are_answered(fabric: TroubledFabric) -> None:
    held = fabric.add("delay", seconds=3_600, operation="get-subscription")
    answers: list[int] = []
    waiting = threading.Thread(target=lambda: answers.append(fabric.call("GET", "", timeout=60).status_code))
    waiting.start()
    wait_until(lambda: fabric.admin("GET").json()[0]["struck"], lambda struck: struck == 1)

    assert status_of(fabric, "/locations") == 200
    assert answers == []

    fabric.admin("DELETE", f"/trouble/{held['id']}")
    waiting.join(20)
    assert answers == [200]


def test_a_delayed_operation_is_accepted_at_once_and_takes_that_much_longer(fabric: TroubledFabric) -> None:
    fabric.add("delay", seconds=1, operation="create-storage-account")
    began = time.monotonic()

    accepted = fabric.create_account("delayed1")

    assert fabric.operation(accepted)["Status"] == "InProgress"
    assert texts(fabric.call("GET", f"{STORAGE}/delayed1"))["Status"] == "Creating"
    assert fabric.end_of(accepted)["Status"] == "Succeeded"
    assert time.monotonic() - began >= 1


def test_delays_do_not_hide_what_comes_after_them(fabric: TroubledFabric) -> None:
    fabric.add("delay", seconds=0.01)
    fabric.add("error", status=503, operation="list-locations")

    assert status_of(fabric, "/locations") == 503


def test_a_lost_answer_is_that_of_a_request_that_was_done(fabric: TroubledFabric) -> None:
    fabric.add("lost-answer", operation="create-*", times=2)

    for create in (fabric.create_service, fabric.create_account):
        with pytest.raises(httpx2.RemoteProtocolError):
            create("lostanswer1")

    assert status_of(fabric, f"{SERVICES}/lostanswer1") == 200
    assert status_of(fabric, f"{STORAGE}/lostanswer1") == 200


def test_a_lost_request_is_held_then_cut_and_nothing_is_done(fabric: TroubledFabric) -> None:
    fabric.add("lost-request", operation="create-hosted-service", seconds=0.5, times=1)
    began = time.monotonic()

    with pytest.raises(httpx2.RemoteProtocolError):
        fabric.create_service("lostrequest1")

    assert time.monotonic() - began >= 0.5
    assert status_of(fabric, f"{SERVICES}/lostrequest1") == 404


def test_a_client_that_waits_less_long_than_a_request_is_held_sees_a_time_out(fabric: TroubledFabric) -> None:
    fabric.add("lost-request", operation="list-locations", seconds=30, times=1)

    with pytest.raises(httpx2.ReadTimeout):
        fabric.call("GET", "/locations", timeout=0.5)

    assert status_of(fabric, "/locations") == 200


def test_a_cut_connection_ends_without_the_end_of_tls(fabric: TroubledFabric) -> None:
    fabric.add("lost-answer", operation="list-locations")
    addresses = fabric.process.addresses
    context = client_context(
        authorities_pem=fabric.process.authorities_pem, client_certificate=management_certificate()
    )
    host, _, port = addresses["management_url"].removeprefix("https://").partition(":")
    request = f"GET /{addresses['subscription_id']}/locations HTTP/1.1\r\nHost: x\r\nx-ms-version: 2014-10-01\r\n\r\n"

    with (
        socket.create_connection((host, int(port)), timeout=20) as plain,
        context.wrap_socket(plain, server_hostname=host, suppress_ragged_eofs=False) as connection,
    ):
        connection.sendall(request.encode())
        with pytest.raises((ssl.SSLEOFError, ConnectionResetError)):
            connection.recv(1)


def test_a_repeated_request_is_acted_on_twice_and_the_second_answer_is_seen(fabric: TroubledFabric) -> None:
    fabric.add("repeated-request", operation="create-*", times=2)

    services, accounts = fabric.create_service("twice1"), fabric.create_account("twice1")

    assert (services.status_code, texts(services)["Code"]) == (409, "ConflictError")
    assert (accounts.status_code, texts(accounts)["Code"]) == (409, "ConflictError")
    assert status_of(fabric, f"{SERVICES}/twice1") == 200
    assert status_of(fabric, f"{STORAGE}/twice1") == 200


def test_a_region_without_capacity_takes_neither_storage_nor_a_deployment(fabric: TroubledFabric) -> None:
    assert fabric.create_service("full1").status_code == 201
    fabric.add("region-without-capacity", region="West Europe")

    refused = fabric.create_account("full1")
    accepted = fabric.call("POST", f"{SERVICES}/full1/deploymentslots/Production", deployment_document())
    ended = fabric.end_of(accepted)

    assert (refused.status_code, texts(refused)["Message"]) == (400, "The location constraint is not valid.")
    assert accepted.status_code == 202
    assert (ended["Status"], ended["Code"]) == ("Failed", "LocationNotFoundForRoleSize")
    assert "Region (West Europe)" in ended["Message"]
    assert status_of(fabric, f"{SERVICES}/full1/deploymentslots/Production") == 404


def test_a_region_with_capacity_is_as_it_was(fabric: TroubledFabric) -> None:
    fabric.add("region-without-capacity", region="East US")

    assert fabric.create_account("roomy1").status_code == 202


@pytest.mark.parametrize(("path", "create"), [(SERVICES, "create_service"), (STORAGE, "create_account")])
def test_a_name_that_was_free_is_taken_when_it_is_to_be_given(fabric: TroubledFabric, path: str, create: str) -> None:
    fabric.add("name-taken-late", name="late*", times=1)

    answer = texts(fabric.call("GET", f"{path}/operations/isavailable/late1"))
    refused = getattr(fabric, create)("late1")

    assert answer["Result"] == "true"
    assert (refused.status_code, texts(refused)["Code"]) == (409, "ConflictError")
    assert "already taken" in texts(refused)["Message"]
    assert status_of(fabric, f"{path}/late1") == 404


def test_a_disabled_subscription_refuses_everything_and_says_why(fabric: TroubledFabric) -> None:
    fabric.add("disabled-subscription")

    for refused in (fabric.call("GET", "/locations"), fabric.create_service("disabled1")):
        assert (refused.status_code, texts(refused)["Code"]) == (403, "SubscriptionDisabled")
    assert texts(fabric.call("GET", ""))["SubscriptionStatus"] == "Disabled"

    fabric.clear()
    assert texts(fabric.call("GET", ""))["SubscriptionStatus"] == "Active"


def test_storage_is_slow_unavailable_and_lost_for_microsofts_client(fabric: TroubledFabric) -> None:
    assert fabric.end_of(fabric.create_account("blobs1"))["Status"] == "Succeeded"
    with fabric.blobs("blobs1") as client:
        container = client.create_container("clouddp")
        container.upload_blob("content/a", b"hello")

        fabric.add("slow-storage", seconds=0.5, name="blobs1", operation="get-blob")
        began = time.monotonic()
        assert container.download_blob("content/a").readall() == b"hello"
        assert time.monotonic() - began >= 0.5

        fabric.add("unavailable-storage", name="blobs1", retry_after=3, times=1)
        with pytest.raises(HttpResponseError) as busy:
            container.download_blob("content/a")
        assert (busy.value.status_code, busy.value.error_code) == (503, "ServerBusy")  # type: ignore[attr-defined]  # set at run time
        assert busy.value.response.headers["retry-after"] == "3"  # type: ignore[union-attr]  # of its HTTP library

        fabric.clear()
        lost = fabric.add("lost-storage", name="blobs*")
        with pytest.raises(ResourceNotFoundError) as gone:
            container.download_blob("content/a")
        assert gone.value.error_code == "ContainerNotFound"  # type: ignore[attr-defined]  # set at run time
        assert (lost["times"], lost["struck"], lost["is_spent"]) == (1, 1, True)

        client.create_container("clouddp")
        container.upload_blob("content/a", b"again")
        assert container.download_blob("content/a").readall() == b"again"


def test_storage_that_does_not_exist_cannot_be_lost(fabric: TroubledFabric) -> None:
    refused = fabric.admin("POST", body={"kind": "lost-storage", "name": "nobody*"})

    assert (refused.status_code, refused.json()["code"]) == (404, "trouble.no_such_account")
    assert fabric.admin("GET").json() == []


@pytest.mark.slow
def test_microsofts_client_of_the_classic_protocol_reads_each_trouble(fabric: TroubledFabric, tmp_path: Path) -> None:
    label = base64.b64encode(b"x").decode()
    with requests.Session() as session:
        session.cert = str(write_pem(management_certificate(), tmp_path))
        session.verify, session.trust_env = fabric.process.addresses["ca_file"], False
        client = ServiceManagementService(
            fabric.process.addresses["subscription_id"],
            host=fabric.process.addresses["management_url"].removeprefix("https://"),
            request_session=session,
        )

        fabric.add("error", status=503, operation="list-locations", times=1)
        with pytest.raises(AzureHttpError) as busy:
            client.list_locations()
        assert busy.value.status_code == 503
        assert "ServerBusy" in str(busy.value)

        fabric.add("failed-operation", operation="create-storage-account", code="OperationTimedOut", times=1)
        accepted = client.create_storage_account("legacy1", "x", label, location="West Europe")
        with pytest.raises(AzureAsyncOperationHttpError) as failed:
            client.wait_for_operation_status(
                accepted.request_id, timeout=30, sleep_interval=0.1, progress_callback=None, success_callback=None
            )
        result = failed.value.result
        assert (result.http_status_code, result.error.code) == ("500", "OperationTimedOut")

        fabric.add("lost-answer", operation="create-hosted-service", times=1)
        with pytest.raises(requests.ConnectionError):
            client.create_hosted_service("legacy1", label, location="West Europe")
        assert client.get_hosted_service_properties("legacy1").service_name == "legacy1"

        fabric.add("name-taken-late")
        assert client.check_hosted_service_name_availability("legacy2").result
        with pytest.raises(AzureConflictHttpError):
            client.create_hosted_service("legacy2", label, location="West Europe")

        fabric.add("disabled-subscription")
        assert client.get_subscription().subscription_status == "Disabled"
        with pytest.raises(AzureHttpError) as disabled:
            client.list_hosted_services()
        assert disabled.value.status_code == 403
        assert "SubscriptionDisabled" in str(disabled.value)


@pytest.mark.slow
def test_held_requests_end_with_the_fabric(tmp_path: Path) -> None:
    with troubled_fabric(tmp_path / "cloud") as fabric:
        assert fabric.end_of(fabric.create_account("held1"))["Status"] == "Succeeded"
        blobs = fabric.blobs("held1")
        fabric.add("delay", seconds=3_600, operation="list-locations")
        fabric.add("slow-storage", seconds=3_600)
        ends: list[type[Exception]] = []

        def ask(call: Callable[[], object]) -> None:
            try:
                call()
            except (httpx2.HTTPError, AzureError) as error:
                ends.append(type(error))

        calls = (lambda: fabric.call("GET", "/locations", timeout=60), lambda: blobs.create_container("clouddp"))
        threads = [threading.Thread(target=ask, args=[call]) for call in calls]
        for thread in threads:
            thread.start()
        wait_until(lambda: [each["struck"] for each in fabric.admin("GET").json()], lambda struck: struck == [1, 1])

        fabric.process.stop()
        for thread in threads:
            thread.join(20)

        assert not any(thread.is_alive() for thread in threads)
        assert httpx2.RemoteProtocolError in ends
        blobs.close()
