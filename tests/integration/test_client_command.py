"""`clouddp client` as a person runs it: register, get, be killed, go on."""

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.integration.download_site import CHUNK_BYTES, FQDN, PACKAGE, DownloadSite
from tests.unit.client.small_name_server import name_server

FILES = {f"folder/{number}.bin": random.Random(number).randbytes(4_000_000) for number in range(20)}


class Computer:
    """Runs the client's commands against one site."""

    def __init__(self, site: DownloadSite, url: str, token: str, resolver: str) -> None:
        self.root = site.root
        self.url = url
        self.resolver = resolver
        self.token_file = site.root / "token.txt"
        self.token_file.write_text(token)

    def register(self) -> subprocess.CompletedProcess[str]:
        return self.run(["register", "--management-point", self.url, "--token-file", str(self.token_file), "--json"])

    def get(self) -> Sequence[str]:
        return ["get", PACKAGE, "--to", str(self.root / "target"), "--dns", self.resolver, "--json"]

    def run(self, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self._command(words), capture_output=True, text=True, timeout=60, check=False)

    def start(self, words: Sequence[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command(words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _command(self, words: Sequence[str]) -> list[str]:
        return [sys.executable, "-m", "clouddp", "client", *words, "--home", str(self.root / "client")]


@pytest.fixture
def computer(tmp_path: Path) -> Iterator[Computer]:
    site = DownloadSite(tmp_path)
    records = {f"{FQDN}.": ("CNAME", "d1594d.cloudapp.net."), "d1594d.cloudapp.net.": ("A", "127.0.0.1")}
    try:
        site.write_state()
        site.publish(FILES)
        site.start_instance()
        server, clients = site.start_management_point()
        clients.allow_cloud(allowed=True)
        with name_server(records) as resolver:
            yield Computer(site, f"https://127.0.0.1:{server.port}", clients.new_registration_token(), resolver)
        server.close()
    finally:
        site.close()


def test_a_download_that_was_killed_goes_on_without_fetching_again_what_it_has(computer: Computer) -> None:
    assert computer.register().returncode == 0
    first = computer.start(computer.get())
    wait_until_some_arrived(computer.root, chunks=20)
    first.kill()
    first.wait()

    second = computer.run(computer.get())

    told = json.loads(second.stdout)
    assert told["size_bytes"] == sum(map(len, FILES.values()))
    stored = sum(path.stat().st_size for path in (computer.root / "storage/content").iterdir())
    assert told["fetched_bytes"] <= stored - 20 * CHUNK_BYTES
    assert {
        path.relative_to(computer.root / "target").as_posix(): path.read_bytes()
        for path in (computer.root / "target/folder").iterdir()
    } == FILES


def test_getting_before_registering_says_what_to_do_and_exits_with_3(computer: Computer) -> None:
    ended = computer.run(computer.get())

    assert ended.returncode == 3
    assert "clouddp client register" in json.loads(ended.stderr)["next_step"]


def test_registering_twice_is_refused(computer: Computer) -> None:
    assert computer.register().returncode == 0

    ended = computer.register()

    assert (ended.returncode, json.loads(ended.stderr)["code"]) == (1, "client.registered_already")


def wait_until_some_arrived(folder: Path, *, chunks: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        journals = list(folder.glob(".target.*.clouddp/chunks"))
        if journals and journals[0].stat().st_size >= 4 * chunks:
            return
        time.sleep(0.002)
    pytest.fail("nothing arrived")
