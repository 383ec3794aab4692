"""Read a version's stream: the content library's files in path order, joined."""

import os
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from clouddp.content.format.entries import FileEntry
from clouddp.model.errors import DamagedError

_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0)


class VersionStream:
    """Fills buffers from many files in turn; raises DamagedError when one is missing, too short or too long."""

    def __init__(self, files: Iterable[tuple[FileEntry, str]]) -> None:
        self._files = iter(files)
        self._path = ""
        self._descriptor: int | None = None
        self._left = 0
        self._beyond = bytearray(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def readinto(self, buffer: memoryview) -> int:
        """Fill `buffer`; give the number of octets, less than its length only at the end of the stream."""
        filled = 0
        while filled < len(buffer) and (self._left or self._open_next()):
            filled += self._read_some(buffer[filled : filled + self._left])
        return filled

    def _open_next(self) -> bool:
        """Open the next file that holds anything; False at the end of the stream."""
        for file, place in self._files:
            if file.size:
                self._path = file.path
                self._left = file.size
                self._descriptor = self._try(os.open, place, _OPEN_FLAGS)
                return True
        return False

    def _read_some(self, buffer: memoryview) -> int:
        """Read into `buffer`; at the end of a file also past it, which costs less than asking for its size first."""
        is_rest = len(buffer) == self._left
        count = self._try(os.readv, self._descriptor, [buffer, self._beyond] if is_rest else [buffer])
        if not 0 < count <= self._left:
            raise DamagedError("content.library_damaged", path=self._path)
        self._left -= count
        if not self._left:
            self._close()
        return count

    def _try(self, call: Callable[..., int], *arguments: object) -> int:
        try:
            return call(*arguments)
        except OSError as error:
            raise DamagedError("content.library_damaged", path=self._path) from error

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
