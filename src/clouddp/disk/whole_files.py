"""Whole files: written beside, flushed to the disk, renamed, and the folder that names them flushed too."""

import os
from pathlib import Path
from typing import Final

UNFINISHED: Final = ".new"  # ends the name of a file that is being written
PRIVATE: Final = 0o600
PUBLIC: Final = 0o666  # less what the umask takes away


def write_whole(path: Path, body: bytes, *, mode: int = PRIVATE, beside: Path | None = None) -> None:
    """Let `body` become the file; whenever the power goes, all of it is there, or what was there before.

    On return it is on the disk, its name and new folders above it included. Folders are private if the file is.
    `beside` is what to call the unfinished file, on the same file system, where several may write one file at a time.
    """
    unfinished = beside or path.with_name(path.name + UNFINISHED)
    try:
        _write_and_rename(unfinished, path, body, mode)
    except FileNotFoundError:
        _make_folder(path.parent, mode)
        _write_and_rename(unfinished, path, body, mode)
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """See that names which came or went in a folder have done so on the disk; elsewhere than on POSIX they have."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_and_rename(unfinished: Path, path: Path, body: bytes, mode: int) -> None:
    try:
        try:
            _write(unfinished, body, mode)
        except FileExistsError:  # of a crash, with whatever mode it has
            unfinished.unlink()
            _write(unfinished, body, mode)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def _write(path: Path, body: bytes, mode: int) -> None:
    with open(path, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())


def _make_folder(folder: Path, mode: int) -> None:
    missing = [folder]
    while not missing[-1].parent.exists():
        missing.append(missing[-1].parent)
    for new in reversed(missing):
        new.mkdir(mode=0o777 if mode & 0o077 else 0o700, exist_ok=True)
        flush_folder(new.parent)
