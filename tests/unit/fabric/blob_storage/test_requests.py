"""Requests that the fabric's storage must not do, sent as no well-behaved client would."""

import asyncio
import http.client
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring

from clouddp.fabric.blob_storage.operations import BlobOperations
from clouddp.fabric.blob_storage.requests import BlobRequest, ClientGoneError
from clouddp.fabric.blob_storage.service import BlobService
from clouddp.network.tls import client_context
from tests.unit.fabric.blob_storage.signed_requests import sas_query, shared_key_headers
from tests.unit.fabric.blob_storage.storage_servers import (
    ACCOUNT,
    OneAccount,
    Storage,
    authorities_pem,
    create_container,
    running_storage,
)


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    with running_storage(tmp_path, blob_limit_bytes=1_000_000) as running:
        create_container(running)
        yield running


def _send(
    storage: Storage, method: str, path: str, *, headers: dict[str, str], body: bytes | None = None
) -> tuple[int, str, bytes]:
    context = client_context(authorities_pem=authorities_pem())
    connection = http.client.HTTPSConnection("127.0.0.1", storage.port, context=context, timeout=10)
    try:
        connection.request(method, path, body=body, headers={**headers, "Connection": "close"})
        answer = connection.getresponse()
        return answer.status, answer.headers.get("x-ms-error-code", ""), answer.read()
    finally:
        connection.close()


def _signed(storage: Storage, method: str, path: str, *, body: bytes = b"", **more: str) -> tuple[int, str, bytes]:
    headers = {"x-ms-blob-type": "BlockBlob", **{name.replace("_", "-"): value for name, value in more.items()}}
    headers["Content-Length"] = str(len(body))
    return _send(storage, method, path, headers=shared_key_headers(method, path, headers), body=body)


@pytest.mark.parametrize(
    "name",
    [
        "..%2Fescaped", "a/../../escaped", "a/%2e%2e/b", "a//b", "a%00b", "a%5C..%5Cb", "x" * 256, "a/.", "a%0Ab",
        "y" * 200 + "/" + "z" * 200 + "/" + "w" * 200 + "/" + "v" * 200 + "/" + "u" * 250, "%ff",
    ],
)  # fmt: skip
def test_a_name_that_is_no_path_inside_the_container_is_refused(storage: Storage, name: str) -> None:
    status, code, _body = _signed(storage, "PUT", f"/{ACCOUNT}/clouddp/{name}", body=b"x")

    assert (status, code) in [(400, "InvalidResourceName"), (400, "InvalidUri")]
    assert storage.files() == []


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("PUT", f"/{ACCOUNT}/UPPER?restype=container", (400, "InvalidResourceName")),
        ("PUT", f"/{ACCOUNT}/ab?restype=container", (400, "InvalidResourceName")),
        ("PUT", f"/{ACCOUNT}/clouddp/a?comp=page", (400, "InvalidQueryParameterValue")),
        ("PATCH", f"/{ACCOUNT}/clouddp/a", (405, "UnsupportedHttpVerb")),
        ("GET", f"/{ACCOUNT}/absent/a", (404, "ContainerNotFound")),
        ("GET", f"/{ACCOUNT}/clouddp/absent", (404, "BlobNotFound")),
        ("GET", f"/{ACCOUNT}/clouddp?restype=container&comp=list&maxresults=0", (400, "OutOfRangeInput")),
        ("GET", f"/{ACCOUNT}/clouddp?restype=container&comp=list&marker=!", (400, "OutOfRangeInput")),
        ("PUT", f"/{ACCOUNT}/clouddp/a?comp=block&blockid=%21", (400, "InvalidBlockId")),
    ],
)
def test_what_cannot_be_done_has_the_services_own_code(
    storage: Storage, method: str, path: str, expected: tuple[int, str]
) -> None:
    status, code, body = _signed(storage, method, path)

    document: Element = fromstring(body)
    assert (status, code) == expected
    assert document.findtext("Code") == code


@pytest.mark.parametrize(
    "body",
    [
        b"<BlockList>",
        b"<Other/>",
        b'<!DOCTYPE b [<!ENTITY a "b">]><BlockList><Latest>&a;</Latest></BlockList>',
        b"\xff\xfe\x00",
    ],
)
def test_a_malformed_block_list_is_refused(storage: Storage, body: bytes) -> None:
    status, code, _body = _signed(storage, "PUT", f"/{ACCOUNT}/clouddp/a?comp=blocklist", body=body)

    assert (status, code) == (400, "InvalidXmlDocument")


def test_an_unsigned_request_is_told_to_sign(storage: Storage) -> None:
    status, code, _body = _send(storage, "GET", f"/{ACCOUNT}/clouddp/a", headers={})

    assert (status, code) == (401, "NoAuthenticationInformation")


def test_a_signed_request_cannot_be_used_for_another_blob(storage: Storage) -> None:
    headers = shared_key_headers("GET", f"/{ACCOUNT}/clouddp/a", {})

    status, code, _body = _send(storage, "GET", f"/{ACCOUNT}/clouddp/b", headers=headers)

    assert (status, code) == (403, "AuthenticationFailed")


def test_a_signed_request_of_an_hour_ago_is_refused(storage: Storage) -> None:
    then = format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)
    headers = shared_key_headers("GET", f"/{ACCOUNT}/clouddp/a", {"x-ms-date": then})

    status, code, _body = _send(storage, "GET", f"/{ACCOUNT}/clouddp/a", headers=headers)

    assert (status, code) == (403, "AuthenticationFailed")


@pytest.mark.parametrize("version", ["2015-04-05", "2018-11-09", "2020-12-06", "2026-06-06"])
def test_a_signed_address_is_checked_as_its_version_says(storage: Storage, version: str) -> None:
    _signed(storage, "PUT", f"/{ACCOUNT}/clouddp/a", body=b"hello")
    query = sas_query("b", "r", version=version, blob="a")

    assert _send(storage, "GET", f"/{ACCOUNT}/clouddp/a?{query}", headers={})[::2] == (200, b"hello")
    assert _send(storage, "GET", f"/{ACCOUNT}/clouddp/a?{query}x", headers={})[0] == 403
    assert _send(storage, "GET", f"/{ACCOUNT}/clouddp/a?{query.replace('sp=r', 'sp=rd')}", headers={})[0] == 403


def test_a_body_that_is_too_large_is_refused_before_it_is_read(storage: Storage) -> None:
    path = f"/{ACCOUNT}/clouddp/a"
    headers = shared_key_headers("PUT", path, {"x-ms-blob-type": "BlockBlob", "Content-Length": "5000000000"})

    status, code, _body = _send(storage, "PUT", path, headers=headers)

    assert (status, code) == (413, "RequestBodyTooLarge")


def test_a_body_that_is_cut_off_leaves_nothing(storage: Storage) -> None:
    path = f"/{ACCOUNT}/clouddp/a"
    headers = shared_key_headers("PUT", path, {"x-ms-blob-type": "BlockBlob", "Content-Length": "1000"})
    context = client_context(authorities_pem=authorities_pem())
    connection = http.client.HTTPSConnection("127.0.0.1", storage.port, context=context, timeout=10)
    connection.request("PUT", path, body=b"x" * 10, headers=headers)
    connection.close()

    deadline = threading.Event()
    for _attempt in range(1000):
        if storage.files() == []:
            break
        deadline.wait(0.02)

    assert storage.files() == []


def test_a_blob_and_a_folder_cannot_share_a_name(storage: Storage) -> None:
    _signed(storage, "PUT", f"/{ACCOUNT}/clouddp/a/b", body=b"x")
    _signed(storage, "PUT", f"/{ACCOUNT}/clouddp/c", body=b"x")

    for name in ("a", "c/d"):
        assert _signed(storage, "PUT", f"/{ACCOUNT}/clouddp/{name}", body=b"y")[:2] == (409, "PathConflict")
    assert len(storage.files()) == 2


def test_a_range_past_the_end_is_not_there(storage: Storage) -> None:
    _signed(storage, "PUT", f"/{ACCOUNT}/clouddp/a", body=b"hello")

    assert _signed(storage, "GET", f"/{ACCOUNT}/clouddp/a", x_ms_range="bytes=5-9")[:2] == (416, "InvalidRange")
    assert _signed(storage, "GET", f"/{ACCOUNT}/clouddp/a", x_ms_range="bytes=3-900")[::2] == (206, b"lo")
    assert _signed(storage, "GET", f"/{ACCOUNT}/clouddp/a", x_ms_range="lines=1-2")[::2] == (200, b"hello")


def test_a_client_that_goes_in_the_middle_is_nobody_to_answer_and_nothing_to_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    answers: list[Any] = []

    async def go(_request: BlobRequest) -> None:
        raise ClientGoneError

    async def send(message: Any) -> None:
        answers.append(message)

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    service = BlobService(OneAccount(), BlobOperations(tmp_path), now=lambda: datetime.now(UTC), gate=go)
    path = f"/{ACCOUNT}/clouddp/a"
    scope = {
        "type": "http",
        "method": "PUT",
        "raw_path": path.encode(),
        "path": path,
        "query_string": b"",
        "headers": [],
    }
    asyncio.run(service(scope, receive, send))

    assert answers == []
    assert caplog.records == []
