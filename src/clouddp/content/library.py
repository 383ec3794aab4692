"""The site's content library: every file once, by its digest, and the tree of every package version."""

import errno
import os
import shutil
import sys
import threading
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from blake3 import blake3

from clouddp.content.format.entries import FileEntry, Tree
from clouddp.content.format.manifest import read_tree, write_tree
from clouddp.content.source import SourceFile, SourceListing, check_same, list_source, open_unchanged
from clouddp.content.stream import VersionStream
from clouddp.disk.whole_files import write_whole
from clouddp.model.errors import ConflictError, InvalidInputError, NotFoundError

_BLOCK = 1024 * 1024


class ContentLibrary:
    """Keeps versions in one folder; one process at a time uses it, from as many threads as it likes.

    `files/<2 digits>/<digest>` holds content, `versions/<id>.tree` and `.manifest` what a version is, `incoming/` what
    is being added. A version exists once its `.tree` does: everything it needs was put in place before. One change is
    made at a time: nothing is taken away that somebody adds at this moment.
    """

    def __init__(self, folder: Path) -> None:
        self._files = folder / "files"
        self._versions = folder / "versions"
        self._incoming = folder / "incoming"
        for place in (folder, self._files, self._versions, self._incoming):
            place.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)  # what lies below needs no modes of its own
        self.folder = folder
        self._changing = threading.Lock()  # disks read no faster with two, either

    def add(self, source: Path, version_id: str) -> Tree:
        """Copy a source folder in as a version; a source that cannot be taken whole leaves nothing behind.

        Raises:
            InvalidInputError: it is missing, unreadable, empty, holds what a package cannot, or changed meanwhile.
            ConflictError: the disk is full.
        """
        source = Path(os.path.abspath(source))  # noqa: PTH100 (`resolve` would follow links in the path)
        if self.folder.resolve().is_relative_to(source.resolve()):
            raise InvalidInputError("content.source_holds_library", folder=str(source))
        with self._changing:
            return self._add(source, version_id)

    def tree(self, version_id: str) -> Tree:
        """Read what a version holds; raises NotFoundError when there is no such version."""
        return read_tree(self._read(version_id, ".tree"))

    def keep_manifest(self, version_id: str, ciphertext: bytes) -> None:
        """Keep the encrypted manifest of a version."""
        with self._full_disk_told():
            self._write(self._versions / f"{version_id}.manifest", ciphertext)

    def manifest(self, version_id: str) -> bytes:
        """Read the encrypted manifest of a version; raises NotFoundError when it was not made yet."""
        return self._read(version_id, ".manifest")

    def open_stream(self, tree: Tree) -> VersionStream:
        """Open the stream of a version: its files in path order, joined."""
        files = os.fspath(self._files)
        places = ((file, file.digest.hex()) for file in tree.files)
        return VersionStream((file, f"{files}/{name[:2]}/{name}") for file, name in places)

    def collect(self, known_version_ids: Iterable[str]) -> None:
        """Remove what a crash left behind: half-added content, and versions the site database does not know.

        Only before anything is added: a version that was just added is not in the database yet.
        """
        known = set(known_version_ids)
        with self._changing:
            orphans = {path.stem for path in self._versions.iterdir()} - known
            leftovers = list(self._incoming.iterdir())
            if orphans or leftovers:
                self._drop(orphans)
            for path in leftovers:
                _remove(path)

    def remove(self, version_ids: Collection[str]) -> None:
        """Remove versions, and the files that no other version needs; nobody may be reading them."""
        with self._changing:
            self._drop(version_ids)

    def _add(self, source: Path, version_id: str) -> Tree:
        listing = list_source(source)
        with self._room_for(listing) as incoming:
            files = tuple(self._take(source, file, incoming) for file in listing.files)
            check_same(listing, list_source(source))
            tree = Tree(files=files, folders=listing.folders, links=listing.links)
            self._keep(incoming)
            self._write(self._versions / f"{version_id}.tree", write_tree(tree))
        return tree

    def _drop(self, version_ids: Collection[str]) -> None:
        """Remove files first: as long as the `.tree` is there, a crash is followed by another try."""
        remaining = {path.stem for path in self._versions.glob("*.tree")}.difference(version_ids)
        needed = {file.digest.hex() for version_id in remaining for file in self.tree(version_id).files}
        for path in self._files.glob("*/*"):
            if path.name not in needed:
                path.unlink()
        for version_id in version_ids:
            for suffix in (".manifest", ".tree"):
                (self._versions / f"{version_id}{suffix}").unlink(missing_ok=True)

    @contextmanager
    def _room_for(self, listing: SourceListing) -> Iterator[Path]:
        """Give a folder for incoming files that is gone in the end."""
        size = sum(file.state.size for file in listing.files)
        incoming = self._incoming / uuid4().hex
        with self._full_disk_told(size):
            incoming.mkdir()
            try:
                yield incoming
            finally:
                shutil.rmtree(incoming)

    @contextmanager
    def _full_disk_told(self, size: int = 0) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
                raise
            raise ConflictError("content.disk_full", folder=str(self.folder), size=size) from error

    def _take(self, source: Path, file: SourceFile, incoming: Path) -> FileEntry:
        """Copy one file into `incoming` unless the library or `incoming` holds the same octets already."""
        with open_unchanged(source, file) as descriptor:
            if file.state.size <= _BLOCK:
                content = b"".join(_read_blocks(descriptor, file))
                digest = blake3(content).digest()
                self._write_incoming(digest.hex(), content, incoming)
            else:
                digest = self._copy_large(descriptor, file, incoming)
        return FileEntry(
            path=file.path,
            size=file.state.size,
            mode=file.mode,
            modified_us=file.state.modified_ns // 1000,
            digest=digest,
        )

    def _copy_large(self, descriptor: int, file: SourceFile, incoming: Path) -> bytes:
        hasher = blake3()
        copying = incoming / "copying"
        with copying.open("wb") as target:
            for block in _read_blocks(descriptor, file):
                hasher.update(block)
                target.write(block)
        place = _shard(incoming, hasher.hexdigest())
        place.parent.mkdir(exist_ok=True)
        copying.replace(place)
        return hasher.digest()

    def _write_incoming(self, digest: str, content: bytes, incoming: Path) -> None:
        place = _shard(incoming, digest)
        if _shard(self._files, digest).exists() or place.exists():
            return
        with _open_new(place) as target:
            target.write(content)

    def _keep(self, incoming: Path) -> None:
        """Move complete files to their places, on disk before the version that needs them is."""
        for shard in incoming.iterdir():
            place = self._files / shard.name
            place.mkdir(exist_ok=True)
            for path in shard.iterdir():
                path.replace(place / path.name)
        _flush_to_disk(self._files)

    def _write(self, path: Path, content: bytes) -> None:
        """Write a file so that it is there whole or not at all."""
        write_whole(path, content, beside=self._incoming / uuid4().hex)

    def _read(self, version_id: str, suffix: str) -> bytes:
        try:
            return (self._versions / f"{version_id}{suffix}").read_bytes()
        except FileNotFoundError:
            raise NotFoundError("content.version_missing", version=version_id) from None


def _shard(folder: Path, digest: str) -> Path:
    """Spread files over 256 folders: creating thousands in one is many times slower."""
    return folder / digest[:2] / digest


def _open_new(place: Path) -> BinaryIO:
    """Open a file that is not there yet; its shard is made with its first file."""
    try:
        return place.open("xb")
    except FileNotFoundError:
        place.parent.mkdir(exist_ok=True)
        return place.open("xb")


def _read_blocks(descriptor: int, file: SourceFile) -> Iterator[bytes]:
    """Read exactly the listed size, and see that nothing follows."""
    left = file.state.size
    while left:
        block = _read(descriptor, min(left, _BLOCK), file)
        if not block:
            raise InvalidInputError("content.source_changed", path=file.path)
        left -= len(block)
        yield block
    if _read(descriptor, 1, file):
        raise InvalidInputError("content.source_changed", path=file.path)


def _read(descriptor: int, length: int, file: SourceFile) -> bytes:
    try:
        return os.read(descriptor, length)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InvalidInputError("content.source_unreadable", path=file.path, reason=reason) from error


def _flush_to_disk(folder: Path) -> None:
    """Flush all at once: `fsync` of thousands of small files takes twenty times as long."""
    if sys.platform != "win32":
        os.sync()
        return
    for path in folder.glob("*/*"):
        with path.open("rb+") as file:
            os.fsync(file.fileno())


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
