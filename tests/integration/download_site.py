"""A small site in a folder: real keys, certificates, ciphertext, front ends and management point; no cloud."""

import hashlib
import json
import os
import random
import secrets
import select
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from clouddp.client.client_logs import open_client_logs
from clouddp.client.download import Downloader
from clouddp.client.identity import ClientFolders, ClientIdentity
from clouddp.client.location import ContentLocator
from clouddp.client.registration import register_client
from clouddp.content.format.digests import DigestAlgorithm, digest
from clouddp.content.format.entries import FileEntry, LinkEntry, Manifest, Tree
from clouddp.content.format.keys import derive_content_keys
from clouddp.content.format.manifest import seal_manifest
from clouddp.content.format.scope import scope_claims
from clouddp.content.format.sealing import ChunkSealer
from clouddp.content.format.statement import VersionStatement, statement_claims
from clouddp.management_point.app import make_management_point
from clouddp.management_point.decisions import Decisions, SiteDescription
from clouddp.management_point.ports import SiteRecords
from clouddp.model.cloud_service import CloudService, DesiredState, ServiceState
from clouddp.model.exchange import Scope, ServiceStateDocument
from clouddp.model.settings import Quotas
from clouddp.network.certificates import certificate_pem, chain_pem, key_pem
from clouddp.network.https_server import HttpsServer, listen
from clouddp.network.issuing import issue_service_certificate, make_authority
from clouddp.network.registration import parse_registration_token, registration_fingerprint
from clouddp.network.signed import Purpose, sign, sign_state
from clouddp.network.signing_keys import new_signing_key, public_jwk
from clouddp.network.tls import client_context, server_context
from clouddp.network.tokens import issue_access_token
from clouddp.site_server.clients import SiteClients
from clouddp.site_server.database.clients import ClientRepository
from clouddp.site_server.database.engine import open_database
from clouddp.site_server.database.status_messages import StatusMessageRepository
from clouddp.site_server.database.tables import metadata
from clouddp.site_server.status import StatusLog
from clouddp.store.folder import FolderStore
from clouddp.telemetry.logs import ComponentLog

FQDN = "clouddp1.contoso.com"
PACKAGE = "P0100001"
SERVICE_ID = "5e" * 16
CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What the management point tells about a version."""

    package_id: str
    version_number: int
    version_id: str
    statement: str
    manifest_name: str
    manifest_length: int
    manifest_key: bytes
    distribution_point_ids: tuple[str, ...]


@dataclass(slots=True)
class Shelf:
    """The distributed content, as the site database would have it."""

    newest: Published | None = None

    def located_content(self, package_id: str, version_id: str | None = None) -> Published | None:
        found = self.newest
        return found if found and package_id == found.package_id and version_id in (None, found.version_id) else None


@dataclass(slots=True)
class ServiceList:
    """The cloud distribution points, as the site database would have them."""

    services: list[CloudService] = field(default_factory=list)

    def list(self) -> list[CloudService]:
        return self.services


def service_at(port: int | None) -> CloudService:
    now = datetime.now(UTC)
    return CloudService(
        id=SERVICE_ID, provider="azure-classic", management_url="https://management.invalid", subscription_id="s",
        region="West Europe", service_fqdn=FQDN, service_name="d1594d4527614a09b934d470", description="",
        instance_count=2, quotas=Quotas(), desired=DesiredState.RUNNING, generation=1, settled_generation=1,
        state=ServiceState.READY, activity="", problem=None, service_certificate_thumbprint="",
        management_certificate_thumbprint="", virtual_ip="127.0.0.1", port=port, created_at=now, changed_at=now,
    )  # fmt: skip


class DownloadSite:
    """Publishes content into a folder store, runs front ends before it and a management point beside it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.now = datetime.now(UTC)
        self.storage = root / "storage"
        self.store = FolderStore(self.storage)
        self.authority = make_authority("Contoso CA", now=self.now)
        self.certificate = issue_service_certificate([FQDN], authority=self.authority, now=self.now)
        self.authorities_pem = certificate_pem(self.authority.certificate).decode()
        self.state_key, self.version_key, self.token_key = new_signing_key(), new_signing_key(), new_signing_key()
        self.content_keys = derive_content_keys(secrets.token_bytes(32), generation=1)
        self.shelf, self.services = Shelf(), ServiceList()
        self.port = free_port()
        self.instances: list[subprocess.Popen[bytes]] = []
        self.sequence = 0

    def close(self) -> None:
        for instance in self.instances:
            stop(instance)

    def write_state(
        self,
        *,
        running: bool = True,
        sequence: int | None = None,
        blocked: Mapping[str, datetime] | None = None,
        lifetime: timedelta = timedelta(hours=24),
    ) -> None:
        self.sequence = self.sequence + 1 if sequence is None else sequence
        now = datetime.now(UTC)
        document = ServiceStateDocument(
            service_id=SERVICE_ID, epoch=1, sequence=self.sequence, issued_at=now, expires_at=now + lifetime,
            running=running, token_keys=(public_jwk(self.token_key),), blocked_clients=blocked or {},
        )  # fmt: skip
        self.store.put("state/service", sign_state(document, key=self.state_key).encode())

    def publish(
        self, files: Mapping[str, bytes], *, version: int = 1, links: Mapping[str, str] | None = None
    ) -> Published:
        """Cut, encrypt and store a version; nothing checks its paths, so that bad ones can be published too."""
        sealer = ChunkSealer(self.content_keys)
        paths = sorted(files, key=lambda path: path.encode())
        entries = tuple(
            FileEntry(
                path=path,
                size=len(files[path]),
                mode=0o750,
                modified_us=1_600_000_000_000_000,
                digest=digest(files[path]),
            )
            for path in paths
        )
        stream = b"".join(files[path] for path in paths)
        chunks = []
        for start in range(0, len(stream), CHUNK_BYTES):
            raw = stream[start : start + CHUNK_BYTES]
            sealed = sealer.seal(sealer.identify(raw))
            self.store.put(f"content/{sealed.entry.name}", sealed.body)
            chunks.append(sealed.entry)
        link_entries = tuple(LinkEntry(path=path, target=target) for path, target in sorted((links or {}).items()))
        manifest = Manifest(
            generation=1,
            digest_algorithm=DigestAlgorithm.BLAKE3,
            tree=Tree(files=entries, folders=(), links=link_entries),
            chunks=tuple(chunks),
        )
        self.shelf.newest = self._publish_manifest(manifest, version)
        return self.shelf.newest

    def _publish_manifest(self, manifest: Manifest, version: int) -> Published:
        key = secrets.token_bytes(16)
        ciphertext = seal_manifest(manifest, key=key, salt=secrets.token_bytes(16))
        name, version_id = secrets.token_hex(16), secrets.token_hex(16)
        self.store.put(f"content/{name}", ciphertext)
        self.write_scope(version_id, {**manifest.object_lengths(), name: len(ciphertext)})
        statement = VersionStatement(
            site="P01", package=PACKAGE, version=version, version_id=version_id, manifest_name=name,
            manifest_sha256=hashlib.sha256(ciphertext).hexdigest(), manifest_length=len(ciphertext),
        )  # fmt: skip
        signed = sign(statement_claims(statement), key=self.version_key, purpose=Purpose.VERSION)
        return Published(
            package_id=PACKAGE, version_number=version, version_id=version_id, statement=signed, manifest_name=name,
            manifest_length=len(ciphertext), manifest_key=key, distribution_point_ids=(SERVICE_ID,),
        )  # fmt: skip

    def write_scope(self, version_id: str, lengths: Mapping[str, int]) -> None:
        scope = Scope(service_id=SERVICE_ID, version_id=version_id, lengths=lengths)
        token = sign(scope_claims(scope), key=self.state_key, purpose=Purpose.SCOPE)
        self.store.put(f"state/scope/{version_id}", token.encode())

    def start_instance(self, name: str = "DistributionPoint_IN_0") -> subprocess.Popen[bytes]:
        """Start a front end as a process, as the fabric does, and return when it says that it is ready."""
        configuration = self.write_configuration(name)
        command = [sys.executable, "-m", "clouddp", "distribution-point", "run", "--configuration", str(configuration)]
        instance = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={}, cwd=configuration.parent
        )
        self.instances.append(instance)
        line = read_line(instance, seconds=20)
        assert json.loads(line)["ready"] is True
        return instance

    def write_configuration(self, name: str, **changed: str) -> Path:
        folder = self.root / name
        folder.mkdir(exist_ok=True)
        thumbprint = self.certificate.thumbprint
        (folder / f"{thumbprint}.pem").write_bytes(chain_pem(self.certificate))
        (folder / f"{thumbprint}.key").write_bytes(key_pem(self.certificate))
        settings = {
            "ServiceId": SERVICE_ID,
            "InstanceId": name,
            "SiteStateKey": json.dumps(public_jwk(self.state_key)),
            "StorageKind": "folder",
            "StorageLocation": str(self.storage),
            "StorageCredential": "",
            "ListenAddress": f"127.0.0.1:{self.port}",
            "CertificateThumbprint": thumbprint,
            "Delivery": "bytes",
            "UsageKey": "",
        }
        path = folder / "configuration.json"
        path.write_text(json.dumps(settings | changed), encoding="utf-8")
        return path

    def token(self, *, client_id: str = "c1", service_id: str = SERVICE_ID, version_id: str | None = None) -> str:
        assert self.shelf.newest is not None
        return issue_access_token(
            key=self.token_key,
            issuer="https://mp",
            client_id=client_id,
            service_id=service_id,
            version_id=version_id or self.shelf.newest.version_id,
            now=datetime.now(UTC),
        )

    def start_management_point(self) -> tuple[HttpsServer, SiteClients]:
        """Run a management point with a real database of clients."""
        engine = open_database(self.root / "site.db")
        metadata.create_all(engine)
        key = public_jwk(self.version_key)
        listener = listen("127.0.0.1", 0, purpose="test")
        clients = SiteClients(
            ClientRepository(engine),
            fingerprint=lambda: registration_fingerprint(key, self.authorities_pem),
            blocks_changed=lambda: None,
            status=StatusLog(StatusMessageRepository(engine), now=lambda: datetime.now(UTC)),
            now=lambda: datetime.now(UTC),
        )
        site = SiteDescription(
            site_code="P01",
            site_keys=(key,),
            authorities_pem=self.authorities_pem,
            management_point_url=f"https://127.0.0.1:{listener.getsockname()[1]}",
        )
        self.services.services = [service_at(self.port)]
        decisions = Decisions(
            site,
            SiteRecords(clients=clients, contents=self.shelf, services=self.services),
            token_key=lambda: self.token_key,
            log=ComponentLog(self.root / "mp.log", "MP"),
            now=lambda: datetime.now(UTC),
            draw=random.random,
        )
        application = make_management_point(
            site, clients=clients, decisions=decisions, report_failure=lambda _reference, _error: None
        )
        certificate = issue_service_certificate([], authority=self.authority, now=self.now, addresses=["127.0.0.1"])
        return HttpsServer(application, listener, server_context(certificate)), clients


def register(site: DownloadSite, server: HttpsServer, clients: SiteClients) -> tuple[ClientFolders, ClientIdentity]:
    folders = ClientFolders(root=site.root / "client")
    token = parse_registration_token(clients.new_registration_token())
    url = f"https://127.0.0.1:{server.port}"
    return folders, register_client(folders, url=url, token=token, name="pc1", language="en")


def downloader(folders: ClientFolders, identity: ClientIdentity, *, address: str = "127.0.0.1") -> Downloader:
    return Downloader(
        ContentLocator(identity, folders, language="en", now=lambda: datetime.now(UTC)),
        context=client_context(authorities_pem=identity.trust.authorities_pem),
        resolve=lambda _host: address,
        logs=open_client_logs(folders.logs, language="en"),
        progress=lambda _done, _total: None,
    )


def renumbered(published: Published, version: int) -> Published:
    """Say of a version that it is another, without signing that."""
    return replace(published, version_number=version)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def read_line(instance: subprocess.Popen[bytes], *, seconds: float) -> bytes:
    assert instance.stdout is not None
    readable, _, _ = select.select([instance.stdout], [], [], seconds)
    return os.read(instance.stdout.fileno(), 4096) if readable else b"{}"


def stop(instance: subprocess.Popen[bytes]) -> int:
    instance.terminate()
    try:
        code = instance.wait(10)
    finally:
        instance.kill()
        instance.wait()
        for pipe in (instance.stdin, instance.stdout):
            if pipe is not None:
                pipe.close()
    return code
