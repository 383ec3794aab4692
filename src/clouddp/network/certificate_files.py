"""Files that a person names: read within a limit, written whole, private ones for their owner's eyes alone."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clouddp.disk.whole_files import PRIVATE, write_whole
from clouddp.model.errors import ConflictError, InvalidInputError, NotFoundError


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFile:
    """A file to write."""

    path: Path
    content: bytes
    is_private: bool


def read_file(path: Path, *, limit_bytes: int) -> bytes:
    """Read a file that somebody named.

    Raises:
        NotFoundError: there is no such file.
        InvalidInputError: it cannot be read, or is too large.

    """
    try:
        with path.open("rb") as file:
            content = file.read(limit_bytes + 1)
    except FileNotFoundError as error:
        raise NotFoundError("certificate.file_missing", path=path) from error
    except OSError as error:
        raise InvalidInputError("certificate.file_unreadable", path=path, reason=error.strerror) from error
    if len(content) > limit_bytes:
        raise InvalidInputError("certificate.too_large", name=path.name, limit=limit_bytes)
    return content


def write_files(files: Sequence[NewFile], *, replace: bool) -> None:
    """Write all files, making their folders; what is there stays unless it may be replaced.

    Raises:
        ConflictError: a file is there already, or cannot be written.

    """
    for file in files:
        if not replace and file.path.exists():
            raise ConflictError("certificate.file_exists", path=file.path)
    for file in files:
        try:
            _write(file)
        except OSError as error:
            raise ConflictError("certificate.file_not_written", path=file.path, reason=error.strerror) from error


def _write(file: NewFile) -> None:
    file.path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.path.with_name(f".{file.path.name}.{os.getpid()}")
    write_whole(file.path, file.content, mode=PRIVATE if file.is_private else 0o644, beside=unfinished)
