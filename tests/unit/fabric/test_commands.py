"""`clouddp fabric run` says in one line where the cloud is, and ends as commands do."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clouddp.fabric.commands import app

COMMAND = (sys.executable, "-m", "clouddp", "fabric", "run")


@contextmanager
def running(state: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*COMMAND, "--state", str(state), *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def first_line(process: subprocess.Popen[str]) -> dict[str, object]:
    assert process.stdout is not None
    found: dict[str, object] = json.loads(process.stdout.readline())
    return found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_running_cloud_tells_its_addresses_and_ends_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    with running(tmp_path / "cloud") as process:
        told = first_line(process)
        process.send_signal(number)
        output, errors = process.communicate(timeout=20)

    assert process.returncode == 0
    assert output == ""
    assert "Traceback" not in errors
    assert told["pid"] == process.pid
    assert {"management_url", "storage_url", "portal_url", "dns", "ca_file", "zones", "portal_token_file"} <= set(told)


def test_a_second_cloud_on_the_folder_ends_with_1_and_says_who_has_it(tmp_path: Path) -> None:
    with running(tmp_path / "cloud") as first:
        first_line(first)
        with running(tmp_path / "cloud") as second:
            _output, errors = second.communicate(timeout=20)

    assert second.returncode == 1
    assert f"process {first.pid}" in errors
    assert "--state" in errors


def test_a_cloud_ends_when_its_input_closes_if_asked_to(tmp_path: Path) -> None:
    with running(tmp_path / "cloud", "--until-input-closes") as process:
        first_line(process)
        process.communicate(timeout=20)

    assert process.returncode == 0


@pytest.mark.parametrize("listen", ["nowhere", "127.0.0.1:", "127.0.0.1:99999", ":80"])
def test_an_address_that_is_none_is_a_usage_error(tmp_path: Path, listen: str) -> None:
    told = CliRunner().invoke(app, ["run", "--state", str(tmp_path / "cloud"), "--listen", listen])

    assert told.exit_code == 2
    assert listen in told.stderr
    assert not (tmp_path / "cloud").exists()
