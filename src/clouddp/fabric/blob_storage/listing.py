"""List Blobs: the names of a container in order, page by page."""

import base64
import binascii
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from clouddp.fabric.blob_storage.blob_names import BlobPath
from clouddp.fabric.blob_storage.errors import BlobError
from clouddp.fabric.blob_storage.files import BlobFiles, BlobVersion

_LONGEST_PAGE: Final = 5_000
_METADATA_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LAST: Final = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which names, and how many."""

    prefix: str
    delimiter: str
    after: str  # a name; "" = from the beginning
    limit: int
    with_metadata: bool = False


def parse_selection(query: Mapping[str, str]) -> Selection:
    """Read the parameters of List Blobs."""
    text = query.get("maxresults", str(_LONGEST_PAGE))
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise BlobError("OutOfRangeInput", QueryParameterName="maxresults", QueryParameterValue=text)
    return Selection(
        query.get("prefix", ""),
        query.get("delimiter", ""),
        _name_of(query.get("marker", "")),
        min(int(text), _LONGEST_PAGE),
        with_metadata="metadata" in query.get("include", "").split(","),
    )


def list_blobs(files: BlobFiles, path: BlobPath, selection: Selection, *, folder: Path, endpoint: str) -> bytes:
    """Write the page that the selection asks for."""
    entries: list[str] = []
    last, more = "", False
    for name, version in _entries(files, path, selection, folder):
        if len(entries) == selection.limit:
            more = True
            break
        entries.append(_prefix(name) if version is None else _blob(files, path, name, version, selection))
        last = name + _LAST if version is None else name
    marker = _marker_of(last) if more else ""
    return (
        '\ufeff<?xml version="1.0" encoding="utf-8"?>'
        f"<EnumerationResults ServiceEndpoint={quoteattr(endpoint)} ContainerName={quoteattr(path.container)}>"
        f"<Prefix>{escape(selection.prefix)}</Prefix>"
        f"<MaxResults>{selection.limit}</MaxResults>"
        f"<Delimiter>{escape(selection.delimiter)}</Delimiter>"
        f"<Blobs>{''.join(entries)}</Blobs><NextMarker>{marker}</NextMarker></EnumerationResults>"
    ).encode()


def _entries(
    files: BlobFiles, path: BlobPath, selection: Selection, folder: Path
) -> Iterator[tuple[str, BlobVersion | None]]:
    """Give each blob with its version, and each common prefix once with None."""
    group = ""
    for name in _names(folder, "", selection):
        cut = name.find(selection.delimiter, len(selection.prefix)) if selection.delimiter else -1
        if cut >= 0:
            found = name[: cut + len(selection.delimiter)]
            if found != group:
                group = found
                yield group, None
            continue
        version = files.find(BlobPath(path.account, path.container, name))
        if version is not None:
            yield name, version


def _names(folder: Path, above: str, selection: Selection) -> Iterator[str]:
    """Walk the folder in the order of full names, leaving out what the selection does."""
    try:
        with os.scandir(folder) as entries:
            found = sorted(f"{above}{entry.name}" + ("/" if entry.is_dir() else "") for entry in entries)
    except FileNotFoundError:
        return
    for name in found:
        if name.endswith("/"):
            is_wanted = name.startswith(selection.prefix) or selection.prefix.startswith(name)
            if is_wanted and name + _LAST > selection.after:
                yield from _names(folder / name[len(above) : -1], name, selection)
        elif name.startswith(selection.prefix) and name > selection.after:
            yield name


def _blob(files: BlobFiles, path: BlobPath, name: str, version: BlobVersion, selection: Selection) -> str:
    properties = files.properties.read(path.account, path.container, name, etag=version.etag)
    md5 = f"<Content-MD5>{properties.content_md5}</Content-MD5>" if properties.content_md5 else "<Content-MD5 />"
    return (
        f"<Blob><Name>{escape(name)}</Name><Properties>"
        f"<Last-Modified>{http_date(version.modified_at)}</Last-Modified>"
        f"<Etag>{version.etag.strip(chr(34))}</Etag><Content-Length>{version.length}</Content-Length>"
        f"<Content-Type>{escape(properties.content_type)}</Content-Type>{md5}"
        "<BlobType>BlockBlob</BlobType><LeaseStatus>unlocked</LeaseStatus><LeaseState>available</LeaseState>"
        f"</Properties>{_metadata(properties.metadata) if selection.with_metadata else ''}</Blob>"
    )


def _metadata(metadata: Mapping[str, str]) -> str:
    """Write metadata, whose names came as parts of header names and may not be names in XML."""
    named = {name: value for name, value in metadata.items() if _METADATA_NAME.fullmatch(name)}
    return f"<Metadata>{''.join(f'<{name}>{escape(value)}</{name}>' for name, value in named.items())}</Metadata>"


def _prefix(name: str) -> str:
    return f"<BlobPrefix><Name>{escape(name)}</Name></BlobPrefix>"


def http_date(moment: datetime) -> str:
    """Write a time as HTTP headers have it."""
    return format_datetime(moment, usegmt=True)


def _marker_of(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode("ascii")


def _name_of(marker: str) -> str:
    try:
        return base64.b64decode(marker, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise BlobError("OutOfRangeInput", QueryParameterName="marker", QueryParameterValue=marker) from error
