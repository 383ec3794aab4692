"""Compare what the client got with the source, byte for byte."""

import filecmp
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from clouddp.model.errors import DamagedError


@dataclass(frozen=True, slots=True)
class Compared:
    """How much was found to be equal."""

    files: int
    size_bytes: int


def compare_folders(source: Path, copy: Path) -> Compared:
    """Compare two folders: the same names, the same links, the same bytes.

    Raises:
        DamagedError: they differ; the first difference is named.
    """
    names = sorted(_entries(source))
    if names != sorted(_entries(copy)):
        different = sorted(set(names) ^ set(_entries(copy)))
        raise DamagedError("demo.content_differs", path=different[0])
    size = 0
    for name in names:
        left, right = source / name, copy / name
        if not _is_same(left, right):
            raise DamagedError("demo.content_differs", path=name)
        size += 0 if left.is_symlink() else left.stat().st_size
    return Compared(files=len(names), size_bytes=size)


def _entries(folder: Path) -> Iterator[str]:
    for current, folders, files in os.walk(folder):
        linked = [name for name in folders if (Path(current) / name).is_symlink()]
        for name in (*files, *linked):
            yield str((Path(current) / name).relative_to(folder))


def _is_same(left: Path, right: Path) -> bool:
    if left.is_symlink() or right.is_symlink():
        return left.is_symlink() and right.is_symlink() and left.readlink() == right.readlink()
    return filecmp.cmp(left, right, shallow=False)
