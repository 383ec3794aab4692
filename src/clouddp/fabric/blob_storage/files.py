"""Blobs on disk: each a file below its container's folder, whole or absent whenever the power goes."""

import errno
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final
from uuid import uuid4

from clouddp.disk.whole_files import flush_folder
from clouddp.fabric.blob_storage.blob_names import BlobPath
from clouddp.fabric.blob_storage.blocks import BLOCKS
from clouddp.fabric.blob_storage.errors import BlobError
from clouddp.fabric.blob_storage.properties import BlobProperties, PropertyFiles

_BLOBS: Final = "storage"
_PROPERTIES: Final = "storage-properties"
_UNFINISHED: Final = "storage-unfinished"


def blob_folder(state: Path, account: str, container: str) -> Path:
    """Say where the blobs of a container are, for the role instances that read them as their disk."""
    return state / _BLOBS / account / container


def remove_account_files(state: Path, account: str) -> None:
    """Remove every container of an account that is gone; an account without files is fine."""
    for part in (_BLOBS, BLOCKS, _PROPERTIES, _UNFINISHED):
        shutil.rmtree(state / part / account, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class BlobVersion:
    """One blob as it is now."""

    length: int
    etag: str  # with its quotation marks
    modified_at: datetime


Condition = Callable[[BlobVersion | None], None]


class BlobFiles:
    """The containers and blobs of all accounts. Safe to call from many threads of one process."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._unfinished = state / _UNFINISHED
        self._lock = threading.Lock()
        self._last_moment = 0
        self.properties = PropertyFiles(state / _PROPERTIES)

    def create_container(self, path: BlobPath) -> BlobVersion:
        """Make a container that does not exist."""
        folder = self._folder(path)
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError as error:
            raise BlobError("ContainerAlreadyExists") from error
        _flush_folder(folder.parent)
        return self.container(path)

    def container(self, path: BlobPath) -> BlobVersion:
        """Return the container's ETag and time; raises 404."""
        try:
            return _version(self._folder(path).stat())
        except FileNotFoundError as error:
            raise BlobError("ContainerNotFound") from error

    def delete_container(self, path: BlobPath) -> None:
        """Remove the container at once and its blobs after that."""
        self.container(path)
        doomed = self._new_unfinished(path)
        with self._lock:
            self._folder(path).rename(doomed)
        _flush_folder(self._folder(path).parent)
        shutil.rmtree(doomed, ignore_errors=True)
        shutil.rmtree(self.properties.folder(path.account, path.container), ignore_errors=True)

    def find(self, path: BlobPath) -> BlobVersion | None:
        """Return the blob as it is now."""
        try:
            found = self._file(path).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return None if _is_folder(found) else _version(found)

    def open(self, path: BlobPath) -> tuple[BinaryIO, BlobVersion]:
        """Open the blob; what is read belongs to the version returned, whatever is put meanwhile."""
        try:
            file = self._file(path).open("rb")
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            self.container(path)
            raise BlobError("BlobNotFound") from error
        return file, _version(os.fstat(file.fileno()))

    def new_upload(self, path: BlobPath) -> Path:
        """Name a file outside of the tree for a body that is still arriving."""
        self.container(path)
        return self._new_unfinished(path)

    def commit(self, path: BlobPath, upload: Path, properties: BlobProperties, *, condition: Condition) -> BlobVersion:
        """Let a complete upload become the blob, if the condition allows it; durable on return."""
        with upload.open("rb+") as file:
            moment = self._moment()
            os.utime(file.fileno(), ns=(moment, moment))
            os.fsync(file.fileno())
            version = _version(os.fstat(file.fileno()))
        with self._lock, _disk_errors():
            self.container(path)
            old = self.find(path)
            condition(old)
            self.properties.prepare(
                path.account,
                path.container,
                path.blob,
                old_etag=old.etag if old else None,
                etag=version.etag,
                properties=properties,
            )
            changed = self._move(upload, path)
        for folder in changed:
            _flush_folder(folder)
        return version

    def delete(self, path: BlobPath, *, condition: Condition) -> None:
        """Remove the blob, and folders that it leaves empty."""
        with self._lock:
            old = self.find(path)
            if old is None:
                self.container(path)
                raise BlobError("BlobNotFound")
            condition(old)
            file = self._file(path)
            file.unlink()
            self.properties.forget(path.account, path.container, path.blob)
            remaining = _remove_empty_folders(file.parent, self._folder(path))
        _flush_folder(remaining)

    def _move(self, upload: Path, path: BlobPath) -> list[Path]:
        """Give the upload its name; returns the folders that changed by it."""
        target = self._file(path)
        changed = [target.parent]
        while not changed[-1].exists():
            changed.append(changed[-1].parent)
        try:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            upload.replace(target)
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise BlobError("PathConflict") from error
        return changed

    def _moment(self) -> int:
        """Give nanoseconds that always grow, so that two versions never have one ETag."""
        with self._lock:
            self._last_moment = max(self._last_moment + 1, time.time_ns())
            return self._last_moment

    def _new_unfinished(self, path: BlobPath) -> Path:
        folder = self._unfinished / path.account
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder / uuid4().hex

    def _folder(self, path: BlobPath) -> Path:
        return blob_folder(self._state, path.account, path.container)

    def _file(self, path: BlobPath) -> Path:
        return self._folder(path) / path.blob


def clear_unfinished(state: Path) -> None:
    """Remove what uploads left behind that a crash cut off; call it before the service starts."""
    shutil.rmtree(state / _UNFINISHED, ignore_errors=True)


def _version(found: os.stat_result) -> BlobVersion:
    return BlobVersion(
        found.st_size, f'"0x{found.st_mtime_ns:X}"', datetime.fromtimestamp(found.st_mtime_ns // 10**9, UTC)
    )


def _is_folder(found: os.stat_result) -> bool:
    return found.st_mode & 0o170000 == 0o040000


def _flush_folder(folder: Path) -> None:
    with suppress(FileNotFoundError):  # removed meanwhile, with what was in it
        flush_folder(folder)


def _remove_empty_folders(folder: Path, top: Path) -> Path:
    while folder != top:
        try:
            folder.rmdir()
        except OSError:
            break
        folder = folder.parent
    return folder


@contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise BlobError("ServerBusy") from error
        if error.errno == errno.ENAMETOOLONG:
            raise BlobError("InvalidResourceName") from error
        raise
