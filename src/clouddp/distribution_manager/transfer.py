"""Bring one package version to one distribution point: chunks, manifest, scope; only then is it visible."""

import hashlib
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from clouddp.content.format.chunking import ContentDefinedCuts, Cuts, RecordedCuts
from clouddp.content.format.digests import DigestAlgorithm
from clouddp.content.format.entries import ChunkEntry, Manifest
from clouddp.content.format.keys import KEY_LENGTH, NAME_LENGTH, ContentKeys
from clouddp.content.format.manifest import open_manifest, seal_manifest
from clouddp.content.format.statement import VersionStatement, statement_claims
from clouddp.content.library import ContentLibrary
from clouddp.content.presence import CONTENT_FOLDER, Presence
from clouddp.content.publish import Progress, Publication, Publisher
from clouddp.distribution_manager.ledger import ClaimingLedger
from clouddp.distribution_manager.ports import (
    KeptManifest,
    ManifestRecords,
    ScopeWriter,
    StatementSigner,
    StoreOpener,
    Transfer,
)
from clouddp.distribution_manager.presences import Presences
from clouddp.distribution_manager.rate import Pace, RateLimit
from clouddp.model.content import DistributionTask, PackageVersion
from clouddp.model.errors import DamagedError, TemporaryError
from clouddp.model.exchange import Scope
from clouddp.store.base import ObjectStore
from clouddp.store.throttle import Throttled
from clouddp.store.verify import Verifying
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
    presences: Presences = field(default_factory=Presences)
    limit: RateLimit = field(default_factory=lambda: RateLimit(time.monotonic))

    def open_manifest(self, version_id: str, manifest: KeptManifest) -> Manifest:
        """Read the manifest of a version from the library."""
        return open_manifest(self.library.manifest(version_id), manifest.key)

    def open_store(self, distribution_point_id: str, stopping: threading.Event) -> ObjectStore:
        """Give a store that keeps to the bandwidth plan, and passes nothing once `stopping` is set."""
        pace = Pace(self.limit, stopping, check=lambda: check_going_on(stopping))
        return Throttled(self.stores.open_store(distribution_point_id), pace.pass_bytes)


def check_going_on(stopping: threading.Event) -> None:
    """Raise the error that ends an attempt early."""
    if stopping.is_set():
        raise TemporaryError("content.publishing_stopped", retry_after_seconds=1)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a transfer goes, while it runs."""

    store: Verifying
    presence: Presence
    ledger: ClaimingLedger
    stopping: threading.Event


class TransferRunner:
    """Runs transfers, from several threads at once; each step looks before it acts, so a crash only repeats one."""

    def __init__(self, tools: TransferTools) -> None:
        self._tools = tools
        self._locks: dict[str, threading.Lock] = {}

    def run(
        self,
        transfer: Transfer,
        report: Callable[[Progress], None],
        make_visible: Callable[[int], None],
        *,
        stopping: threading.Event,
    ) -> None:
        """Do every step until `stopping` is set; `make_visible` gets the stored octets that were sent.

        Raises: SiteError of the step that failed; the steps before it need not be done again.
        """
        observer, name = self._tools.observer, transfer.id
        version_id, place_id = transfer.version.id, transfer.distribution.distribution_point_id
        with self._tools.presences.sending(version_id, place_id) as presence:
            place = self._open_place(transfer, presence, stopping)
            observer.before(name, "chunks")
            manifest, sent_bytes = self._send_chunks(transfer, place, report)
            observer.after(name, "chunks")
            observer.before(name, "manifest")
            sent_bytes += self._send_manifest(transfer, place, manifest)
            observer.after(name, "manifest")
            observer.before(name, "scope")
            _check_arrival(place)
            self._write_scope(transfer, place, manifest)
            observer.after(name, "scope")
            observer.before(name, "visible")
            make_visible(sent_bytes)
            observer.after(name, "visible")

    def _open_place(self, transfer: Transfer, presence: Presence, stopping: threading.Event) -> _Place:
        place_id = transfer.distribution.distribution_point_id
        store = Verifying(self._tools.open_store(place_id, stopping))
        ledger = ClaimingLedger(
            self._tools.records, presence, store, version_id=transfer.version.id, distribution_point_id=place_id
        )
        return _Place(store, presence, ledger, stopping)

    def _send_chunks(
        self, transfer: Transfer, place: _Place, report: Callable[[Progress], None]
    ) -> tuple[KeptManifest, int]:
        """Send what the store lacks; the first transfer of a version decides its manifest, so others wait for it."""
        version = transfer.version
        with self._locks.setdefault(version.id, threading.Lock()):
            kept = self._tools.records.find_manifest(version.id)
            if kept is None:
                publication = self._publish(transfer, place, ContentDefinedCuts(self._tools.keys.cut_seed), report)
                return self._make_manifest(version, publication.chunks), publication.sent_bytes
        chunks = self._tools.open_manifest(version.id, kept).chunks
        publication = self._publish(transfer, place, RecordedCuts([chunk.raw_length for chunk in chunks]), report)
        if publication.chunks != chunks:
            raise DamagedError("content.stream_changed")
        return kept, publication.sent_bytes

    def _publish(
        self, transfer: Transfer, place: _Place, cuts: Cuts, report: Callable[[Progress], None]
    ) -> Publication:
        tools, distribution = self._tools, transfer.distribution
        publisher = Publisher(place.store, place.ledger, tools.keys, stopping=place.stopping, presence=place.presence)
        resend_from = distribution.done_bytes if distribution.task is DistributionTask.RESEND else None
        with tools.library.open_stream(tools.library.tree(transfer.version.id)) as stream:
            return publisher.publish(stream, cuts, report, resend_from=resend_from)

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

    def _send_manifest(self, transfer: Transfer, place: _Place, manifest: KeptManifest) -> int:
        place.ledger.claim([manifest.name])
        overwrite = transfer.distribution.task is DistributionTask.RESEND
        if not overwrite and place.presence.length(manifest.name) == manifest.length:
            return 0
        ciphertext = self._tools.library.manifest(transfer.version.id)
        place.presence.put(place.store, manifest.name, ciphertext, overwrite=overwrite)
        return manifest.length

    def _write_scope(self, transfer: Transfer, place: _Place, manifest: KeptManifest) -> None:
        service_id = transfer.distribution.distribution_point_id
        lengths = self._tools.open_manifest(transfer.version.id, manifest).object_lengths()
        lengths[manifest.name] = manifest.length
        scope = Scope(service_id=service_id, version_id=transfer.version.id, lengths=lengths)
        with place.presence.deleting:  # nobody removes it who has not seen that it is wanted again
            self._tools.scopes.write_scope(service_id, scope)


def _check_arrival(place: _Place) -> None:
    """Look whether the store holds what it took; what it does not is sent by the next try."""
    differences = place.store.differences()
    for one in differences:
        place.presence.note(one.name.removeprefix(f"{CONTENT_FOLDER}/"), one.found_length)
    if differences:
        first = differences[0]
        raise TemporaryError(
            "store.length_differs",
            name=first.name,
            sent=first.sent_length,
            found=first.found_length or 0,
            retry_after_seconds=5,
        )
