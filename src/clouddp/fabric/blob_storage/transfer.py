"""Bytes on their way between the network and the disk, a few at a time."""

import asyncio
import base64
import binascii
import errno
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from clouddp.fabric.blob_storage.errors import BlobError
from clouddp.fabric.blob_storage.requests import BlobRequest, Receive, body_chunks

_AT_ONCE_BYTES: Final = 2**20


async def receive_upload(request: BlobRequest, receive: Receive, target: Path, *, limit_bytes: int) -> None:
    """Write the body to a new file, flushed to the disk; nothing remains of one that is cut off or damaged."""
    length = request.content_length(limit_bytes=limit_bytes)
    expected = _expected_md5(request)
    digest = hashlib.md5(usedforsecurity=False)
    try:
        file = await asyncio.to_thread(target.open, "xb")
        try:
            async for piece in _gathered(body_chunks(receive, length)):
                await asyncio.to_thread(_write, file, piece)
                if expected is not None:
                    digest.update(piece)
            if expected is not None and digest.digest() != expected:
                raise BlobError("Md5Mismatch")
            await asyncio.to_thread(_flush, file)
        finally:
            file.close()
    except BaseException:
        await asyncio.shield(asyncio.to_thread(_discard, target))
        raise


async def read_range(file: BinaryIO, start: int, length: int) -> AsyncIterator[bytes]:
    """Yield `length` bytes from `start`, then close the file."""
    try:
        await asyncio.to_thread(file.seek, start)
        while length > 0:
            piece = await asyncio.to_thread(file.read, min(length, _AT_ONCE_BYTES))
            if not piece:
                return
            length -= len(piece)
            yield piece
    finally:
        file.close()


def parse_range(request: BlobRequest, length: int) -> tuple[int, int] | None:
    """Return first byte and number of bytes that are asked for; None for the whole blob."""
    text = request.headers.get("x-ms-range") or request.headers.get("range", "")
    unit, _, wanted = text.partition("=")
    first, _, last = wanted.partition("-")
    if unit != "bytes" or not first.isdigit() or not (last == "" or last.isdigit()):
        return None  # the service answers with everything to a range that it does not understand
    start = int(first)
    end = min(int(last), length - 1) if last else length - 1
    if start >= length or end < start:
        raise BlobError("InvalidRange")
    return start, end - start + 1


async def _gathered(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Join small chunks, so that the disk is not asked for each."""
    pending = bytearray()
    async for chunk in chunks:
        pending += chunk
        if len(pending) >= _AT_ONCE_BYTES:
            yield bytes(pending)
            pending.clear()
    if pending:
        yield bytes(pending)


def _expected_md5(request: BlobRequest) -> bytes | None:
    text = request.headers.get("content-md5")
    if text is None:
        return None
    try:
        expected = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise BlobError("InvalidMd5") from error
    if len(expected) != hashlib.md5(usedforsecurity=False).digest_size:
        raise BlobError("InvalidMd5")
    return expected


def _discard(target: Path) -> None:
    with suppress(OSError):
        target.unlink(missing_ok=True)


def _write(file: BinaryIO, piece: bytes) -> None:
    try:
        file.write(piece)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise BlobError("ServerBusy") from error
        raise


def _flush(file: BinaryIO) -> None:
    _write(file, b"")
    file.flush()
    os.fsync(file.fileno())
