"""What the fabric keeps of a blob beside its bytes: content headers and metadata."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from clouddp.disk.whole_files import write_whole

DEFAULT_CONTENT_TYPE: Final = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobProperties:
    """Properties that a client set with the blob."""

    content_type: str = DEFAULT_CONTENT_TYPE
    content_md5: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)  # Cache-Control, Content-Encoding, ...
    metadata: Mapping[str, str] = field(default_factory=dict)  # without `x-ms-meta-`


class PropertyFiles:
    """One small file per blob that has properties, apart from the tree that role instances read.

    A file names the ETag of the bytes it belongs to, old and new side by side while a put is under way, so that
    a crash between the two renames leaves each version with its own properties.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, account: str, container: str, blob: str, *, etag: str) -> BlobProperties:
        """Return the properties of this version; the default ones where none were set."""
        found = self._load(self._file(account, container, blob)).get(etag)
        return BlobProperties() if found is None else BlobProperties(**found)

    def prepare(
        self, account: str, container: str, blob: str, *, old_etag: str | None, etag: str, properties: BlobProperties
    ) -> None:
        """Save the properties of a version that is about to appear."""
        file = self._file(account, container, blob)
        versions = self._load(file)
        kept = {old_etag: versions[old_etag]} if old_etag is not None and old_etag in versions else {}
        if properties != BlobProperties():
            kept[etag] = asdict(properties)
        if kept:
            write_whole(file, json.dumps(kept).encode(), beside=file.with_name(f"{uuid4().hex}.unfinished"))
        elif versions:
            file.unlink(missing_ok=True)

    def forget(self, account: str, container: str, blob: str) -> None:
        """Remove the properties of a deleted blob."""
        self._file(account, container, blob).unlink(missing_ok=True)

    def folder(self, account: str, container: str) -> Path:
        """Say where the properties of a container's blobs are."""
        return self._folder / account / container

    def _file(self, account: str, container: str, blob: str) -> Path:
        return self.folder(account, container) / f"{hashlib.sha256(blob.encode()).hexdigest()}.json"

    def _load(self, file: Path) -> dict[str, dict[str, Any]]:
        try:
            loaded: dict[str, dict[str, Any]] = json.loads(file.read_bytes())
        except FileNotFoundError:
            return {}
        return loaded
