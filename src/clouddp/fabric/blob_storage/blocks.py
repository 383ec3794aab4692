"""Uncommitted blocks: parts of a blob that is sent in pieces, kept apart until the list of them is put."""

import base64
import binascii
import hashlib
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from clouddp.fabric.blob_storage.blob_names import BlobPath
from clouddp.fabric.blob_storage.errors import BlobError

BLOCKS: Final = "storage-blocks"
_LONGEST_ID: Final = 64  # bytes, decoded
_MOST_BLOCKS: Final = 50_000
_KEPT_SECONDS: Final = 7 * 24 * 3600  # as the service: uncommitted blocks are dropped after a week
_COPY_BYTES: Final = 2**20


class BlockFiles:
    """The uncommitted blocks of all blobs."""

    def __init__(self, state: Path) -> None:
        self._folder = state / BLOCKS

    def keep(self, path: BlobPath, block_id: str, upload: Path) -> None:
        """Keep a complete upload as the block of this id; replaces an older one."""
        file = self._file(path, block_id)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        upload.replace(file)

    def join(self, path: BlobPath, block_ids: Sequence[str], target: Path) -> None:
        """Write the listed blocks, one behind the other, to a new file."""
        with target.open("xb") as joined:
            for block_id in block_ids:
                try:
                    with self._file(path, block_id).open("rb") as block:
                        shutil.copyfileobj(block, joined, _COPY_BYTES)
                except FileNotFoundError as error:
                    raise BlobError("InvalidBlockList") from error

    def list(self, path: BlobPath) -> list[tuple[str, int]]:
        """Return id and length of every uncommitted block."""
        folder = self._blob_folder(path)
        files = sorted(folder.iterdir()) if folder.is_dir() else []
        return [(base64.b64encode(bytes.fromhex(file.name)).decode("ascii"), file.stat().st_size) for file in files]

    def drop(self, path: BlobPath) -> None:
        """Forget the uncommitted blocks of a blob."""
        shutil.rmtree(self._blob_folder(path), ignore_errors=True)

    def drop_container(self, path: BlobPath) -> None:
        """Forget the uncommitted blocks of a container's blobs."""
        shutil.rmtree(self._folder / path.account / path.container, ignore_errors=True)

    def drop_old(self, *, now: Callable[[], float] = time.time) -> None:
        """Forget blocks of blobs that nobody went on with."""
        for folder in self._folder.glob("*/*/*"):
            if folder.stat().st_mtime < now() - _KEPT_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)

    def _blob_folder(self, path: BlobPath) -> Path:
        return self._folder / path.account / path.container / hashlib.sha256(path.blob.encode()).hexdigest()

    def _file(self, path: BlobPath, block_id: str) -> Path:
        try:
            decoded = base64.b64decode(block_id, validate=True)
        except binascii.Error as error:
            raise BlobError("InvalidBlockId") from error
        if not 0 < len(decoded) <= _LONGEST_ID:
            raise BlobError("InvalidBlockId")
        return self._blob_folder(path) / decoded.hex()


def parse_block_list(body: bytes) -> list[str]:
    """Read the ids of a Put Block List; blocks of the committed blob cannot be named again here."""
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise BlobError("InvalidXmlDocument") from error
    if root.tag != "BlockList" or len(root) > _MOST_BLOCKS:
        raise BlobError("InvalidXmlDocument")
    return [_block_id(entry) for entry in _entries(root)]


def _entries(root: Element) -> Iterable[Element]:
    for entry in root:
        if entry.tag == "Committed":
            raise BlobError("InvalidBlockList")
        if entry.tag not in ("Latest", "Uncommitted"):
            raise BlobError("InvalidXmlDocument")
        yield entry


def _block_id(entry: Element) -> str:
    return (entry.text or "").strip()
