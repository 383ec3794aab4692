"""The fabric's state on disk: JSON documents, each replaced whole, in a folder that one process holds."""

import fcntl
import os
import re
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from clouddp.disk.whole_files import UNFINISHED, flush_folder, write_whole
from clouddp.model.errors import ConflictError, DamagedError, SiteError

Document = TypeVar("Document")
Clock = Callable[[], datetime]

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")


def utc_now() -> datetime:
    """Tell the time; what everything in the fabric uses unless a test hands in another clock."""
    return datetime.now(UTC)


class Documents(Generic[Document]):
    """Documents of one kind by name: read once at start, every change on disk before `put` or `remove` return."""

    def __init__(self, folder: Path, kind: type[Document]) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._adapter = TypeAdapter(kind)
        self._lock = threading.Lock()  # guards the dictionary alone, never held while a file is written
        for unfinished in folder.glob(f"*.json{UNFINISHED}"):
            unfinished.unlink()
        self._documents = {path.stem: self._load(path) for path in folder.glob("*.json")}

    def get(self, name: str) -> Document | None:
        """Return the document of this name, if there is one."""
        with self._lock:
            return self._documents.get(name)

    def all(self) -> list[Document]:
        """Return every document, by name."""
        with self._lock:
            found = list(self._documents.items())
        return [document for _, document in sorted(found, key=lambda item: item[0])]

    def put(self, name: str, document: Document) -> None:
        """Save a document; replaces an older one."""
        write_whole(self._path(name), self._adapter.dump_json(document, indent=1))
        with self._lock:
            self._documents[name] = document

    def remove(self, *names: str) -> None:
        """Forget documents; an absent one is fine."""
        for name in names:
            self._path(name).unlink(missing_ok=True)
        flush_folder(self._folder)
        with self._lock:
            for name in names:
                self._documents.pop(name, None)

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError(name)  # every name is checked before it comes here
        return self._folder / f"{name}.json"

    def _load(self, path: Path) -> Document:
        try:
            return self._adapter.validate_json(path.read_bytes())
        except ValidationError as error:
            raise DamagedError("fabric.state_damaged", path=path) from error


@dataclass(frozen=True, slots=True)
class StateFolder:
    """Where things are in the state folder. `lock` guards every change that reads before it writes."""

    root: Path
    lock: threading.RLock

    @property
    def storage(self) -> Path:
        """The blobs of all storage accounts."""
        return self.root / "storage"

    def documents(self, kind: str, document: type[Document]) -> Documents[Document]:
        """Open the documents of one kind."""
        return Documents(self.root / "documents" / kind, document)

    def certificates(self, service_name: str) -> Path:
        """Name the folder of a hosted service's certificates and their keys."""
        return self.root / "certificates" / service_name

    def instances(self, deployment_key: str) -> Path:
        """Name the folder of a deployment's role instances."""
        return self.root / "instances" / deployment_key


class StateLock:
    """Says that this process alone works on a state folder; free again after `close` or the end of the process."""

    def __init__(self, root: Path) -> None:
        try:
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = (root / "lock").open("a+", encoding="ascii")
        except OSError as error:
            raise SiteError("fabric.state_unusable", path=root, reason=error.strerror) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.seek(0)
            holder = self._file.read().strip() or "?"
            self._file.close()
            raise ConflictError("fabric.state_in_use", path=root, pid=holder) from error
        self._file.truncate(0)
        self._file.write(f"{os.getpid()}\n")
        self._file.flush()

    def close(self) -> None:
        """Let another process work on the folder."""
        self._file.close()


def open_state(root: Path) -> StateFolder:
    """Say where things are below `root`."""
    return StateFolder(root.resolve(), threading.RLock())


def remove_folder(path: Path) -> None:
    """Remove a folder and what is in it; an absent one is fine."""
    if path.exists():
        shutil.rmtree(path)
