"""The service package of a deployment: data that names a role, and nothing that runs."""

import io
import json
import lzma
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from clouddp.fabric.blob_storage.blob_names import BlobPath, parse_path
from clouddp.fabric.blob_storage.errors import BlobError
from clouddp.fabric.management.protocol_errors import ProtocolError, bad_request

PACKAGE_LIMIT_BYTES: Final = 1024 * 1024

_ROLE_FILE: Final = "role.json"
_UNREADABLE: Final = (  # what the library raises somewhere for a damaged file
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
)
_ROLE_FILE_LIMIT_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class ServicePackage:
    """The role that a package asks for, and the version of what it means."""

    role: str
    version: int


def locate_package(url: str, storage_url: str) -> BlobPath:
    """Find the blob that a package URL names; only this fabric's storage holds packages.

    Raises:
        ProtocolError: it is elsewhere, or no blob's URL.

    """
    try:
        given, storage = urlsplit(url), urlsplit(storage_url)
        path = parse_path(given.path.encode())
    except (ValueError, BlobError) as error:
        raise _elsewhere() from error
    if (given.scheme, given.netloc) != (storage.scheme, storage.netloc) or not path.blob:
        raise _elsewhere()
    return path


def _elsewhere() -> ProtocolError:
    return bad_request("The package URL must name a blob of a storage account of this subscription.")


def load_service_package(path: Path) -> ServicePackage:
    """Read the package in a file.

    Raises:
        ProtocolError: it is not there, or no package.

    """
    try:
        if path.stat().st_size > PACKAGE_LIMIT_BYTES:
            raise _invalid("it is larger than {} bytes", PACKAGE_LIMIT_BYTES)
        return read_service_package(path.read_bytes())
    except OSError as error:
        raise bad_request("The service package was not found at the package URL.") from error


def read_service_package(data: bytes) -> ServicePackage:
    """Read a package: a zip file that holds `role.json` alone.

    Raises:
        ProtocolError: it is something else.

    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            if package.namelist() != [_ROLE_FILE]:
                raise _invalid("it must hold {} alone", _ROLE_FILE)
            with package.open(_ROLE_FILE) as file:
                content = file.read(_ROLE_FILE_LIMIT_BYTES + 1)
    except _UNREADABLE as error:
        raise _invalid("it is not a zip file") from error
    return _read_role(content)


def _read_role(content: bytes) -> ServicePackage:
    if len(content) > _ROLE_FILE_LIMIT_BYTES:
        raise _invalid("{} is larger than {} bytes", _ROLE_FILE, _ROLE_FILE_LIMIT_BYTES)
    try:
        document: Any = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _invalid("{} is not JSON", _ROLE_FILE) from error
    role, version = (document.get("role"), document.get("version")) if isinstance(document, dict) else (None, None)
    if not isinstance(role, str) or not isinstance(version, int) or isinstance(version, bool):
        raise _invalid("{} must give role and version", _ROLE_FILE)
    return ServicePackage(role, version)


def _invalid(reason: str, *values: object) -> ProtocolError:
    return bad_request("The service package is not valid: {}.", reason.format(*values))
