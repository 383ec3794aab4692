"""Publishing an alias in a zone of a real BIND 9."""

import base64
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from clouddp.model.errors import RefusedError
from clouddp.network.dns_update import ZoneAccess, publish_alias
from clouddp.network.names import follow_names
from tests.peers import find_program

pytestmark = pytest.mark.peer("named")

SECRET = base64.b64encode(b"k" * 32).decode()
_ZONE = """$TTL 60
@ IN SOA ns hostmaster 1 3600 600 604800 60
@ IN NS ns
ns IN A 127.0.0.1
service IN A 127.9.1.2
"""
_CONFIGURATION = """
key "site" {{ algorithm hmac-sha256; secret "{secret}"; }};
options {{
  directory "{folder}"; pid-file "{folder}/named.pid"; session-keyfile "{folder}/session.key";
  listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; recursion no; dnssec-validation no;
}};
controls {{ }};
zone "contoso.com" {{ type primary; file "contoso.com.zone"; allow-update {{ key "site"; }}; }};
"""


@pytest.fixture
def bind(tmp_path: Path) -> Iterator[ZoneAccess]:
    program = find_program("named")
    assert program is not None
    port = _free_port()
    (tmp_path / "contoso.com.zone").write_text(_ZONE)
    configuration = tmp_path / "named.conf"
    configuration.write_text(_CONFIGURATION.format(secret=SECRET, folder=tmp_path, port=port))
    log = tmp_path / "named.log"
    with (
        log.open("wb") as output,
        subprocess.Popen([program, "-g", "-c", str(configuration)], stdout=output, stderr=output) as server,
    ):
        try:
            _wait_until_listening(port, server, log)
            yield ZoneAccess(zone="contoso.com", server="127.0.0.1", port=port, key_name="site", secret=SECRET)
        finally:
            server.terminate()


def test_an_alias_is_published_changed_and_found(bind: ZoneAccess) -> None:
    resolver = f"127.0.0.1:{bind.port}"

    publish_alias("clouddp1.contoso.com", "older.contoso.com", access=bind)
    publish_alias("clouddp1.contoso.com", "service.contoso.com", access=bind)

    chain = follow_names("clouddp1.contoso.com", service_host="service.contoso.com", resolver=resolver)
    assert chain.fault is None
    assert chain.addresses == ("127.9.1.2",)


def test_bind_refuses_a_wrong_secret_as_our_own_name_server_does(bind: ZoneAccess) -> None:
    with pytest.raises(RefusedError) as caught:
        publish_alias(
            "clouddp1.contoso.com",
            "service.contoso.com",
            access=replace(bind, secret=base64.b64encode(b"x" * 32).decode()),
        )

    assert caught.value.code == "names.key_refused"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_listening(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)  # between two looks, with a deadline
        else:
            return
    pytest.fail(f"BIND did not start:\n{log.read_text(errors='replace')}")
