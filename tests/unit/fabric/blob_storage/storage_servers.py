"""The fabric's storage on loopback with real TLS, for tests of the service and of those who use it."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from azure.storage.blob import BlobServiceClient
from cryptography.hazmat.primitives.serialization import Encoding

from clouddp.fabric.blob_storage.server import start_storage
from clouddp.network.certificates import KeyedCertificate
from clouddp.network.issuing import issue_service_certificate, make_authority

ACCOUNT = "d1594d4527614a09b934d470"
KEY = base64.b64encode(b"p" * 64).decode()
SECONDARY_KEY = base64.b64encode(b"s" * 64).decode()


class OneAccount:
    def keys(self, account: str) -> tuple[str, str] | None:
        return (KEY, SECONDARY_KEY) if account == ACCOUNT else None


@cache
def authority() -> KeyedCertificate:
    return make_authority("Storage tests", now=datetime.now(UTC))


@cache
def storage_certificate() -> KeyedCertificate:
    return issue_service_certificate(
        ["localhost"], authority=authority(), now=datetime.now(UTC), addresses=["127.0.0.1"]
    )


def authorities_pem() -> str:
    return authority().certificate.public_bytes(Encoding.PEM).decode()


@dataclass(frozen=True)
class Storage:
    state: Path
    port: int

    @property
    def endpoint(self) -> str:
        return f"https://127.0.0.1:{self.port}/{ACCOUNT}"

    def container_folder(self, container: str = "clouddp") -> Path:
        return self.state / "storage" / ACCOUNT / container

    def client(self, *, key: str = KEY) -> BlobServiceClient:
        """Microsoft's own client, which keeps small blocks so that tests stay small."""
        authorities = self.state / "ca.pem"
        authorities.write_text(authorities_pem())
        return BlobServiceClient(
            self.endpoint,
            credential={"account_name": ACCOUNT, "account_key": key},
            connection_verify=str(authorities),
            api_version="2026-06-06",
            retry_total=0,
            headers={"Connection": "close"},  # one that lingers would hold up the closing of the server
            max_single_put_size=256 * 1024,
            max_block_size=256 * 1024,
            max_single_get_size=256 * 1024,
            max_chunk_get_size=256 * 1024,
        )

    def files(self) -> list[str]:
        """Every file that the storage keeps for any purpose."""
        files = (path for path in self.state.rglob("*") if path.is_file() and path.name != "ca.pem")
        return sorted(str(path.relative_to(self.state)) for path in files)


@contextmanager
def running_storage(state: Path, *, port: int = 0, blob_limit_bytes: int = 64 * 2**20) -> Iterator[Storage]:
    server = start_storage(
        OneAccount(), state, storage_certificate(), host="127.0.0.1", port=port, blob_limit_bytes=blob_limit_bytes
    )
    try:
        yield Storage(state, server.port)
    finally:
        server.close()


def create_container(storage: Storage, name: str = "clouddp") -> None:
    with storage.client() as client:
        client.create_container(name)
