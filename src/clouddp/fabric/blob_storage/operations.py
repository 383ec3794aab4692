"""The operations of the Blob service on containers and blobs."""

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from clouddp.fabric.blob_storage.blocks import BlockFiles, parse_block_list
from clouddp.fabric.blob_storage.conditions import check_read_conditions, check_write_conditions
from clouddp.fabric.blob_storage.errors import BlobError
from clouddp.fabric.blob_storage.files import BlobFiles, BlobVersion, blob_folder
from clouddp.fabric.blob_storage.listing import http_date, list_blobs, parse_selection
from clouddp.fabric.blob_storage.properties import DEFAULT_CONTENT_TYPE, BlobProperties
from clouddp.fabric.blob_storage.requests import Answer, BlobRequest, Receive, small_body
from clouddp.fabric.blob_storage.transfer import parse_range, read_range, receive_upload

BLOB_LIMIT_BYTES: Final = 5_000 * 2**20
_BLOCK_LIMIT_BYTES: Final = 4_000 * 2**20
_BLOCK_LIST_LIMIT_BYTES: Final = 8 * 2**20
_HASHED_RANGE_LIMIT_BYTES: Final = 4 * 2**20
_CONTENT_HEADERS: Final = ("cache-control", "content-encoding", "content-language", "content-disposition")

Operation = Callable[[BlobRequest, Receive], Awaitable[Answer]]


class BlobOperations:
    """Does what an authorised request asks for."""

    def __init__(self, state: Path, *, blob_limit_bytes: int = BLOB_LIMIT_BYTES) -> None:
        self._state = state
        self._files = BlobFiles(state)
        self._blocks = BlockFiles(state)
        self._blob_limit_bytes = blob_limit_bytes
        self._operations: Mapping[tuple[str, str, str], Operation] = {
            ("PUT", "container", ""): self._create_container,
            ("GET", "container", ""): self._container_properties,
            ("HEAD", "container", ""): self._container_properties,
            ("DELETE", "container", ""): self._delete_container,
            ("GET", "container", "list"): self._list_blobs,
            ("PUT", "blob", ""): self._put_blob,
            ("GET", "blob", ""): self._get_blob,
            ("HEAD", "blob", ""): self._blob_properties,
            ("DELETE", "blob", ""): self.delete_blob,
            ("PUT", "blob", "block"): self._put_block,
            ("PUT", "blob", "blocklist"): self._put_block_list,
            ("GET", "blob", "blocklist"): self._block_list,
        }

    def find(self, request: BlobRequest) -> Operation:
        """Return the operation that the request asks for; raises BlobError for one that is not offered."""
        operation = self._operations.get(request.operation)
        if operation is not None and (request.path.container or request.path.blob):
            return operation
        if not request.path.container:
            raise BlobError("InvalidUri")
        if request.method not in {method for method, *_ in self._operations}:
            raise BlobError("UnsupportedHttpVerb")
        name, value = ("comp", request.query.get("comp", "")) if request.path.blob else ("restype", "")
        raise BlobError("InvalidQueryParameterValue", QueryParameterName=name, QueryParameterValue=value)

    async def _create_container(self, request: BlobRequest, _receive: Receive) -> Answer:
        return Answer(201, _version_headers(await asyncio.to_thread(self._files.create_container, request.path)))

    async def _container_properties(self, request: BlobRequest, _receive: Receive) -> Answer:
        found = await asyncio.to_thread(self._files.container, request.path)
        return Answer(200, {**_version_headers(found), "x-ms-lease-status": "unlocked"})

    async def _delete_container(self, request: BlobRequest, _receive: Receive) -> Answer:
        found = await asyncio.to_thread(self._files.container, request.path)
        check_write_conditions(request.headers, etag=found.etag, modified_at=found.modified_at)
        await asyncio.to_thread(self._files.delete_container, request.path)
        await asyncio.to_thread(self._blocks.drop_container, request.path)
        return Answer(202)

    async def _list_blobs(self, request: BlobRequest, _receive: Receive) -> Answer:
        selection = parse_selection(request.query)
        await asyncio.to_thread(self._files.container, request.path)
        folder = blob_folder(self._state, request.path.account, request.path.container)
        endpoint = f"https://{request.headers.get('host', '')}/{request.path.account}/"
        listing = partial(list_blobs, self._files, request.path, selection, folder=folder, endpoint=endpoint)
        return Answer(200, {"content-type": "application/xml"}, await asyncio.to_thread(listing))

    async def _put_blob(self, request: BlobRequest, receive: Receive) -> Answer:
        kind = request.headers.get("x-ms-blob-type")
        if kind is None:
            raise BlobError("MissingRequiredHeader", HeaderName="x-ms-blob-type")
        if kind != "BlockBlob":
            raise BlobError("InvalidHeaderValue", HeaderName="x-ms-blob-type", HeaderValue=kind)
        if "x-ms-copy-source" in request.headers:
            raise BlobError("UnsupportedHeader", HeaderName="x-ms-copy-source")
        upload = await asyncio.to_thread(self._files.new_upload, request.path)
        await receive_upload(request, receive, upload, limit_bytes=self._blob_limit_bytes)
        properties = _properties_of(request, request.headers.get("content-md5", ""))
        version = await asyncio.to_thread(self._commit, request, upload, properties)
        md5 = {"content-md5": properties.content_md5} if properties.content_md5 else {}
        return Answer(201, {**_version_headers(version), **md5, "x-ms-request-server-encrypted": "false"})

    async def _get_blob(self, request: BlobRequest, _receive: Receive) -> Answer:
        file, version = await asyncio.to_thread(self._files.open, request.path)
        try:
            headers = await asyncio.to_thread(self._headers_for_reading, request, version)
            wanted = parse_range(request, version.length)
            start, length = wanted or (0, version.length)
            headers["content-length"] = str(length)
            if wanted is not None:
                headers["content-range"] = f"bytes {start}-{start + length - 1}/{version.length}"
                if "content-md5" in headers:
                    headers["x-ms-blob-content-md5"] = headers.pop("content-md5")
                if request.headers.get("x-ms-range-get-content-md5") == "true":
                    headers["content-md5"] = await asyncio.to_thread(_range_md5, file.fileno(), start, length)
        except BlobError as error:
            file.close()
            if error.code == "InvalidRange":
                error.headers["content-range"] = f"bytes */{version.length}"
            raise
        except BaseException:
            file.close()
            raise
        return Answer(200 if wanted is None else 206, headers, stream=read_range(file, start, length))

    async def _blob_properties(self, request: BlobRequest, _receive: Receive) -> Answer:
        version = await asyncio.to_thread(self._files.find, request.path)
        if version is None:
            await asyncio.to_thread(self._files.container, request.path)
            raise BlobError("BlobNotFound")
        headers = await asyncio.to_thread(self._headers_for_reading, request, version)
        return Answer(200, {**headers, "content-length": str(version.length)})

    async def delete_blob(self, request: BlobRequest, _receive: Receive) -> Answer:
        """Delete a blob; a batch calls this too."""
        deletion = partial(self._files.delete, request.path, condition=partial(_check_write, request))
        await asyncio.to_thread(deletion)
        await asyncio.to_thread(self._blocks.drop, request.path)
        return Answer(202, {"x-ms-delete-type-permanent": "true"})

    async def _put_block(self, request: BlobRequest, receive: Receive) -> Answer:
        upload = await asyncio.to_thread(self._files.new_upload, request.path)
        limit = min(_BLOCK_LIMIT_BYTES, self._blob_limit_bytes)
        await receive_upload(request, receive, upload, limit_bytes=limit)
        try:
            await asyncio.to_thread(self._blocks.keep, request.path, request.query.get("blockid", ""), upload)
        finally:
            await asyncio.to_thread(upload.unlink, missing_ok=True)
        md5 = request.headers.get("content-md5")
        return Answer(201, {"content-md5": md5} if md5 else {})

    async def _put_block_list(self, request: BlobRequest, receive: Receive) -> Answer:
        block_ids = parse_block_list(await small_body(request, receive, limit_bytes=_BLOCK_LIST_LIMIT_BYTES))
        upload = await asyncio.to_thread(self._files.new_upload, request.path)
        try:
            await asyncio.to_thread(self._blocks.join, request.path, block_ids, upload)
            version = await asyncio.to_thread(self._commit, request, upload, _properties_of(request, ""))
        finally:
            await asyncio.to_thread(upload.unlink, missing_ok=True)
        return Answer(201, _version_headers(version))

    async def _block_list(self, request: BlobRequest, _receive: Receive) -> Answer:
        await asyncio.to_thread(self._files.container, request.path)
        blocks = await asyncio.to_thread(self._blocks.list, request.path)
        entries = "".join(f"<Block><Name>{escape(name)}</Name><Size>{length}</Size></Block>" for name, length in blocks)
        body = (
            '\ufeff<?xml version="1.0" encoding="utf-8"?><BlockList><CommittedBlocks />'
            f"<UncommittedBlocks>{entries}</UncommittedBlocks></BlockList>"
        )
        return Answer(200, {"content-type": "application/xml"}, body.encode())

    def _commit(self, request: BlobRequest, upload: Path, properties: BlobProperties) -> BlobVersion:
        try:
            condition = partial(_check_write, request)
            version = self._files.commit(request.path, upload, properties, condition=condition)
        finally:
            upload.unlink(missing_ok=True)
        self._blocks.drop(request.path)
        return version

    def _headers_for_reading(self, request: BlobRequest, version: BlobVersion) -> dict[str, str]:
        check_read_conditions(request.headers, etag=version.etag, modified_at=version.modified_at)
        path = request.path
        properties = self._files.properties.read(path.account, path.container, path.blob, etag=version.etag)
        headers = {
            **_version_headers(version),
            **properties.headers,
            **{f"x-ms-meta-{name}": value for name, value in properties.metadata.items()},
            "content-type": properties.content_type,
            "accept-ranges": "bytes",
            "x-ms-blob-type": "BlockBlob",
            "x-ms-lease-status": "unlocked",
            "x-ms-lease-state": "available",
            "x-ms-server-encrypted": "false",
        }
        return {**headers, "content-md5": properties.content_md5} if properties.content_md5 else headers


def _version_headers(version: BlobVersion) -> dict[str, str]:
    return {"etag": version.etag, "last-modified": http_date(version.modified_at)}


def _check_write(request: BlobRequest, old: BlobVersion | None) -> None:
    check_write_conditions(
        request.headers, etag=old.etag if old else None, modified_at=old.modified_at if old else None
    )


def _properties_of(request: BlobRequest, md5: str) -> BlobProperties:
    headers = request.headers
    content_type = headers.get("x-ms-blob-content-type") or headers.get("content-type") or DEFAULT_CONTENT_TYPE
    if request.query.get("comp") == "blocklist":
        content_type = headers.get("x-ms-blob-content-type") or DEFAULT_CONTENT_TYPE  # the other is that of the list
    prefix = "x-ms-meta-"
    return BlobProperties(
        content_type=content_type,
        content_md5=headers.get("x-ms-blob-content-md5") or md5,
        headers={name: headers[f"x-ms-blob-{name}"] for name in _CONTENT_HEADERS if f"x-ms-blob-{name}" in headers},
        metadata={name.removeprefix(prefix): value for name, value in headers.items() if name.startswith(prefix)},
    )


def _range_md5(descriptor: int, start: int, length: int) -> str:
    if length > _HASHED_RANGE_LIMIT_BYTES:
        raise BlobError("OutOfRangeInput")
    with open(descriptor, "rb", closefd=False) as file:
        file.seek(start)
        digest = hashlib.md5(file.read(length), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode("ascii")
