"""Bring one package version to one distribution point: chunks, manifest, scope; only then is it visible."""

import hashlib
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass

from clouddp.content.format.chunking import ContentDefinedCuts, Cuts, RecordedCuts
from clouddp.content.format.digests import DigestAlgorithm
from clouddp.content.format.entries import ChunkEntry, Manifest
from clouddp.content.format.keys import KEY_LENGTH, NAME_LENGTH, ContentKeys
from clouddp.content.format.manifest import open_manifest, seal_manifest
from clouddp.content.format.statement import VersionStatement, statement_claims
from clouddp.content.library import ContentLibrary
from clouddp.content.presence import CONTENT_FOLDER
from clouddp.content.publish import Progress, Publication, Publisher
from clouddp.distribution_manager.ports import (
    KeptManifest,
    ManifestRecords,
    ScopeWriter,
    StatementSigner,
    StoreOpener,
    Transfer,
)
from clouddp.model.content import PackageVersion
from clouddp.model.errors import DamagedError
from clouddp.model.exchange import Scope
from clouddp.workflows.base import StepObserver

STEPS = ("chunks", "manifest", "scope", "visible")


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferTools:
    """What transfers work with."""

    site_code: str
    keys: ContentKeys
    library: ContentLibrary
    records: ManifestRecords
    stores: StoreOpener
    scopes: ScopeWriter
    signer: StatementSigner
    observer: StepObserver


class TransferRunner:
    """Runs transfers, from several threads at once; each step looks before it acts, so a crash only repeats one."""

    def __init__(self, tools: TransferTools, stopping: threading.Event) -> None:
        self._tools = tools
        self._stopping = stopping
        self._locks: dict[str, threading.Lock] = {}

    def run(self, transfer: Transfer, report: Callable[[Progress], None], make_visible: Callable[[int], None]) -> None:
        """Do every step; `make_visible` gets the stored octets that were sent.

        Raises: SiteError of the step that failed; the steps before it need not be done again.
        """
        observer, name = self._tools.observer, transfer.id
        observer.before(name, "chunks")
        manifest, sent_bytes = self._send_chunks(transfer, report)
        observer.after(name, "chunks")
        observer.before(name, "manifest")
        sent_bytes += self._send_manifest(transfer, manifest)
        observer.after(name, "manifest")
        observer.before(name, "scope")
        self._write_scope(transfer, manifest)
        observer.after(name, "scope")
        observer.before(name, "visible")
        make_visible(sent_bytes)
        observer.after(name, "visible")

    def _send_chunks(self, transfer: Transfer, report: Callable[[Progress], None]) -> tuple[KeptManifest, int]:
        """Send what the store lacks; the first transfer of a version decides its manifest, so others wait for it."""
        version = transfer.version
        with self._locks.setdefault(version.id, threading.Lock()):
            kept = self._tools.records.find_manifest(version.id)
            if kept is None:
                publication = self._publish(transfer, ContentDefinedCuts(self._tools.keys.cut_seed), report)
                return self._make_manifest(version, publication.chunks), publication.sent_bytes
        chunks = self._open(version, kept).chunks
        publication = self._publish(transfer, RecordedCuts([chunk.raw_length for chunk in chunks]), report)
        if publication.chunks != chunks:
            raise DamagedError("content.stream_changed")
        return kept, publication.sent_bytes

    def _publish(self, transfer: Transfer, cuts: Cuts, report: Callable[[Progress], None]) -> Publication:
        tools, version_id = self._tools, transfer.version.id
        store = tools.stores.open_store(transfer.distribution.distribution_point_id)
        publisher = Publisher(store, tools.records.ledger(version_id), tools.keys, stopping=self._stopping)
        with tools.library.open_stream(tools.library.tree(version_id)) as stream:
            return publisher.publish(stream, cuts, report)

    def _make_manifest(self, version: PackageVersion, chunks: tuple[ChunkEntry, ...]) -> KeptManifest:
        tools = self._tools
        manifest = Manifest(
            generation=tools.keys.generation,
            digest_algorithm=DigestAlgorithm.BLAKE3,
            tree=tools.library.tree(version.id),
            chunks=chunks,
        )
        key, salt = secrets.token_bytes(KEY_LENGTH), secrets.token_bytes(KEY_LENGTH)
        ciphertext = seal_manifest(manifest, key=key, salt=salt)
        tools.library.keep_manifest(version.id, ciphertext)
        statement = VersionStatement(
            site=tools.site_code,
            package=version.package_id,
            version=version.number,
            version_id=version.id,
            manifest_name=secrets.token_hex(NAME_LENGTH),
            manifest_sha256=hashlib.sha256(ciphertext).hexdigest(),
            manifest_length=len(ciphertext),
        )
        kept = KeptManifest(
            name=statement.manifest_name,
            length=len(ciphertext),
            key=key,
            statement=tools.signer.sign(statement_claims(statement)),
        )
        tools.records.keep_manifest(version.id, kept, chunks)
        return kept

    def _send_manifest(self, transfer: Transfer, manifest: KeptManifest) -> int:
        store = self._tools.stores.open_store(transfer.distribution.distribution_point_id)
        name = f"{CONTENT_FOLDER}/{manifest.name}"
        if store.length(name) == manifest.length:
            return 0
        store.put(name, self._tools.library.manifest(transfer.version.id))
        return manifest.length

    def _write_scope(self, transfer: Transfer, manifest: KeptManifest) -> None:
        service_id = transfer.distribution.distribution_point_id
        lengths = self._open(transfer.version, manifest).object_lengths()
        lengths[manifest.name] = manifest.length
        scope = Scope(service_id=service_id, version_id=transfer.version.id, lengths=lengths)
        self._tools.scopes.write_scope(service_id, scope)

    def _open(self, version: PackageVersion, manifest: KeptManifest) -> Manifest:
        return open_manifest(self._tools.library.manifest(version.id), manifest.key)
