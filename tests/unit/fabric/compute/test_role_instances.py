"""A role instance is watched while it lives, started again when it dies, and gone when it is stopped."""

import subprocess
import sys
from pathlib import Path

from clouddp.fabric.compute.instance_processes import by_command
from clouddp.fabric.compute.role_instances import InstanceStatus, RoleInstance, RoleInstances, pause_seconds
from clouddp.telemetry.logs import ComponentLog
from tests.unit.fabric.builders import wait_until

READY = "import sys; sys.stdout.write('{\"ready\": true}\\n'); sys.stdout.flush(); "
WAITING = (sys.executable, "-c", READY + "sys.stdin.read()")


def log(folder: Path) -> ComponentLog:
    return ComponentLog(folder / "fabric.log", "FABRIC")


def stop(instance: RoleInstance) -> None:
    instance.begin_cut()
    assert instance.wait_ended(20)


def test_an_instance_is_busy_until_it_says_that_it_is_ready(tmp_path: Path) -> None:
    chatty = (
        "import sys; print('hello'); print('{}'); print('{\"ready\": false}'); sys.stdout.flush(); sys.stdin.read()"
    )
    instance = RoleInstance("Role_IN_0", by_command((sys.executable, "-c", chatty), tmp_path), tmp_path, log(tmp_path))

    assert not instance.wait_until_ready(0.3)

    before = instance.status
    stop(instance)
    assert before in (InstanceStatus.STARTING, InstanceStatus.BUSY)
    assert instance.status is InstanceStatus.STOPPED


def test_a_stopped_instance_is_gone_and_is_not_started_again(tmp_path: Path) -> None:
    instance = RoleInstance("Role_IN_0", by_command(WAITING, tmp_path), tmp_path, log(tmp_path))
    assert instance.wait_until_ready(20)

    stop(instance)

    assert instance.process_id is None
    assert instance.restarts == 0


def test_a_program_that_is_not_there_is_tried_again_and_can_be_stopped(tmp_path: Path) -> None:
    instance = RoleInstance("Role_IN_0", by_command(("/no/such/program",), tmp_path), tmp_path, log(tmp_path))

    wait_until(lambda: instance.restarts, lambda restarts: restarts >= 1)
    stop(instance)

    assert "/no/such/program" in (tmp_path / "fabric.log").read_text(encoding="utf-8")


def test_an_instance_whose_folder_cannot_be_used_is_tried_again_until_it_can(tmp_path: Path) -> None:
    folder = tmp_path / "instance"
    instance = RoleInstance("Role_IN_0", by_command(WAITING, folder), folder, log(tmp_path))
    wait_until(lambda: instance.restarts, lambda restarts: restarts >= 1)

    folder.mkdir()

    assert instance.wait_until_ready(20)
    stop(instance)


def test_what_an_instance_writes_to_standard_error_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    program = "import sys; sys.stderr.write('trouble'); sys.stderr.flush(); " + READY + "sys.stdin.read()"
    instance = RoleInstance("Role_IN_0", by_command((sys.executable, "-c", program), tmp_path), tmp_path, log(tmp_path))
    assert instance.wait_until_ready(20)
    stop(instance)

    output = tmp_path / "output.log"
    assert output.read_bytes() == b"trouble"
    assert output.stat().st_mode & 0o777 == 0o600


def test_no_instance_outlives_the_process_that_started_it(tmp_path: Path) -> None:
    program = (
        "import sys, os, signal; from pathlib import Path; "
        "from clouddp.fabric.compute.instance_processes import by_command; "
        "from clouddp.fabric.compute.role_instances import RoleInstance; "
        "from clouddp.telemetry.logs import ComponentLog; "
        "folder = Path(sys.argv[1]); "
        "log = ComponentLog(folder / 'fabric.log', 'FABRIC'); "
        "instance = RoleInstance('r', by_command(sys.argv[2:], folder), folder, log); "
        "assert instance.wait_until_ready(20); print(instance.process_id, flush=True); "
        "os.kill(os.getpid(), signal.SIGKILL)"
    )

    killed = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path), *WAITING], stdout=subprocess.PIPE, text=True, check=False
    )

    process_id = int(killed.stdout)
    wait_until(lambda: Path(f"/proc/{process_id}").exists() and _state(process_id) != "Z", lambda alive: not alive)


def test_all_instances_are_stopped_together(tmp_path: Path) -> None:
    instances = RoleInstances(log(tmp_path))
    for key in ("a.production", "b.production"):
        for name in ("Role_IN_0", "Role_IN_1"):
            folder = tmp_path / key / name
            folder.mkdir(parents=True)
            assert instances.start(key, name, by_command(WAITING, folder), folder).wait_until_ready(20)
    process_ids = [instance.process_id for key in ("a.production", "b.production") for instance in _all(instances, key)]

    instances.close()

    assert instances.of("a.production") == {}
    assert not any(Path(f"/proc/{process_id}").exists() for process_id in process_ids)


def test_the_pause_before_another_start_grows_and_has_a_bound() -> None:
    pauses = [pause_seconds(quick_ends) for quick_ends in range(1000)]

    assert pauses[:4] == [0.2, 0.4, 0.8, 1.6]
    assert pauses == sorted(pauses)
    assert pauses[-1] == 30.0


def _all(instances: RoleInstances, key: str) -> list[RoleInstance]:
    return list(instances.of(key).values())


def _state(process_id: int) -> str:
    try:
        return Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return "Z"
