"""Tests of `clouddp content`, against a real administration service over HTTPS."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter

from clouddp.admin.rest.application import make_administration_service
from clouddp.admin.rest.bandwidth_plan import bandwidth_plan_routes
from clouddp.admin.rest.cloud_distribution_point_description import describe_service
from clouddp.admin.rest.distribution_point_groups import group_routes
from clouddp.admin.rest.packages import content_status_routes, package_routes
from clouddp.model.content import ValidationState
from clouddp.model.errors import CloudError
from clouddp.network.certificates import certificate_pem
from clouddp.network.https_server import HttpsServer, listen
from clouddp.network.issuing import issue_service_certificate, make_authority
from clouddp.network.tls import server_context
from tests.unit.distribution_manager.distribution_bench import Bench, write_files

Ended = subprocess.CompletedProcess[str]
Run = Callable[..., Ended]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    write_files(tmp_path / "source", {"a": b"abc", "b/c": b"de"})
    yield made
    made.close()


@pytest.fixture
def run(bench: Bench, tmp_path: Path) -> Iterator[Run]:
    """Serve the bench as a site, and give what runs a command against it."""
    now = datetime.now(UTC)
    authority = make_authority("Test", now=now)
    keyed = issue_service_certificate([], authority=authority, now=now, addresses=["127.0.0.1"])
    service = make_administration_service(
        [
            package_routes(bench.contents, language="en"),
            content_status_routes(bench.contents, language="en"),
            group_routes(bench.groups),
            bandwidth_plan_routes(bench.planning),
            _distribution_points(bench),
        ],
        authenticate=lambda token: None,
        report_failure=lambda reference, error: None,
        language="en",
    )
    server = HttpsServer(service, listen("127.0.0.1", 0, purpose="test"), server_context(keyed))
    home = tmp_path / "home"
    write_files(home / "site", {"token": b"good", "ca.pem": certificate_pem(authority.certificate)})
    endpoint = {"admin_url": f"https://127.0.0.1:{server.port}", "token_file": str(home / "site" / "token")}
    endpoint["ca_file"] = str(home / "site" / "ca.pem")
    write_files(home / "site", {"endpoint.json": json.dumps(endpoint).encode()})
    environment = {**os.environ, "CLOUDDP_HOME": str(home), "CLOUDDP_LANG": "en", "COLUMNS": "200"}

    def run_command(*arguments: str | Path, program: str = "content") -> Ended:
        command = [sys.executable, "-m", "clouddp", program, *arguments]
        return subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", check=False, timeout=60)

    yield run_command
    server.close()


def _distribution_points(bench: Bench) -> APIRouter:
    router = APIRouter()

    @router.get("/cloud-distribution-points")
    def list_all() -> list[dict[str, Any]]:
        return [describe_service(service, "en") for service in bench.cloud.services.values()]

    return router


def test_a_package_is_added_and_listed(run: Run, bench: Bench) -> None:
    added = run("add", bench.folder / "source", "--name", "Editor", "--json")
    listed = run("list")

    assert added.returncode == 0, added.stderr
    assert json.loads(added.stdout)["id"] == "P0100001"
    assert "Editor" in listed.stdout


def test_a_package_is_distributed_by_the_name_of_the_distribution_point_and_updated(run: Run, bench: Bench) -> None:
    bench.cloud.add("cdp1")
    bench.manager.start()
    run("add", bench.folder / "source", "--name", "Editor")

    sent = run("distribute", "P0100001", "--to", "cdp1.contoso.com", "--wait", "--json")
    write_files(bench.folder / "source", {"new": b"x"})
    updated = run("update", "P0100001", "--wait")
    shown = run("status", "P0100001")

    assert sent.returncode == 0, sent.stderr
    assert [row["state"] for row in json.loads(sent.stdout)] == ["success"]
    assert updated.returncode == 0, updated.stderr
    assert "version 2" in updated.stdout
    assert "cdp1.contoso.com" in shown.stdout
    assert "Success" in shown.stdout


def test_a_distribution_that_fails_ends_with_1_and_says_where_to_look(run: Run, bench: Bench) -> None:
    store = bench.cloud.add("cdp1")
    store.fails_after, store.faults = 0, [CloudError("store.refused", name="n", reason="r")]
    bench.manager.start()
    run("add", bench.folder / "source", "--name", "Editor")

    failed = run("distribute", "P0100001", "--to", "cdp1", "--wait")
    shown = run("status", "P0100001")

    assert failed.returncode == 1
    assert "clouddp content status P0100001" in failed.stderr
    assert "refused access" in shown.stdout


@pytest.mark.slow
def test_a_package_lives_its_life_by_command(run: Run, bench: Bench) -> None:
    bench.cloud.add("cdp1")
    bench.manager.start()
    run("add", bench.folder / "source", "--name", "Editor", "--priority", "low")
    run("distribute", "P0100001", "--to", "cdp1", "--wait")

    raised = run("set", "P0100001", "--priority", "high")
    again = run("redistribute", "P0100001", "--wait", "--json")
    asked = run("validate", "P0100001", "--full", "--repair")
    bench.await_that(lambda: _is_validated(bench))
    shown = run("status")
    idle = run("cancel", "P0100001")
    withdrawn = run("remove", "P0100001", "--from", "cdp1")
    removed = run("remove", "P0100001", "--json")
    gone = run("remove", "P0100001")

    assert "high" in raised.stdout
    assert [row["state"] for row in json.loads(again.stdout)] == ["success"]
    assert "clouddp content status P0100001" in asked.stdout
    assert "0 damaged" in shown.stdout
    assert (idle.returncode, withdrawn.returncode, removed.returncode, gone.returncode) == (1, 0, 0, 3)
    assert "last token" in withdrawn.stdout


def _is_validated(bench: Bench) -> bool:
    validation = bench.status_of("P0100001").validation
    return validation is not None and validation.state is ValidationState.DONE


@pytest.mark.slow
def test_groups_are_made_filled_and_emptied_by_command(run: Run, bench: Bench) -> None:
    bench.cloud.add("cdp1")
    run("add", bench.folder / "source", "--name", "Editor")

    outcomes = [
        run("create", "Europe", program="group"),
        run("distribute", "europe", "P0100001", program="group"),
        run("add-member", "Europe", "cdp1.contoso.com", program="group"),
    ]
    listed = run("list", program="group")
    outcomes += [
        run("withdraw", "Europe", "P0100001", program="group"),
        run("remove-member", "Europe", "cdp1", program="group"),
        run("delete", "Europe", program="group"),
    ]
    missing = run("delete", "Europe", program="group")

    assert [one.stderr for one in outcomes] == [""] * 6
    assert "cdp1.contoso.com" in listed.stdout
    assert "P0100001" in listed.stdout
    assert missing.returncode == 3


@pytest.mark.slow
def test_the_bandwidth_plan_is_changed_by_command(run: Run, bench: Bench) -> None:
    limited = run("set", "--limit", "20M", "--hours", "fri-mon 8-18 high", program="bandwidth")
    kept = run("set", "--limit", "none", "--json", program="bandwidth")
    faults = [
        run("set", *words, program="bandwidth")
        for words in (("--limit", "fast"), ("--hours", "monday"), ("--hours", "mon 18-8 high"))
    ]
    cleared = run("clear", program="bandwidth")

    assert "20.0 MB" in limited.stdout
    assert "Allow high priority only" in limited.stdout
    plan = json.loads(kept.stdout)
    assert plan["limit_bytes_per_second"] is None
    assert plan["rules"][0]["days"] == ["friday", "saturday", "sunday", "monday"]
    assert [one.returncode for one in faults] == [2, 2, 2]
    assert "All hours are open" in cleared.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (("add", "/nowhere", "--name", "x"), 2, "does not exist"),
        (("distribute", "P0100001", "--to", "unknown"), 3, "unknown"),
        (("status", "P0100009"), 3, "P0100009"),
        (("update", "P0100009"), 3, "P0100009"),
    ],
)
def test_what_cannot_be_done_is_told_with_its_exit_code(
    run: Run, arguments: tuple[str, ...], code: int, text: str
) -> None:
    ended = run(*arguments)

    assert ended.returncode == code
    assert text in ended.stderr
