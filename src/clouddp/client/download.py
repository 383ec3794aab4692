"""Download a package version: locate, fetch in parallel, decrypt, verify, place."""

import ssl
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from clouddp.client.client_logs import ClientLogs
from clouddp.client.connection import Origin, OriginConnection
from clouddp.client.location import ContentLocation, ContentLocator, Source
from clouddp.client.object_source import ObjectFetcher, OpenSource
from clouddp.client.staging import Staging, check_room, check_target
from clouddp.content.format.entries import ChunkEntry, FileSlice, Manifest, chunk_slices
from clouddp.content.format.manifest import open_manifest
from clouddp.content.format.sealing import open_chunk
from clouddp.content.format.statement import VersionStatement, check_manifest
from clouddp.model.errors import DamagedError, NotFoundError, RefusedError, SiteError
from clouddp.telemetry.correlation import correlated

_WORKERS: Final = 4

Resolve = Callable[[str], str]
"""Gives the address that a service FQDN leads to; raises SiteError when it leads nowhere."""

Progress = Callable[[int, int], None]
"""Is told, from any thread, how many octets of how many are in place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadReport:
    """What a download did."""

    package_id: str
    version: int
    target: Path
    files: int
    size_bytes: int  # of the files
    fetched_bytes: int  # of objects, this time
    seconds: float
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    """One object and each place in the stream where its octets go."""

    entry: ChunkEntry
    places: tuple[tuple[int, tuple[FileSlice, ...]], ...]


class Downloader:
    """Downloads packages for one registered client."""

    def __init__(
        self,
        locator: ContentLocator,
        *,
        context: ssl.SSLContext,
        resolve: Resolve,
        logs: ClientLogs,
        progress: Progress,
        workers: int = _WORKERS,
    ) -> None:
        self._locator = locator
        self._context = context
        self._resolve = resolve
        self._logs = logs
        self._progress = progress
        self._workers = workers

    def download(self, package_id: str, target: Path) -> DownloadReport:
        """Make `target` hold the newest version of a package; what an earlier try fetched is not fetched again.

        Raises:
            SiteError: it did not succeed; the target is as it was.

        """
        with correlated():
            check_target(target)
            self._logs.access.information("client.content_requested", package=package_id, path=target)
            try:
                report = self._with_new_token(package_id, target)
            except SiteError as error:
                self._logs.access.error("client.content_failed", package=package_id, reason=error)
                raise
            self._logs.access.information(
                "client.content_placed", package=package_id, version=report.version, path=target, size=report.size_bytes
            )
            return report

    def _with_new_token(self, package_id: str, target: Path) -> DownloadReport:
        """Ask for a new token once, when the one that was given ends before the download does."""
        try:
            return self._download(self._locator.locate(package_id), target)
        except RefusedError as error:
            if error.code != "client.token_refused":
                raise
            self._logs.location.warning("client.token_renewed", package=package_id)
            return self._download(self._locator.locate(package_id), target)

    def _download(self, location: ContentLocation, target: Path) -> DownloadReport:
        started = time.monotonic()
        statement = location.statement
        fetcher = ObjectFetcher(self._open_sources(location), log=self._logs.transfer)
        try:
            manifest = fetcher.fetch(
                statement.manifest_name,
                statement.manifest_length,
                partial(_open_manifest, statement, location.manifest_key),
            )
            staging = Staging(target, statement.manifest_sha256)
            try:
                self._fill(staging, manifest, fetcher)
                staging.finish(manifest)
            finally:
                staging.close()
        finally:
            fetcher.close()
        seconds = time.monotonic() - started
        self._logs.transfer.information(
            "client.transfer_done", package=statement.package, size=fetcher.fetched_bytes, seconds=f"{seconds:.1f}"
        )
        return DownloadReport(
            package_id=statement.package,
            version=statement.version,
            target=target,
            files=len(manifest.tree.files),
            size_bytes=manifest.size,
            fetched_bytes=fetcher.fetched_bytes,
            seconds=seconds,
            sources=tuple(source.service_fqdn for source in location.sources),
        )

    def _open_sources(self, location: ContentLocation) -> list[OpenSource]:
        """Follow the name of each source; one whose name leads nowhere is left out while others are there."""
        opened: list[OpenSource] = []
        trouble: SiteError = NotFoundError("client.no_source", package=location.statement.package)
        for source in location.sources:
            try:
                opened.append(self._open_source(source))
            except SiteError as error:
                self._logs.location.warning("client.name_not_followed", host=source.service_fqdn, reason=error)
                trouble = error
        if not opened:
            raise trouble
        return opened

    def _open_source(self, source: Source) -> OpenSource:
        address = self._resolve(source.service_fqdn)
        origin = Origin(host=source.service_fqdn, port=source.port, address=address)
        self._logs.location.information("client.source_found", server=origin, address=address)
        return OpenSource(source=source, origin=origin, connect=partial(OriginConnection, origin, self._context))

    def _fill(self, staging: Staging, manifest: Manifest, fetcher: ObjectFetcher) -> None:
        """Fetch what is missing; when a file is not whole in the end, all is fetched again, once."""
        self._fetch_missing(staging, manifest, fetcher)
        damaged = next(staging.damaged(manifest), None)
        if damaged is None:
            return
        self._logs.transfer.warning("client.file_damaged", path=damaged.path)
        staging.forget()
        self._fetch_missing(staging, manifest, fetcher)
        for file in staging.damaged(manifest):
            raise DamagedError("client.file_damaged", path=file.path)

    def _fetch_missing(self, staging: Staging, manifest: Manifest, fetcher: ObjectFetcher) -> None:
        arrived = staging.arrived()
        pieces = _missing_pieces(manifest, arrived)
        done = sum(manifest.chunks[number].raw_length for number in arrived if number < len(manifest.chunks))
        check_room(staging.target, manifest.size - done)
        staging.prepare(manifest)
        meter = _Meter(self._progress, done, manifest.size)
        with ThreadPoolExecutor(self._workers, thread_name_prefix="fetch") as pool:
            work = partial(_fetch_piece, staging=staging, manifest=manifest, fetcher=fetcher)
            try:
                for octets in pool.map(work, pieces.values()):
                    meter.add(octets)
            except BaseException:  # whatever it is, Ctrl-C too: the others stop, then it goes on its way
                fetcher.close()
                pool.shutdown(cancel_futures=True)
                raise


class _Meter:
    def __init__(self, progress: Progress, done: int, total: int) -> None:
        self._progress, self._done, self._total = progress, done, total
        progress(done, total)

    def add(self, octets: int) -> None:
        self._done += octets
        self._progress(self._done, self._total)


def _open_manifest(statement: VersionStatement, key: bytes, ciphertext: bytearray) -> Manifest:
    check_manifest(statement, ciphertext)
    return open_manifest(ciphertext, key)


def _missing_pieces(manifest: Manifest, arrived: set[int]) -> Mapping[str, _Piece]:
    """Gather what has not arrived by object, since one object may be in the stream more than once."""
    pieces: dict[str, _Piece] = {}
    for number, (entry, slices) in enumerate(chunk_slices(manifest)):
        if number not in arrived:
            earlier = pieces[entry.name].places if entry.name in pieces else ()
            pieces[entry.name] = _Piece(entry, (*earlier, (number, slices)))
    return pieces


def _fetch_piece(piece: _Piece, *, staging: Staging, manifest: Manifest, fetcher: ObjectFetcher) -> int:
    check = partial(open_chunk, entry=piece.entry, algorithm=manifest.digest_algorithm)
    raw = fetcher.fetch(piece.entry.name, piece.entry.stored_length, check)
    for number, slices in piece.places:
        staging.write_chunk(number, raw, slices)
    return len(raw) * len(piece.places)
