"""Real front ends under load: a change loses no connection, a stop cuts them all, a death only what was there."""

import os
import signal
import socket
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.integration.rolling_cloud import Client, Load, RollingCloud, rolling_cloud
from tests.unit.fabric.builders import wait_until

pytestmark = pytest.mark.slow


def test_a_certificate_is_exchanged_under_load_and_no_connection_is_lost(tmp_path: Path) -> None:
    with rolling_cloud(tmp_path) as rolling:
        rolling.add_certificate(rolling.second)
        before = rolling.process_ids()
        load = Load(rolling)

        with load.running(new=6, kept=3):
            wait_until(load.answered.total, lambda count: count > 50)
            rolling.change(rolling.second)
            after = load.answered.total()
            wait_until(load.answered.total, lambda count: count > after + 50)

        old, new = (each.certificate.public_bytes(Encoding.DER) for each in (rolling.first, rolling.second))
        assert load.lost == []
        assert set(load.answered) == {old, new}
        assert not set(before.values()) & set(rolling.process_ids().values())
        assert _newest(rolling) == new


def test_a_stop_cuts_established_connections_at_once_and_a_start_restores_access(tmp_path: Path) -> None:
    with rolling_cloud(tmp_path) as rolling:
        established = [Client(rolling.address, rolling.context()) for _ in range(10)]
        for client in established:
            client.health()

        rolling.ask("status", "UpdateDeploymentStatus", Status="Suspended")

        assert [_is_cut(client) for client in established] == [True] * 10
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(rolling.address, timeout=5)

        rolling.ask("status", "UpdateDeploymentStatus", Status="Running")

        assert _newest(rolling)  # what comes before an instance is ready waits in the queue


def test_rolling_changes_of_all_kinds_lose_nothing_and_a_death_only_what_the_dead_instance_held(tmp_path: Path) -> None:
    with rolling_cloud(tmp_path) as rolling:
        rolling.add_certificate(rolling.second)
        load = Load(rolling)

        with load.running(new=12, kept=6):
            wait_until(load.answered.total, lambda count: count > 50)
            for count, certificate in (
                (3, rolling.first),
                (3, rolling.second),
                (1, rolling.second),
                (1, rolling.first),
            ):
                rolling.change(certificate, count=count)
            during_changes = list(load.lost)
            rolling.change(rolling.first, count=2)
            killed = rolling.process_ids()["DistributionPoint_IN_0"]
            os.kill(killed or 0, signal.SIGKILL)
            rolling.cloud.wait_until_ready()

        assert during_changes == []
        assert len(load.lost) <= 18  # no client loses more than the one request that it had there
        assert not any("Refused" in lost for lost in load.lost)


def _newest(rolling: RollingCloud) -> bytes:
    client = Client(rolling.address, rolling.context())
    try:
        return client.health()
    finally:
        client.close()


def _is_cut(client: Client) -> bool:
    try:
        return client.sock.recv(1) == b""
    except ConnectionResetError:
        return True
    finally:
        client.close()
