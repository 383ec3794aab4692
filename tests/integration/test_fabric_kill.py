"""The embedded cloud is killed at random moments: what it accepted is done by the next process, once."""

import base64
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from defusedxml.ElementTree import fromstring

from clouddp.network.tls import client_context
from tests.integration.fabric_process import FabricProcess
from tests.unit.cloud_services.site_bench import management_certificate

NAMESPACE = "http://schemas.microsoft.com/windowsazure"
ACCOUNTS = "/services/storageservices"
ROUNDS = 4
LABEL = base64.b64encode(b"x").decode()


@pytest.fixture
def fabric(tmp_path: Path) -> Iterator[FabricProcess]:
    process = FabricProcess(tmp_path)
    process.start()
    process.upload_management_certificate()
    yield process
    process.stop()


def connect(fabric: FabricProcess) -> httpx2.Client:
    context = client_context(authorities_pem=fabric.authorities_pem, client_certificate=management_certificate())
    url = f"{fabric.addresses['management_url']}/{fabric.addresses['subscription_id']}"
    return httpx2.Client(
        base_url=url, verify=context, trust_env=False, timeout=20, headers={"x-ms-version": "2014-10-01"}
    )


def texts(body: str, name: str) -> list[str]:
    return [found.text or "" for found in fromstring(body).iter(f"{{{NAMESPACE}}}{name}")]


def create_until_killed(fabric: FabricProcess, prefix: str, accepted: dict[str, str]) -> None:
    """Ask for one account after the other; remember the operation of each that was accepted."""
    with connect(fabric) as client:
        for number in range(1_000):
            name = f"{prefix}{number}"
            body = (
                f'<CreateStorageServiceInput xmlns="{NAMESPACE}"><ServiceName>{name}</ServiceName>'
                f"<Label>{LABEL}</Label><Location>West Europe</Location></CreateStorageServiceInput>"
            )
            try:
                answer = client.post(ACCOUNTS, content=body)
            except httpx2.HTTPError:
                return
            if answer.status_code == 202:
                accepted[name] = answer.headers["x-ms-request-id"]


def delete_all(client: httpx2.Client, names: list[str]) -> None:
    for name in names:
        assert client.delete(f"{ACCOUNTS}/{name}").status_code == 200


def wait_for_end(client: httpx2.Client, operation_id: str) -> str:
    deadline = time.monotonic() + 30
    while (status := texts(client.get(f"/operations/{operation_id}").text, "Status")) == ["InProgress"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return status[0]


def test_what_was_accepted_is_done_once_whenever_the_process_is_killed(fabric: FabricProcess) -> None:
    chance = random.Random(20_261_123)
    for round_number in range(ROUNDS):
        accepted: dict[str, str] = {}
        killer = threading.Timer(chance.uniform(0.05, 0.6), fabric.kill)
        killer.start()
        create_until_killed(fabric, f"r{round_number}n", accepted)
        killer.join()

        fabric.start()

        with connect(fabric) as client:
            assert [wait_for_end(client, operation) for operation in accepted.values()] == ["Succeeded"] * len(accepted)
            listed = client.get(ACCOUNTS).text
            names = texts(listed, "ServiceName")
            assert set(accepted) <= set(names)
            assert len(names) == len(set(names)) <= len(accepted) + 1  # one may be accepted and its answer lost
            wait_until_settled(client)
            delete_all(client, names)
        folders = [path.name for path in (Path(fabric.addresses["state"]) / "storage").iterdir()]
        assert folders == []


def wait_until_settled(client: httpx2.Client) -> None:
    deadline = time.monotonic() + 30
    while set(texts(client.get(ACCOUNTS).text, "Status")) - {"Created"}:
        assert time.monotonic() < deadline
        time.sleep(0.02)
