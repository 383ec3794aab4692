"""A store in a local folder, whose objects are whole or absent whenever the power goes."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4

from clouddp.disk.whole_files import PUBLIC, write_whole
from clouddp.model.errors import NotFoundError, RefusedError, TemporaryError
from clouddp.store.object_name import check_object_name

_UNFINISHED: Final = ".unfinished"  # no object can have this name: segments begin with a letter, digit, `_`, `~`, `-`


class FolderStore:
    """Keeps each object in a file of its name; unfinished ones wait in a folder that is never listed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._unfinished = path / _UNFINISHED
        with _mapped_errors(str(path)):
            self._unfinished.mkdir(parents=True, exist_ok=True)

    def put(self, name: str, body: bytes) -> None:
        """Write beside, flush to the disk, then rename."""
        target = self._file(name)
        with _mapped_errors(name):
            write_whole(target, body, mode=PUBLIC, beside=self._unfinished / uuid4().hex)

    def get(self, name: str) -> bytes:
        """Read the file of this name."""
        with _mapped_errors(name):
            return self._file(name).read_bytes()

    def length(self, name: str) -> int | None:
        """Ask the file for its size."""
        file = self._file(name)
        with _mapped_errors(name):
            return file.stat().st_size if file.is_file() else None

    def delete(self, name: str) -> None:
        """Remove the file; folders stay, since another put may be about to use them."""
        with _mapped_errors(name):
            self._file(name).unlink(missing_ok=True)

    def list(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Walk the folder of the prefix; what vanishes meanwhile is left out."""
        if prefix:
            check_object_name(prefix)
        for folder, folders, files in os.walk(self._path / prefix):
            if _UNFINISHED in folders:
                folders.remove(_UNFINISHED)
            for file in files:
                path = Path(folder, file)
                name = path.relative_to(self._path).as_posix()
                length = self.length(name)
                if length is not None:
                    yield name, length

    def _file(self, name: str) -> Path:
        check_object_name(name)
        return self._path / name


@contextmanager
def _mapped_errors(name: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise NotFoundError("store.object_missing", name=name) from error
    except PermissionError as error:
        raise RefusedError("store.refused", name=name, reason=error.strerror) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise TemporaryError("store.full", name=name) from error
        raise TemporaryError("store.unreachable", name=name, reason=error.strerror) from error
