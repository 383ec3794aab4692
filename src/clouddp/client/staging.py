"""Build a package version beside its target, so that the target appears whole or not at all."""

import errno
import mmap
import os
import shutil
import stat
import struct
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from clouddp.content.format.digests import digest
from clouddp.content.format.entries import FileEntry, FileSlice, Manifest
from clouddp.model.errors import InvalidInputError, SiteError, TemporaryError

_RECORD: Final = struct.Struct("<I")
_BINARY: Final = getattr(os, "O_BINARY", 0)
_NO_FOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)


class Staging:
    """A folder beside the target, named by the manifest: what a killed download leaves is found and used again.

    While files are written it holds no symbolic link, so no path can lead out of it; links are made last.
    """

    def __init__(self, target: Path, manifest_sha256: str) -> None:
        self.target = target
        self._root = target.parent / f".{target.name}.{manifest_sha256[:16]}.clouddp"
        self._tree = self._root / "tree"
        self._journal = self._root / "chunks"
        self._lock = threading.Lock()
        with _mapped_errors(self._root):
            self._tree.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._descriptor = os.open(self._journal, os.O_RDWR | os.O_CREAT | os.O_APPEND | _BINARY, 0o600)

    def arrived(self) -> set[int]:
        """Give the numbers of the chunks that are in the tree already."""
        octets = self._journal.read_bytes()
        usable = len(octets) - len(octets) % _RECORD.size
        os.ftruncate(self._descriptor, usable)  # half a record is what a kill left
        return {number for (number,) in _RECORD.iter_unpack(octets[:usable])}

    def prepare(self, manifest: Manifest) -> None:
        """Make the folders, and the files that are empty."""
        with _mapped_errors(self._tree):
            folders = {str(Path(file.path).parent) for file in manifest.tree.files}
            folders |= {str(Path(link.path).parent) for link in manifest.tree.links}
            for folder in sorted(folders | set(manifest.tree.folders)):
                (self._tree / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
            for file in manifest.tree.files:
                if file.size == 0:
                    self._write(file, 0, b"")

    def write_chunk(self, number: int, raw: bytes, slices: Iterable[FileSlice]) -> None:
        """Write what one chunk holds of the files, then note that it is there."""
        view = memoryview(raw)
        with _mapped_errors(self._tree):
            for part in slices:
                self._write(part.file, part.file_offset, view[part.chunk_offset : part.chunk_offset + part.length])
            os.write(self._descriptor, _RECORD.pack(number))

    def damaged(self, manifest: Manifest) -> Iterator[FileEntry]:
        """Yield each file that is not what the site signed."""
        for file in manifest.tree.files:
            if not self._is_whole(file, manifest):
                yield file

    def forget(self) -> None:
        """Forget which chunks have arrived."""
        os.ftruncate(self._descriptor, 0)

    def finish(self, manifest: Manifest) -> None:
        """Put links, modes and times in place, then let the target appear."""
        with _mapped_errors(self.target):
            for file in manifest.tree.files:
                path = self._tree / file.path
                path.chmod(stat.S_IMODE(file.mode) & 0o777)
                moment = file.modified_us * 1000
                os.utime(path, ns=(moment, moment))
            for link in manifest.tree.links:
                path = self._tree / link.path
                path.unlink(missing_ok=True)
                path.symlink_to(link.target)
            self._open_folders()
            self._tree.replace(self.target)
            self.close()
            self._journal.unlink()
            self._root.rmdir()

    def close(self) -> None:
        """Leave the folder as it is, to be found again."""
        with self._lock:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1

    def _open_folders(self) -> None:
        mode = 0o777 & ~_umask()
        for folder, _folders, _files in os.walk(self._tree):
            Path(folder).chmod(mode)

    def _write(self, file: FileEntry, offset: int, octets: bytes | memoryview) -> None:
        descriptor = os.open(self._tree / file.path, os.O_WRONLY | os.O_CREAT | _NO_FOLLOW | _BINARY, 0o600)
        try:
            os.lseek(descriptor, offset, os.SEEK_SET)
            while octets:
                octets = memoryview(octets)[os.write(descriptor, octets) :]
        finally:
            os.close(descriptor)

    def _is_whole(self, file: FileEntry, manifest: Manifest) -> bool:
        try:
            with (self._tree / file.path).open("rb") as opened:
                if os.fstat(opened.fileno()).st_size != file.size:
                    return False
                if file.size == 0:
                    return digest(b"", manifest.digest_algorithm) == file.digest
                with mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as view:
                    return digest(view, manifest.digest_algorithm) == file.digest
        except FileNotFoundError:
            return False


def check_target(target: Path) -> None:
    """Refuse a target that holds something: nothing of anybody else's is ever overwritten.

    Raises:
        InvalidInputError: it holds something, or is no folder, or its parent is missing.

    """
    if not target.parent.is_dir():
        raise InvalidInputError("client.target_parent_missing", path=target)
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise InvalidInputError("client.target_not_folder", path=target)
    if target.exists() and any(target.iterdir()):
        raise InvalidInputError("client.target_not_empty", path=target)


def check_room(target: Path, missing_bytes: int) -> None:
    """Refuse before the first byte what the disk has no room for."""
    if shutil.disk_usage(target.parent).free < missing_bytes:
        raise TemporaryError("client.disk_full", path=target)


def _umask() -> int:
    current = os.umask(0o077)
    os.umask(current)
    return current


@contextmanager
def _mapped_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise TemporaryError("client.disk_full", path=path) from error
        raise SiteError("client.target_not_writable", path=error.filename or path, reason=error.strerror) from error
