"""The one command that tells the whole story."""

import json
import os
import signal
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from clouddp.demo.comparison import compare_folders
from tests.end_to_end.tree import make_tree

FACTS = {
    "admin_url",
    "token_file",
    "management_url",
    "portal_url",
    "ca_file",
    "dns",
    "dns_zone",
    "subscription_id",
    "management_pfx",
    "management_pfx_password_file",
    "service_fqdn",
    "service_name",
    "vip",
    "port",
    "storage_path",
    "log_directory",
    "site_key_fingerprint",
    "home",
}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "clouddp", "demo", *arguments]


def tell(home: Path, *arguments: str, expected: int = 0) -> subprocess.CompletedProcess[str]:
    told = subprocess.run(
        command(*arguments),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "CLOUDDP_HOME": str(home), "CLOUDDP_LANG": "en"},
    )
    assert told.returncode == expected, told.stderr
    return told


def facts_of(told: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    facts = json.loads(told.stdout.strip().splitlines()[-1])
    assert isinstance(facts, dict)
    return facts


def test_the_story_holds_and_a_second_telling_continues_from_the_first_and_stays_up_until_ctrl_c(
    tmp_path: Path,
) -> None:
    source = make_tree(tmp_path / "source", files=30)

    first = facts_of(tell(tmp_path, "--exit", "--json", "--source", str(source)))
    with staying_up(tmp_path, "--json", "--source", str(source)) as demo:
        assert demo.stdout is not None
        second = json.loads(demo.stdout.readline())
        _assert_it_ends(demo, signal.SIGINT, second)

    assert set(first) >= FACTS
    assert second == first
    assert compare_folders(source, Path(first["home"]) / "download").files == 31
    log = (Path(first["log_directory"]) / "CloudMgr.log").read_bytes().decode()
    assert log.startswith("<![LOG[")
    assert first["service_name"] in log
    _assert_no_log_holds_a_secret(Path(first["home"]))


def test_the_story_is_told_in_french_and_stays_up_until_it_is_terminated(tmp_path: Path) -> None:
    with staying_up(tmp_path, "--lang", "fr", "--source", str(make_tree(tmp_path / "source", files=5))) as demo:
        assert demo.stdout is not None
        told = ""
        while "Durée totale" not in told:
            line = demo.stdout.readline()
            assert line, told
            told += line
        _assert_it_ends(demo, signal.SIGTERM, json.loads((tmp_path / "demo" / "site" / "endpoint.json").read_bytes()))

    assert "L’organisation obtient ses certificats" in told
    assert "identiques, octet pour octet" in told
    assert "Prêt" in told


@pytest.mark.slow
@pytest.mark.sample
def test_a_step_that_does_not_hold_ends_the_story_with_1_and_leaves_nothing_running(tmp_path: Path) -> None:
    told = tell(tmp_path, "--exit", "--source", str(tmp_path / "missing"), expected=2)

    assert "missing" in told.stderr
    assert "→" in told.stderr
    again = tell(tmp_path, "--exit", "--source", str(make_tree(tmp_path / "source", files=5)))
    assert "byte for byte" in again.stdout


@contextmanager
def staying_up(home: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Tell a story that stays up when it is told."""
    with subprocess.Popen(
        command(*arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "CLOUDDP_HOME": str(home), "CLOUDDP_LANG": "en"},
    ) as demo:
        try:
            yield demo
        finally:
            demo.kill()


def _assert_it_ends(demo: subprocess.Popen[str], number: signal.Signals, facts: dict[str, Any]) -> None:
    assert _site_answers(facts) == 200
    demo.send_signal(number)
    demo.communicate(timeout=60)
    with pytest.raises(OSError, match="refused"):
        _site_answers(facts)


def _site_answers(facts: dict[str, Any]) -> int:
    token = Path(facts["token_file"]).read_text(encoding="utf-8").strip()
    request = urllib.request.Request(f"{facts['admin_url']}/api/v1/site", headers={"Authorization": f"Bearer {token}"})
    context = ssl.create_default_context(cafile=facts["ca_file"])
    with urllib.request.urlopen(request, context=context, timeout=20) as answer:
        return int(answer.status)


def _assert_no_log_holds_a_secret(home: Path) -> None:
    organisation = home / "organisation"
    files = [organisation / "password.txt", organisation / "registration-token.txt"]
    files += [home / "site" / "administrator-token", home / "fabric" / "portal-token"]
    secrets = [file.read_text(encoding="utf-8").strip() for file in files]
    secrets.append(json.loads((organisation / "zone-key.json").read_text(encoding="utf-8"))["secret_base64"])
    secrets.append(json.loads((home / "client" / "identity.json").read_text(encoding="utf-8"))["key"]["d"])
    logs = [file for file in home.rglob("*") if file.is_file() and file.suffix in {".log", ".jsonl", ".txt"}]
    logs = [file for file in logs if file.parent != organisation and "download" not in file.parts]
    assert len(logs) > 10
    for log in logs:
        text = log.read_text(encoding="utf-8", errors="replace")
        assert not any(secret in text for secret in secrets), log
        assert "Bearer " not in text, log
