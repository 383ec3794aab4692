"""The command line against a real administration service over TLS, whose cloud is in memory."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clouddp.admin.rest.application import make_administration_service
from clouddp.admin.rest.cloud_distribution_points import cloud_distribution_point_routes
from clouddp.admin.rest.dns_zones import dns_zone_routes
from clouddp.network.certificates import certificate_pem, to_quick_pfx
from clouddp.network.https_server import HttpsServer, listen
from clouddp.network.issuing import issue_service_certificate
from clouddp.network.tls import server_context
from clouddp.site_server.database.clients import ClientRepository
from clouddp.site_server.database.dns_zones import DnsZoneRepository
from clouddp.site_server.database.sealing import Sealer
from clouddp.site_server.service_names import ServiceNames
from tests.unit.cloud_services.memory_cloud import MemoryCloud
from tests.unit.cloud_services.site_bench import (
    PASSWORD,
    SUBSCRIPTION_ID,
    SiteBench,
    authority,
    management_certificate,
    service_certificate,
)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SiteBench]:
    bench = SiteBench(tmp_path, MemoryCloud(tmp_path / "cloud"))
    bench.start()
    yield bench
    bench.close()


@pytest.fixture
def files(tmp_path: Path, site: SiteBench) -> Iterator[Path]:
    """Serve the site's administration service, found through CLOUDDP_HOME, and lay out what a command needs."""
    names = ServiceNames(
        services=site.records,
        zones=DnsZoneRepository(site.database, Sealer(bytes(32))),
        clients=ClientRepository(site.database),
        resolver=None,
    )
    application = make_administration_service(
        [cloud_distribution_point_routes(site.use_cases, language="en"), dns_zone_routes(names, language="en")],
        authenticate=lambda token: None,
        report_failure=lambda reference, error: None,
        language="en",
    )
    now = datetime.now(UTC)
    keyed = issue_service_certificate(["localhost"], authority=authority(), now=now, addresses=["127.0.0.1"])
    server = HttpsServer(application, listen("127.0.0.1", 0, purpose="test"), server_context(keyed))
    _lay_out(tmp_path, f"https://127.0.0.1:{server.port}")
    yield tmp_path
    server.close()


def _lay_out(home: Path, admin_url: str) -> None:
    (home / "site").mkdir()
    (home / "ca.pem").write_bytes(certificate_pem(authority().certificate))
    (home / "token").write_text("t")
    endpoint = {"admin_url": admin_url, "token_file": str(home / "token"), "ca_file": str(home / "ca.pem")}
    (home / "site" / "endpoint.json").write_text(json.dumps(endpoint))
    (home / "management.pfx").write_bytes(to_quick_pfx(management_certificate(), PASSWORD))
    (home / "service.pfx").write_bytes(to_quick_pfx(service_certificate(), PASSWORD))
    (home / "password.txt").write_text(f"{PASSWORD}\n")


def creation(files: Path, **changes: str) -> list[str]:
    options = {
        "management-url": "https://127.0.0.1:8443",
        "subscription-id": SUBSCRIPTION_ID,
        "region": "West Europe",
        "management-certificate": str(files / "management.pfx"),
        "service-certificate": str(files / "service.pfx"),
        "password-file": str(files / "password.txt"),
    }
    return ["cloud-dp", "create", *(f"--{name}={value}" for name, value in (options | changes).items())]


def run(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"CLOUDDP_HOME": str(home), "CLOUDDP_LANG": "en", "COLUMNS": "200"}
    command = [sys.executable, "-m", "clouddp", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)


def test_create_and_wait_shows_each_step_and_ends_when_it_is_ready(files: Path) -> None:
    ended = run(files, *creation(files), "--wait")

    assert ended.returncode == 0
    assert "is ready at http://" in ended.stdout
    assert ended.stderr.count("✓") == 9


def test_with_json_only_one_document_is_printed(files: Path) -> None:
    ended = run(files, *creation(files), "--wait", "--json")

    assert ended.returncode == 0
    assert json.loads(ended.stdout)["state"] == "ready"
    assert ended.stderr == ""


def test_a_dry_run_with_faults_ends_with_usage_and_creates_nothing(files: Path, site: SiteBench) -> None:
    ended = run(files, *creation(files, region="Atlantis"), "--dry-run")

    assert ended.returncode == 2
    assert "Choose one of: West Europe." in ended.stderr
    assert site.use_cases.list() == []


def test_a_sound_dry_run_says_so(files: Path) -> None:
    ended = run(files, *creation(files), "--dry-run")

    assert ended.returncode == 0
    assert "nothing that would stop" in ended.stdout


def test_a_wrong_password_is_usage_and_says_which_files(files: Path) -> None:
    (files / "password.txt").write_text("wrong")

    ended = run(files, *creation(files))

    assert ended.returncode == 2
    assert "management.pfx" in ended.stderr
    assert "service.pfx" in ended.stderr


def test_show_list_retry_and_delete_find_it_by_each_of_its_names(files: Path, site: SiteBench) -> None:
    run(files, *creation(files), "--wait")
    service = site.use_cases.list()[0]

    endings = [
        run(files, "cloud-dp", "show", "CloudDP1.contoso.com").returncode,
        run(files, "cloud-dp", "show", service.service_name, "--json").returncode,
        run(files, "cloud-dp", "list").returncode,
        run(files, "cloud-dp", "retry", service.id).returncode,
        run(files, "cloud-dp", "delete", service.id, "--wait").returncode,
        run(files, "cloud-dp", "show", service.id).returncode,
    ]

    assert endings == [0, 0, 0, 1, 0, 3]


def test_a_name_server_that_is_silent_is_told(files: Path) -> None:
    run(files, *creation(files))
    (files / "secret.txt").write_text("bm9ib2R5\n")
    key = ["--server=127.0.0.1", "--port=9", "--key-name=k", f"--secret-file={files / 'secret.txt'}"]

    saved = run(files, "dns", "set-zone", "contoso.com", *key)
    published = run(files, "dns", "publish", "clouddp1.contoso.com")

    assert (saved.returncode, published.returncode) == (0, 1)
    assert "127.0.0.1:9" in published.stderr


@pytest.mark.slow
def test_stop_and_wait_shows_the_steps_and_what_is_possible_then(files: Path) -> None:
    run(files, *creation(files), "--wait")

    stopped = run(files, "cloud-dp", "stop", "clouddp1.contoso.com", "--wait")
    shown = run(files, "cloud-dp", "show", "clouddp1.contoso.com")
    refused = run(files, "cloud-dp", "stop", "clouddp1.contoso.com")

    assert (stopped.returncode, shown.returncode, refused.returncode) == (0, 0, 1)
    assert "is being stopped" in stopped.stdout
    assert stopped.stdout.rstrip().endswith("is stopped.")
    assert "✓ starting or suspending the deployment" in stopped.stderr
    assert "start, change, upgrade, repair, delete" in shown.stdout
    assert "Possible now: start, change" in refused.stderr


@pytest.mark.slow
def test_each_operation_of_a_life_has_its_command(files: Path, site: SiteBench) -> None:
    run(files, *creation(files), "--wait")
    name, password = "clouddp1.contoso.com", f"--password-file={files / 'password.txt'}"
    (files / "new.pfx").write_bytes(to_quick_pfx(service_certificate("CLOUDDP1.contoso.com"), PASSWORD))

    ended = [
        run(files, "cloud-dp", "set", name, "--description=Paris", "--storage-quota=5"),
        run(files, "cloud-dp", "set", name, "--instance-count=3", "--wait", "--json"),
        run(files, "cloud-dp", "stop", name, "--wait"),
        run(files, "cloud-dp", "start", name, "--wait"),
        run(files, "cloud-dp", "upgrade", name, "--wait"),
        run(files, "cloud-dp", "replace-certificate", name, f"--service-certificate={files / 'new.pfx'}", password),
        run(files, "cloud-dp", "cancel", name),
        run(files, "cloud-dp", "set", name, "--warning-percent=99"),
    ]

    assert [each.returncode for each in ended] == [0, 0, 0, 0, 0, 0, 1, 2], [each.stderr for each in ended]
    assert "was changed" in ended[0].stdout
    assert json.loads(ended[1].stdout)["instance_count"] == 3
    service = site.use_cases.list()[0]
    assert (service.description, service.quotas.storage_bytes) == ("Paris", 5 * 2**30)
    assert service.service_certificate_thumbprint == service_certificate("CLOUDDP1.contoso.com").thumbprint
    assert PASSWORD not in "".join(each.stdout + each.stderr for each in ended)
