"""A service package is data of one file, found only in this fabric's own storage."""

import io
import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clouddp.fabric.blob_storage.blob_names import BlobPath
from clouddp.fabric.compute.service_package import (
    PACKAGE_LIMIT_BYTES,
    load_service_package,
    locate_package,
    read_service_package,
)
from clouddp.fabric.management.protocol_errors import ProtocolError
from tests.unit.fabric.builders import STORAGE_URL, package


def zipped(method: int = zipfile.ZIP_STORED, **files: bytes | str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        for name, content in files.items():
            file.writestr(name.replace("_", "."), content)
    return buffer.getvalue()


def test_a_package_names_a_role_and_its_version() -> None:
    read = read_service_package(package("DistributionPoint", 3))

    assert (read.role, read.version) == ("DistributionPoint", 3)
    deflated = zipped(zipfile.ZIP_DEFLATED, role_json='{"role": "A", "version": 1, "more": []}')
    assert read_service_package(deflated).role == "A"


WRONG = {
    "nothing": b"",
    "text": b"role.json",
    "half of one": package()[:-10],
    "one that begins before its first octet": package()[:-6] + b"\xff\x00\x00\x00" + package()[-2:],
    "another file": zipped(rule_json="{}"),
    "a file more": zipped(role_json='{"role": "A", "version": 1}', run_exe=b"MZ"),
    "no file": zipped(),
    "no JSON": zipped(role_json=b"\xff"),
    "a list": zipped(role_json="[]"),
    "JSON without end": zipped(role_json="[" * 60_000),
    "no version": zipped(role_json='{"role": "A"}'),
    "a version of text": zipped(role_json='{"role": "A", "version": "1"}'),
    "a version of truth": zipped(role_json='{"role": "A", "version": true}'),
    "a role of number": zipped(role_json='{"role": 1, "version": 1}'),
    "a bomb": zipped(zipfile.ZIP_DEFLATED, role_json=json.dumps({"role": "A", "version": 1}) + " " * 50_000_000),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_no_package_is_refused(wrong: str) -> None:
    with pytest.raises(ProtocolError, match="service package is not valid") as caught:
        read_service_package(WRONG[wrong])

    assert (caught.value.status, caught.value.code) == (400, "BadRequest")


@settings(max_examples=80, deadline=None)
@given(place=st.integers(0, 1_000), octet=st.integers(0, 255))
def test_no_damaged_octet_is_a_defect(place: int, octet: int) -> None:
    damaged = bytearray(package())
    damaged[place % len(damaged)] = octet

    try:
        read_service_package(bytes(damaged))
    except ProtocolError as error:
        assert error.code == "BadRequest"  # noqa: PT017 (both outcomes are right)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=100))
def test_no_octets_are_a_defect(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        read_service_package(data)


def test_a_file_that_is_missing_or_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(bytes(PACKAGE_LIMIT_BYTES + 1))

    with pytest.raises(ProtocolError, match="not found"):
        load_service_package(tmp_path / "missing")
    with pytest.raises(ProtocolError, match="not found"):
        load_service_package(tmp_path)
    with pytest.raises(ProtocolError, match="larger than"):
        load_service_package(tmp_path / "large")


@pytest.mark.parametrize("query", ["", "?sv=2020-01-01&sig=x"])
def test_a_blob_of_this_fabric_is_found(query: str) -> None:
    url = f"{STORAGE_URL}/store1/clouddp/package/1%20a.cspkg{query}"

    assert locate_package(url, STORAGE_URL) == BlobPath("store1", "clouddp", "package/1 a.cspkg")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "package",
        "https://[",
        "file:///etc/passwd",
        "https://store1.blob.core.windows.net/clouddp/1.cspkg",
        f"http{STORAGE_URL[5:]}/store1/clouddp/1.cspkg",
        f"{STORAGE_URL}.example.com/store1/clouddp/1.cspkg",
        f"https://user@{STORAGE_URL[8:]}/store1/clouddp/1.cspkg",
        STORAGE_URL,
        f"{STORAGE_URL}/store1",
        f"{STORAGE_URL}/store1/clouddp",
        f"{STORAGE_URL}/store1/clouddp/",
        f"{STORAGE_URL}/store1/../store2/1.cspkg",
        f"{STORAGE_URL}/store1/%2e%2e/store2/1.cspkg",
        f"{STORAGE_URL}/store1/clouddp/../1.cspkg",
        f"{STORAGE_URL}/store1/clouddp/%2e%2e/1.cspkg",
        f"{STORAGE_URL}/store1/clouddp/a//b",
        f"{STORAGE_URL}/store1/clouddp/a%00b",
        f"{STORAGE_URL}/store1/clouddp/{'a' * 300}",
        f"{STORAGE_URL}/STORE1/clouddp/1.cspkg",
    ],
)
def test_what_is_no_blob_of_this_fabric_is_refused(url: str) -> None:
    with pytest.raises(ProtocolError, match="package URL") as caught:
        locate_package(url, STORAGE_URL)

    assert caught.value.code == "BadRequest"


@settings(max_examples=80, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), st.booleans())
def test_no_address_is_a_defect(text: str, is_ours: bool) -> None:
    try:
        found = locate_package(f"{STORAGE_URL}/{text}" if is_ours else text, STORAGE_URL)
    except ProtocolError as error:
        assert error.code == "BadRequest"  # noqa: PT017 (both outcomes are right)
    else:
        assert ".." not in (found.account, found.container, *found.blob.split("/"))
