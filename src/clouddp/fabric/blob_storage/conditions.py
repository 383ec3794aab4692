"""Conditional headers of the Blob service, decided."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from clouddp.fabric.blob_storage.errors import BlobError, NotModifiedError


def check_read_conditions(headers: Mapping[str, str], *, etag: str, modified_at: datetime) -> None:
    """Decide whether an existing blob is to be sent; raises 412 or 304."""
    _check_still_the_one(headers, etag, modified_at)
    none_match = headers.get("if-none-match")
    if none_match is not None:
        if _matches(none_match, etag):
            raise NotModifiedError
        return
    since = _moment(headers, "if-modified-since")
    if since is not None and modified_at <= since:
        raise NotModifiedError


def check_write_conditions(headers: Mapping[str, str], *, etag: str | None, modified_at: datetime | None) -> None:
    """Decide whether a blob may be written or removed; `etag` None: there is none yet."""
    if etag is None or modified_at is None:
        if headers.get("if-match") is not None:
            raise BlobError("ConditionNotMet")
        return
    _check_still_the_one(headers, etag, modified_at)
    none_match = headers.get("if-none-match")
    if none_match == "*":
        raise BlobError("BlobAlreadyExists")
    if none_match is not None and _matches(none_match, etag):
        raise BlobError("ConditionNotMet")
    since = _moment(headers, "if-modified-since")
    if since is not None and modified_at <= since:
        raise BlobError("ConditionNotMet")


def _check_still_the_one(headers: Mapping[str, str], etag: str, modified_at: datetime) -> None:
    match = headers.get("if-match")
    if match is not None and not _matches(match, etag):
        raise BlobError("ConditionNotMet")
    since = _moment(headers, "if-unmodified-since")
    if since is not None and modified_at > since:
        raise BlobError("ConditionNotMet")


def _matches(condition: str, etag: str) -> bool:
    wanted = {part.strip().strip('"') for part in condition.split(",")}
    return "*" in wanted or etag.strip('"') in wanted


def _moment(headers: Mapping[str, str], name: str) -> datetime | None:
    text = headers.get(name)
    if text is None:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except ValueError as error:
        raise BlobError("InvalidHeaderValue", HeaderName=name, HeaderValue=text) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
