"""The site server dies in the middle of what reconcile has begun; all of it is done, once."""

import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clouddp.cloud_services.marks import Mark, write_mark
from clouddp.model.cloud_service import ServiceState
from clouddp.providers.azure_classic.provider import AzureClassicProvider
from tests.integration.fabric_process import FabricProcess
from tests.integration.hand import open_hand
from tests.integration.reconciled_site import ReconciledSite
from tests.integration.test_provisioning import wanted
from tests.unit.cloud_services.site_bench import OWNER

pytestmark = pytest.mark.slow


@pytest.fixture
def fabric(tmp_path: Path) -> Iterator[FabricProcess]:
    process = FabricProcess(tmp_path / "cloud")
    process.start()
    process.upload_management_certificate()
    yield process
    process.stop()


def test_a_removal_that_was_wanted_when_the_site_server_died_is_done_at_the_next_start(
    tmp_path: Path, fabric: FabricProcess
) -> None:
    create_service(tmp_path, fabric)
    marks = dict(write_mark(Mark(owner=OWNER, service_id="0a" * 16)))
    site = ReconciledSite(tmp_path, AzureClassicProvider())
    with open_hand(fabric, tmp_path) as hand:
        hand.create_hosted_service("orphan", region="West Europe", properties=marks)
        site.wanted_removals.want(site.reconciliation.preview().findings)  # and no workflow was begun
        assert [untold.code for untold in site.reconciliation.preview().not_judged] == [
            "reconciliation.removal_under_way"
        ]

        site.start()
        site.await_removals()

        assert "orphan" not in hand.names()[1]
    assert 12093 in site.numbers()
    site.close()


def test_a_removal_survives_a_crash_before_and_after_its_steps(tmp_path: Path, fabric: FabricProcess) -> None:
    name = create_service(tmp_path, fabric)
    marks = dict(write_mark(Mark(owner=OWNER, service_id="0a" * 16)))
    with open_hand(fabric, tmp_path) as hand:
        hand.create_storage_account("orphan", region="West Europe", properties=marks)

        deaths, told = run_until_it_ends(tmp_path, (1, 2, 3))

        assert hand.names() == ({name}, {name})
    assert deaths >= 3
    assert (told["state"], told["generation"]) == ("ready", 1)
    assert told["numbers"].count(12093) in (1, 2)  # told before it is noted: rather twice than never


@pytest.mark.timeout(400)
def test_a_repair_survives_a_crash_after_each_of_its_steps(tmp_path: Path, fabric: FabricProcess) -> None:
    name = create_service(tmp_path, fabric)
    with open_hand(fabric, tmp_path) as hand:
        hand.delete_storage_account(name)

        deaths, told = run_until_it_ends(tmp_path, (3,))

        assert hand.names() == ({name}, {name})
    assert deaths >= 10
    assert (told["state"], told["generation"]) == ("ready", 2)
    assert told["numbers"].count(12034) == 1


def create_service(home: Path, fabric: FabricProcess) -> str:
    site = ReconciledSite(home, AzureClassicProvider())
    site.start()
    service = site.settled(site.use_cases.create(wanted(fabric), idempotency_key=None).id, within_seconds=60)
    site.close()
    assert service is not None
    assert service.state is ServiceState.READY
    return service.service_name


def run_until_it_ends(home: Path, kill_at: tuple[int, ...]) -> tuple[int, dict[str, Any]]:
    """Give the number of deaths, and what the last one that lived told."""
    for deaths, calls in enumerate(itertools.cycle(kill_at)):
        ended = run_site(home, calls)
        if ended.returncode != -signal.SIGKILL:
            assert ended.returncode == 0, ended.stderr.decode()
            return deaths, json.loads(ended.stdout)
    raise AssertionError


def run_site(home: Path, kill_at: int) -> subprocess.CompletedProcess[bytes]:
    program = Path(__file__).with_name("killed_reconcile.py")
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(root), os.environ.get("PYTHONPATH", "")))}
    command = [sys.executable, str(program), str(home), str(kill_at)]
    return subprocess.run(command, capture_output=True, timeout=120, check=False, env=environment)
