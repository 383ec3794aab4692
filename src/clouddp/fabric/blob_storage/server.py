"""Start the fabric's Blob storage."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from clouddp.fabric.blob_storage.blocks import BlockFiles
from clouddp.fabric.blob_storage.files import clear_unfinished
from clouddp.fabric.blob_storage.operations import BLOB_LIMIT_BYTES, BlobOperations
from clouddp.fabric.blob_storage.service import BlobService, Gate, open_gate
from clouddp.fabric.ports import AccountDirectory
from clouddp.network.certificates import KeyedCertificate
from clouddp.network.https_server import HttpsServer, listen
from clouddp.network.tls import server_context


def start_storage(  # noqa: PLR0913 (one parameter a setting)
    directory: AccountDirectory,
    state: Path,
    certificate: KeyedCertificate,
    *,
    host: str,
    port: int,
    blob_limit_bytes: int = BLOB_LIMIT_BYTES,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    gate: Gate = open_gate,
) -> HttpsServer:
    """Serve `https://HOST:PORT/<account>/<container>/<blob>` from the fabric's state folder; port 0 takes a free one.

    One process at a time may do so for one folder. Raises ConflictError when the port is in use.
    """
    listener = listen(host, port, purpose="storage")
    clear_unfinished(state)
    BlockFiles(state).drop_old()
    operations = BlobOperations(state, blob_limit_bytes=blob_limit_bytes)
    return HttpsServer(BlobService(directory, operations, now=now, gate=gate), listener, server_context(certificate))
