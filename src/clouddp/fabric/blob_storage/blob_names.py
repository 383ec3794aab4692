"""Names of accounts, containers and blobs, as they stand in a request's path."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

from clouddp.fabric.blob_storage.errors import BlobError

_ACCOUNT: Final = re.compile(r"[a-z0-9]{3,24}")
_CONTAINER: Final = re.compile(r"[a-z0-9](?:-?[a-z0-9]){2,62}|\$root|\$logs")
_LONGEST_CONTAINER: Final = 63
_LONGEST_BLOB: Final = 1_024  # characters
_LONGEST_SEGMENT: Final = 255  # bytes: what a file system takes


@dataclass(frozen=True, slots=True)
class BlobPath:
    """What a request is about; empty strings where the path ends earlier."""

    account: str
    container: str
    blob: str


def parse_path(raw_path: bytes) -> BlobPath:
    """Take the path of a path-style address apart; refuses what no resource can be called."""
    try:
        path = unquote_to_bytes(raw_path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise BlobError("InvalidUri") from error
    account, _, rest = path.removeprefix("/").partition("/")
    container, _, blob = rest.partition("/")
    if not _ACCOUNT.fullmatch(account):
        raise BlobError("InvalidUri")
    if container and (len(container) > _LONGEST_CONTAINER or not _CONTAINER.fullmatch(container)):
        raise BlobError("InvalidResourceName")
    if blob:
        check_blob_name(blob)
    return BlobPath(account, container, blob)


def check_blob_name(name: str) -> None:
    """Refuse a name that is no path inside the container's folder, or that XML cannot hold."""
    if len(name) > _LONGEST_BLOB or not all(_is_segment(segment) for segment in name.split("/")):
        raise BlobError("InvalidResourceName")


def _is_segment(segment: str) -> bool:
    return (
        segment not in ("", ".", "..")
        and len(segment.encode("utf-8")) <= _LONGEST_SEGMENT
        and "\\" not in segment
        and all(character == " " or character.isprintable() for character in segment)
    )
