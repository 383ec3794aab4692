"""Role instances as copies of one host process: each on its own, and none that outlives the fabric or stays behind."""

import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from clouddp.fabric.compute.deployment_roles import ROLE_PROGRAMS
from clouddp.fabric.compute.instance_processes import InstanceHost, InstanceProcess
from tests.integration.download_site import DownloadSite
from tests.unit.fabric.builders import wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are known by descriptors on Linux alone"),
]


@pytest.fixture
def site(tmp_path: Path) -> DownloadSite:
    made = DownloadSite(tmp_path)
    made.write_state()
    return made


@pytest.fixture
def listener(site: DownloadSite) -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", site.port)) as opened:
        yield opened


@pytest.fixture
def host() -> Iterator[InstanceHost]:
    made = InstanceHost(ROLE_PROGRAMS["DistributionPoint"].host)
    yield made
    made.close()


def start(site: DownloadSite, host: InstanceHost, listener: socket.socket, name: str) -> InstanceProcess:
    launch = host.launch(site.write_configuration(name), listener=listener.fileno())
    with (site.root / name / "output.log").open("wb") as output:
        return launch(output)


def end(process: InstanceProcess) -> None:
    process.send_signal(signal.SIGKILL)
    process.close()


def is_there(process_id: int) -> bool:
    """Say whether there is such a process, be it one that has ended and waits for its parent."""
    return Path(f"/proc/{process_id}").exists()


def parent_of(process_id: int) -> int:
    status = Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8")
    return int(status.rpartition(")")[2].split()[1])


def test_instances_are_processes_of_their_own(site: DownloadSite, host: InstanceHost, listener: socket.socket) -> None:
    instances = [start(site, host, listener, name) for name in ("IN_0", "IN_1")]
    said = [json.loads(instance.stdout.readline()) for instance in instances]

    for number, instance in enumerate(instances):
        process = Path(f"/proc/{instance.pid}")
        assert said[number] == {"ready": True, "pid": instance.pid, "instance_id": f"IN_{number}"}
        assert (process / "cwd").resolve() == site.root / f"IN_{number}"
        assert (process / "environ").read_bytes().count(b"=") <= 1  # CPython sets LC_CTYPE
        assert os.getsid(instance.pid) == instance.pid
        assert (process / "fd" / "2").readlink() == site.root / f"IN_{number}" / "output.log"
    assert parent_of(instances[0].pid) == parent_of(instances[1].pid)
    for instance in instances:
        end(instance)


def test_an_ended_instance_stays_nowhere_and_its_number_is_never_signalled(
    site: DownloadSite, host: InstanceHost, listener: socket.socket
) -> None:
    instance = start(site, host, listener, "IN_0")
    instance.stdout.readline()

    end(instance)
    instance.send_signal(signal.SIGKILL)

    wait_until(lambda: is_there(instance.pid), lambda there: not there)


def test_an_instance_that_cannot_run_says_why_and_ends(
    site: DownloadSite, host: InstanceHost, listener: socket.socket
) -> None:
    path = site.write_configuration("IN_0", Delivery="redirect")
    with (path.parent / "output.log").open("wb") as output:
        instance = host.launch(path, listener=listener.fileno())(output)

    assert instance.stdout.readline() == b""
    instance.close()
    assert "Delivery" in (path.parent / "output.log").read_text(encoding="utf-8")


def test_a_host_that_dies_takes_no_instance_with_it_and_another_takes_its_place(
    site: DownloadSite, host: InstanceHost, listener: socket.socket
) -> None:
    first = start(site, host, listener, "IN_0")
    first.stdout.readline()

    os.kill(parent_of(first.pid), signal.SIGKILL)
    second = _started_again(site, host, listener)

    assert json.loads(second.stdout.readline())["ready"] is True
    assert parent_of(second.pid) != parent_of(first.pid)
    assert Path(f"/proc/{first.pid}/cwd").resolve() == site.root / "IN_0"
    for instance in (first, second):
        end(instance)


def test_the_host_ends_with_who_asks_it(site: DownloadSite, host: InstanceHost, listener: socket.socket) -> None:
    instance = start(site, host, listener, "IN_0")
    instance.stdout.readline()
    process_id = parent_of(instance.pid)

    host.close()

    assert not is_there(process_id)
    end(instance)


def test_a_host_that_cannot_be_started_is_told(site: DownloadSite, listener: socket.socket) -> None:
    for command in (("/no/such/program",), (sys.executable, "-c", "raise SystemExit(3)")):
        with pytest.raises(OSError, match=r"host of role instances has ended|No such file"):
            start(site, InstanceHost(command), listener, "IN_0")


def _started_again(site: DownloadSite, host: InstanceHost, listener: socket.socket) -> InstanceProcess:
    """Start an instance; the first who asks a host that is just dying may be told so."""
    try:
        return start(site, host, listener, "IN_1")
    except OSError:
        return start(site, host, listener, "IN_1")
