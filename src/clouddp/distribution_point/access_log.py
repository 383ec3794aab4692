"""The access log of a front end: one JSON line per request, without tokens and query strings."""

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Final

_FILE_LIMIT_BYTES: Final = 20 * 2**20
_TEXT_LIMIT: Final = 200


class AccessLog:
    """Appends lines to a file; at its limit the file becomes `.lo_`. For one thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open()

    def write(
        self, *, moment: datetime, caller: str, method: str, path: str, status: int, octets: int, who: str
    ) -> None:
        """Note one request; `who` is the client's opaque id, or why it was refused."""
        record = {
            "time": moment.isoformat(timespec="milliseconds"),
            "caller": caller,
            "method": method[:_TEXT_LIMIT],
            "path": path[:_TEXT_LIMIT],
            "status": status,
            "octets": octets,
            "who": who,
        }
        line = json.dumps(record).encode() + b"\n"
        os.write(self._descriptor, line)
        self._size += len(line)
        if self._size > _FILE_LIMIT_BYTES:
            os.close(self._descriptor)
            self._path.replace(self._path.with_suffix(".lo_"))
            self._open()

    def close(self) -> None:
        """End the log."""
        os.close(self._descriptor)

    def _open(self) -> None:
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._size = os.fstat(self._descriptor).st_size
