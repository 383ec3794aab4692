"""Read a source folder: which files, empty folders and links it holds, and one file's octets unchanged."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from clouddp.content.format.entries import LinkEntry
from clouddp.content.format.paths import check_link, check_path, path_order
from clouddp.model.errors import InvalidInputError, SiteError

_LISTED_FAULTS = 20
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True, slots=True)
class FileState:
    """What shows whether a file has been changed."""

    device: int
    number: int
    size: int
    modified_ns: int
    changed_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """One file of a source folder as it was when it was listed."""

    path: str
    mode: int
    state: FileState


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceListing:
    """All a source folder holds, each kind in path order."""

    files: tuple[SourceFile, ...]
    folders: tuple[str, ...]  # the empty ones
    links: tuple[LinkEntry, ...]


def list_source(folder: Path) -> SourceListing:
    """List a source folder.

    Raises: InvalidInputError when it is missing, unreadable or empty, or holds what a package cannot; `faults` names
    each path.
    """
    reading = _Reading()
    if not folder.exists():
        raise InvalidInputError("content.source_missing", folder=str(folder))
    if not folder.is_dir():
        raise InvalidInputError("content.source_not_folder", folder=str(folder))
    reading.read_folder(folder, "")
    if reading.faults:
        raise InvalidInputError(
            "content.source_refused",
            faults=tuple(reading.faults[:_LISTED_FAULTS]),
            folder=str(folder),
            count=len(reading.faults),
        )
    if not reading.files and not reading.links:
        raise InvalidInputError("content.source_empty", folder=str(folder))
    return SourceListing(
        files=tuple(sorted(reading.files, key=lambda file: path_order(file.path))),
        folders=tuple(sorted(reading.folders, key=path_order)),
        links=tuple(sorted(reading.links, key=lambda link: path_order(link.path))),
    )


@contextmanager
def open_unchanged(folder: Path, file: SourceFile) -> Iterator[int]:
    """Give a descriptor of a listed file, and make sure at the end that it is still as it was listed.

    Raises: InvalidInputError when it changed, went away or cannot be read.
    """
    path = folder / file.path
    try:
        descriptor = os.open(path, _OPEN_FLAGS)
    except FileNotFoundError:
        raise InvalidInputError("content.source_changed", path=file.path) from None
    except OSError as error:
        raise _unreadable(file.path, error) from error
    try:
        if _state(os.fstat(descriptor)) != file.state:
            raise InvalidInputError("content.source_changed", path=file.path)
        yield descriptor
        if _state(os.fstat(descriptor)) != file.state:
            raise InvalidInputError("content.source_changed", path=file.path)
    finally:
        os.close(descriptor)


def check_same(before: SourceListing, after: SourceListing) -> None:
    """Accept a folder that holds what it held.

    Raises: InvalidInputError with the first path that differs.
    """
    if before == after:
        return
    first, second = _by_path(before), _by_path(after)
    path = min((path for path in first.keys() | second.keys() if first.get(path) != second.get(path)), key=path_order)
    raise InvalidInputError("content.source_changed", path=path)


class _Reading:
    """One walk through a source folder, collecting all that is wrong instead of stopping at the first."""

    def __init__(self) -> None:
        self.files: list[SourceFile] = []
        self.folders: list[str] = []
        self.links: list[LinkEntry] = []
        self.faults: list[SiteError] = []

    def read_folder(self, folder: Path, prefix: str) -> None:
        pending = [(os.fspath(folder), prefix)]
        while pending:
            place, inside = pending.pop()
            try:
                with os.scandir(place) as entries:
                    found = list(entries)
            except OSError as error:
                self.faults.append(_unreadable(inside.rstrip("/") or place, error))
                continue
            if not found and inside:
                self._add_empty_folder(inside.rstrip("/"))
            for entry in found:
                path = inside + entry.name
                if entry.is_dir(follow_symlinks=False):
                    pending.append((entry.path, f"{path}/"))
                else:
                    self._add(entry, path)

    def _add(self, entry: os.DirEntry[str], path: str) -> None:
        try:
            if entry.is_symlink():
                self._add_link(entry.path, path)
            elif entry.is_file(follow_symlinks=False):
                check_path(path)
                status = os.lstat(entry.path)  # a DirEntry's own lacks device and number on Windows
                self.files.append(
                    SourceFile(path=path, mode=stat.S_IMODE(status.st_mode) & 0o777, state=_state(status))
                )
            else:
                self.faults.append(InvalidInputError("content.source_special", path=_shown(path)))
        except InvalidInputError as fault:
            self.faults.append(fault)
        except OSError as error:
            self.faults.append(_unreadable(path, error))

    def _add_link(self, place: str, path: str) -> None:
        target = Path(place).readlink().as_posix()
        check_link(path, target)
        self.links.append(LinkEntry(path=path, target=target))

    def _add_empty_folder(self, path: str) -> None:
        try:
            check_path(path)
        except InvalidInputError as fault:
            self.faults.append(fault)
        else:
            self.folders.append(path)


def _state(status: os.stat_result) -> FileState:
    return FileState(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _by_path(listing: SourceListing) -> dict[str, object]:
    files = {file.path: file for file in listing.files}
    return {**files, **dict.fromkeys(listing.folders, True), **{link.path: link for link in listing.links}}


def _unreadable(path: str, error: OSError) -> InvalidInputError:
    return InvalidInputError("content.source_unreadable", path=_shown(path), reason=error.strerror or str(error))


def _shown(path: str) -> str:
    """Write a path so that it can be sent and printed, whatever octets its names have."""
    return path.encode("utf-8", "backslashreplace").decode("utf-8")
