"""Two Blob services that speak HTTPS on loopback: the fabric's, and Azurite as the peer that it is held against."""

import base64
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from azure.storage.blob import BlobServiceClient
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.node_packages import install_node_packages
from tests.unit.fabric.blob_storage.storage_servers import (
    ACCOUNT,
    KEY,
    authorities_pem,
    running_storage,
    storage_certificate,
)

API_VERSION = "2026-06-06"  # the newest that Azurite 3.37 knows; the client would send one of October 2026

_AZURITE = Path(__file__).parent.parent.parent / "peers_azurite"
_LISTENS = re.compile(
    rb"listening on https?://127\.0\.0\.1:([0-9]+)|successfully listens on https?://127\.0\.0\.1:([0-9]+)"
)


@dataclass(frozen=True, slots=True)
class Service:
    """One of the two; `is_azurite` where a test notes what Azurite does otherwise."""

    endpoint: str
    authorities: Path
    is_azurite: bool

    @property
    def account(self) -> str:
        return ACCOUNT

    @property
    def key(self) -> str:
        return KEY

    def client(self, *, key: str = KEY) -> BlobServiceClient:
        """Microsoft's own client, with small blocks and ranges so that tests stay small."""
        return BlobServiceClient(
            self.endpoint,
            credential={"account_name": ACCOUNT, "account_key": key},
            connection_verify=str(self.authorities),
            api_version=API_VERSION,
            retry_total=0,
            max_single_put_size=64 * 1024,
            max_block_size=64 * 1024,
            max_single_get_size=64 * 1024,
            max_chunk_get_size=64 * 1024,
        )


@contextmanager
def running_fabric_service(folder: Path) -> Iterator[Service]:
    authorities = _authorities(folder)
    with running_storage(folder / "state") as storage:
        yield Service(storage.endpoint, authorities, is_azurite=False)


@contextmanager
def running_azurite(folder: Path) -> Iterator[Service]:
    program = install_node_packages(_AZURITE) / ".bin" / "azurite-blob"
    authorities = _authorities(folder)
    certificate, key = folder / "server.pem", folder / "server.key"
    keyed = storage_certificate()
    certificate.write_bytes(keyed.certificate.public_bytes(Encoding.PEM))
    key.write_bytes(keyed.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    secondary = base64.b64encode(b"s" * 64).decode()
    process = subprocess.Popen(
        [
            *(str(program), "--blobHost", "127.0.0.1", "--blobPort", "0", "--location", str(folder / "data")),
            *("--cert", str(certificate), "--key", str(key), "--disableTelemetry", "--silent"),
        ],
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "AZURITE_ACCOUNTS": f"{ACCOUNT}:{KEY}:{secondary}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        port = _read_port(process)
        yield Service(f"https://127.0.0.1:{port}/{ACCOUNT}", authorities, is_azurite=True)
    finally:
        process.terminate()
        process.wait(20)
        if process.stdout is not None:
            process.stdout.close()


def _read_port(process: subprocess.Popen[bytes]) -> int:
    said = b""
    assert process.stdout is not None
    while line := process.stdout.readline():
        said += line
        if found := _LISTENS.search(line):
            threading.Thread(target=process.stdout.read, daemon=True).start()  # so that it never waits for a reader
            return int(found[1] or found[2])
    raise AssertionError(said.decode(errors="replace"))


def _authorities(folder: Path) -> Path:
    path = folder / "ca.pem"
    path.write_text(authorities_pem(), encoding="ascii")
    return path
